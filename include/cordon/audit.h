/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit: a row for each call of a host that keeps one, chained with a key so that a row that was removed, edited,
 * put in or moved is found.
 *
 * It lies in Cordon's home (cordon/keep.h says where that is): audit.db, audit.key and audit.head. Nothing that a guest
 * may do outside its sandbox (the network, files, variables, secrets, memories, the program's own functions) begins
 * before it is on disk that its call has started. The rows of calls follow within 100 ms of their end; a killed process
 * loses those of its last 100 ms, but never that a call with an effect had started. docs/internals/audit.md says what
 * the chain is worth.
 */
#ifndef CORDON_AUDIT_H
#define CORDON_AUDIT_H

#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether hosts made of these options keep an audit; default: no, at no cost. It is opened with the first call. While it
 *  cannot be opened or written, calls whose request has grants are refused (its error, such as UNSAFE_PATH, IO or
 *  DAMAGED), and no operation with an effect begins; calls without grants run, and how many rows are missing becomes a
 *  row. */
CORDON_API void cordon_host_opts_set_audit(cordon_host_opts *opts, bool keep);
/** How long rows are kept, in seconds (from 3,600 on), and how many (from 100 on); 0: without that bound, the default of
 *  both. Errors: USAGE. */
CORDON_API int cordon_host_opts_set_audit_keep(cordon_host_opts *opts, uint64_t seconds, uint64_t rows,
                                               cordon_error **err);

/** Waits until the rows of all calls that have ended are on disk; freeing the host does so too, but cannot tell. Errors
 *  say why they are not: UNSAFE_PATH, DAMAGED, NEWER_HOME, TOO_LARGE (the disk is full), MISSING_TOOL (SQLite), IO. */
CORDON_API int cordon_audit_flush(cordon_host *host, cordon_error **err);

/** What is known of calls of `skill` and for `bot` (NULL: of any), newest first, at most `limit` (1 to 10,000). One JSON
 *  object: `cordon` (1), `rows`, each with `seq`, `kind`, `invocation_id`, `skill_name`, `skill_version`, `trust_tier`,
 *  `capabilities_used` (an array), `input_hash`, `output_hash` (SHA-256), `fuel_consumed`, `memory_peak_bytes`,
 *  `duration_ms`, `success`, `error`, `timestamp` (RFC 3339, when it began), `bot_id`, `outcome` and `denials`, each null
 *  where it has none. A call that began and has no end has the outcome "unfinished": it runs, or was killed. `home` as of
 *  cordon/keep.h. The caller frees with cordon_free. Errors: USAGE, UNSAFE_PATH, DAMAGED, NEWER_HOME, MISSING_TOOL, IO. */
CORDON_API int cordon_audit_query(const char *home, const char *skill, const char *bot, uint32_t limit, char **ret_json,
                                  cordon_error **err);
/** Whether the chain holds, against its key, audit.head and, if it is not NULL, a `head` ("N:HASH") that was noted
 *  elsewhere. One JSON object: `cordon` (1), `ok`, `rows`, `pruned` (rows behind the checkpoint), `gaps` (rows that tell
 *  that others are missing), `head` (to be noted; null if there is no audit), `findings`, each with `fault`, `first`,
 *  `last` (numbers of rows) and `message`, at most 100 of `findings_total`. The caller frees with cordon_free. Reads all
 *  rows. Errors: as of cordon_audit_query; DAMAGED also if the key is gone. */
CORDON_API int cordon_audit_verify(const char *home, const char *head, bool *ret_ok, char **ret_json,
                                   cordon_error **err);
/** Removes the rows beyond what the options keep, behind a checkpoint. A host does so by itself, now and then. *ret_n is
 *  how many went. Errors: as of cordon_audit_flush. */
CORDON_API int cordon_audit_prune(const cordon_host_opts *opts, uint64_t *ret_n, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
