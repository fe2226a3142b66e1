/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains: the answer of each link is the input of the next. A link is a request or a local script, called once, with the
 * grants and limits that it has of its own; nothing that one link may do is lent to another.
 *
 *     cordon_chain_new, cordon_chain_add …, cordon_chain_set_input
 *     cordon_chain_run                       or, to run the links oneself (asynchronously, or to cancel one):
 *     while (cordon_chain_next(…) == 1) { run what it gives; cordon_chain_ended(…); }
 *     cordon_chain_outcome, _failure, _usage, _json
 *
 * What a skill that is not local answers never becomes the input of a local script, unless the operator has said so
 * (cordon_chain_allow_script_input).
 *
 * One thread at a time for one chain; a chain runs once.
 */
#ifndef CORDON_CHAIN_H
#define CORDON_CHAIN_H

#include <cordon/call.h>
#include <cordon/script.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A chain. */
typedef struct cordon_chain cordon_chain;

/** How many links a chain has at most. */
enum { CORDON_CHAIN_MAX = 16 };

/** A chain without links. The caller frees it, before the host. */
CORDON_API int cordon_chain_new(cordon_host *host, cordon_chain **ret, cordon_error **err);
/** With its links. NULL allowed. */
CORDON_API void cordon_chain_free(cordon_chain *chain);

/** Lets what a link that is not local answered be the input of a local script, for all links added after it. Only the
 *  operator says so. */
CORDON_API void cordon_chain_allow_script_input(cordon_chain *chain);
/** Appends a call. On success the request is the chain's, which sets its input. Errors: USAGE (CORDON_CHAIN_MAX links, or
 *  it has begun). */
CORDON_API int cordon_chain_add(cordon_chain *chain, cordon_request *req, cordon_error **err);
/** Appends a run of a local script, which is then the chain's. Errors: as above; NOT_GRANTED (the link before it is not
 *  local, and nobody allowed that). */
CORDON_API int cordon_chain_add_script(cordon_chain *chain, cordon_script *script, cordon_error **err);
/** The input of the first link, copied; without it that is called with none. Errors: USAGE (it has begun). */
CORDON_API int cordon_chain_set_input(cordon_chain *chain, const void *input, size_t len, cordon_error **err);

/** Runs all of it, blocking, as cordon_request_run and cordon_script_run do. 0: every link that was started has ended, the
 *  last of them as cordon_chain_outcome says; one that ended otherwise than ok is the last. Errors: those of starting a
 *  link, behind "skill chain failed at position I (skill 'NAME'): ", positions from 0; NOT_GRANTED (above); USAGE (a chain
 *  without links). */
CORDON_API int cordon_chain_run(cordon_chain *chain, cordon_error **err);

/** 1: the next link is to be run, and has its input: *ret_req or *ret_script is it, the other is NULL; both stay the
 *  chain's. 0: the chain is over. Errors as of cordon_chain_run, which end the chain. */
CORDON_API int cordon_chain_next(cordon_chain *chain, cordon_request **ret_req, cordon_script **ret_script,
                                 cordon_error **err);
/** How the link that cordon_chain_next gave has ended. Takes the outcome. */
CORDON_API int cordon_chain_ended(cordon_chain *chain, cordon_outcome *outcome, cordon_error **err);
/** The link that is next, or that cordon_chain_next gave, could not be made or started: ends the chain. `name` is what it
 *  is called. Takes `why`, which becomes *err with the position before it; its code is returned. */
CORDON_API int cordon_chain_give_up(cordon_chain *chain, const char *name, cordon_error *why, cordon_error **err);

/** How the last link that ended has ended: the chain's answer, if it was the last of all and ok. NULL: none has. The
 *  chain's. */
CORDON_API const cordon_outcome *cordon_chain_outcome(const cordon_chain *chain);
/** "skill chain failed at position I (skill 'NAME')", escaped; NULL if it did not. Lives as long as the chain. */
CORDON_API const char *cordon_chain_failure(const cordon_chain *chain);
/** What all links used: sums, but for the peak of memory, which is the highest of any, since none holds its memory while
 *  another runs; fuel is exact if each is. 0 outside the enum. */
CORDON_API uint64_t cordon_chain_usage(const cordon_chain *chain, enum cordon_usage what);
/** The chain as the one-line JSON object of `cordon chain --json`: `cordon` (1), `outcome` (the last link's, or
 *  not-started), `output`, `output_kind`, `position` (of a failure, else null), `error` (null, or `id`, `message`, `hint`),
 *  `links` (the object of each that ended or failed), `usage`. Freed by the caller with cordon_free. */
CORDON_API int cordon_chain_json(const cordon_chain *chain, char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
