/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit on disk:
 *
 *     HOME/audit.db      the rows (SQLite, WAL)
 *     HOME/audit.key     the key of the chain
 *     HOME/audit.head    how far it goes
 *
 * Several processes append to one chain: each batch is a transaction that begins with the row that is the last then. Blocks; one thread at a time.
 */
#pragma once
#include "audit/head.h"
#include "audit/record.h"
#include "keep/db.h"

enum { AUDIT_PATIENCE_S = 5, AUDIT_QUERY_MAX = 10000 };

struct audit_store {
    struct home home;
    struct db db;
    uint8_t *key;                 /* locked memory */
    int head_fd;
    sqlite3_stmt *insert, *last;  /* prepared once */
    bool durable;                 /* what a commit waits for, now */
};

/* Opens it and makes what is missing. *ret stays where it is. UNSAFE_PATH, DAMAGED, NEWER_HOME, MISSING_TOOL, IO. */
int audit_store_make(const char *home, struct audit_store *ret, cordon_error **err);
/* For reading: 1: open; 0: there is none. The key is read only if `keyed`. */
int audit_store_open(const char *home, bool keyed, struct audit_store *ret, cordon_error **err);
void audit_store_close(struct audit_store *s);
/* From here on each wait ends after so many seconds. */
void audit_store_patience(struct audit_store *s, unsigned seconds);

/* The process is about to lock itself in: SQLite, all of it in this process, asks for a file's size in the one way that is left then. */
void audit_store_confine(struct audit_store *s);

/* All or none, in one transaction; then the head. `durable`: it outlives a loss of power. */
int audit_store_append(struct audit_store *s, const struct audit_record *first, bool durable, cordon_error **err);

/* How long rows are kept; 0: without that bound. */
struct audit_keep { uint64_t ms, rows; };
/* Removes what is beyond it, at most `max` rows, and leaves a checkpoint. *ret_n is how many went. */
int audit_store_prune(struct audit_store *s, const struct audit_keep *keep, uint64_t max, uint64_t *ret_n, cordon_error **err);

/* The row at hand of a statement that selects AUDIT_SELECT. Texts live until the next step. False: it holds what no row can. *ret_seal is NULL where there is none. */
#define AUDIT_SELECT                                                                                                                       \
    "seq, kind, invocation_id, skill_name, skill_version, trust_tier, capabilities_used, input_hash, output_hash, fuel_consumed, "          \
    "memory_peak_bytes, duration_ms, success, error, timestamp, bot_id, outcome, denials, link, seal"
bool audit_store_row(struct audit_store *s, sqlite3_stmt *at, struct audit_row *ret, const uint8_t **ret_seal);
/* The last row: number and link; 0 and zeros for none. */
int audit_store_last(struct audit_store *s, struct audit_head *ret_link, cordon_error **err);
int audit_store_insert(struct audit_store *s, const struct audit_row *r, const uint8_t *seal, cordon_error **err);
