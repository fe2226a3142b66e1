/* SPDX-License-Identifier: Apache-2.0
 *
 * From a stranger's bytes to code that may be loaded: sniff, the helper process, the cache. This room knows no Wasmtime; what the helper does with the bytes is
 * handed in by the composing room (a table of struct code_job_row).
 *
 * Everything that looks into a stranger's bytes beyond their first 16 runs in the helper.
 */
#pragma once
#include "base/buf.h"
#include "child/landlock.h"
#include <cordon/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { CODE_COMPONENT_MAX = 64 << 20, CODE_TEXT_MAX = 4 << 20, CODE_META_MAX = 4 << 20, CODE_BODY_MAX = 512 << 20 /* native code of one artifact */, CODE_DIGEST_LEN = 32 };

/* ---- sniff.c: pure ---- */
enum code_kind { CODE_EMPTY, CODE_COMPONENT, CODE_CORE_MODULE, CODE_TEXT, CODE_PRECOMPILED, CODE_JSON /* begins as an object does: a stub, if anything */, CODE_OTHER };
enum code_kind code_sniff(const uint8_t *bytes, size_t len);

/* ---- stub.c: pure ---- */
enum { CODE_STUB_MAX = (1 << 20) - 1 };
/* The body of a stub, `{"boternity_wasm_stub": true, "version": 1, "body": TEXT}`, which stands where a skill comes without code: a copy of it, empty if there is none.
 * BAD_ARTIFACT for any other JSON, TOO_LARGE. */
int code_stub_body(const uint8_t *bytes, size_t len, char **ret, size_t *ret_len, cordon_error **err);

/* ---- jobs: what the helper can be asked to do ---- */
enum code_job { CODE_JOB_COMPILE, CODE_JOB_BINDINGS, CODE_JOB_COMPONENTIZE, CODE_JOB_UNPACK, CODE_JOB_COUNT };
/* One row per job. `arg` is a short text (the tier for COMPILE, the world for BINDINGS, ...). Fills `meta` (JSON text) and/or `body`. Runs in the helper, after it locked itself in. */
typedef int code_job_fn(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err);

/* What such a job wants loaded before the helper locks itself in; it sees nothing of the stranger's. */
typedef int code_prepare_fn(cordon_error **err);
struct code_job_row { code_job_fn *run; code_prepare_fn *prepare; /* NULL: nothing */ };

struct code_bounds { uint64_t memory_bytes; unsigned cpu_s, wall_s; };

/* ---- helper.c: runs one job in a fresh helper process (posix_spawn). Blocks. At most one per core at once over the process; others queue. ---- */
struct helper;   /* path, bounds, the queue */
int helper_new(const char *path, const struct code_bounds *bounds, struct helper **ret, cordon_error **err);
void helper_free(struct helper *h);
/* On success meta is NUL-terminated JSON (owned by the caller) and *ret_body_fd a sealed memfd with the body (or -1 if empty). Errors of the job come through with their code,
 * message, hint and causes; its death is COMPILE_LIMIT saying which bound was hit, an err_pass where the machine or a limit of this process may have
 * been the reason. */
int helper_run(struct helper *h, enum code_job job, const char *arg, const uint8_t *in, size_t len, char **ret_meta, int *ret_body_fd, uint64_t *ret_body_len, cordon_error **err);
/* The other side: main() of the helper. `jobs` has a function for each enum code_job. */
int helper_main(int argc, char **argv, const struct code_job_row jobs[CODE_JOB_COUNT]);

/* ---- helper_process.c ---- */
/* Its path, as of child_find. */
int helper_find(const char *given, char **ret, cordon_error **err);

/* ---- cache.c: compiled code on disk ---- */
struct cache;
struct cache_entry {
    int fd;               /* open, read-only; the code is bytes [0, code_len) of it */
    uint64_t code_len;
    char *meta;           /* NUL-terminated JSON */
    uint8_t digest[CODE_DIGEST_LEN];   /* BLAKE2b-256 of the artifact's bytes */
};
void cache_entry_finish(struct cache_entry *e);
/* `dir` absolute. Checks and makes it (0700, ours, no parent others can write; sticky excepted): UNSAFE_PATH names the command that mends it. `engine_id`: version, settings and CPU features of the
 * engine, part of every key. */
int cache_open(const char *dir, struct cache **ret, cordon_error **err);
void cache_close(struct cache *c);
/* The helper's bounds now in force: a remembered COMPILE_LIMIT is given again only under those it was met with. Before the first use; none set are all zero. */
void cache_set_bounds(struct cache *c, const struct code_bounds *bounds);
/* 1: found, checked, open; 0: not there (or damaged: then removed); <0: error, also a remembered refusal, given again as the error it was. */
int cache_get(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], struct cache_entry *ret, cordon_error **err);
/* Stores whole or not at all (temporary file, fsync not needed for a cache, rename); two processes may store the same entry at once. Takes nothing; body_fd stays the caller's. *ret is as from cache_get. */
int cache_put(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], const char *meta, int body_fd, uint64_t body_len,
              struct cache_entry *ret, cordon_error **err);
/* Remembers that these bytes were refused, and why. Only what is the artifact's own fault (category "artifact", not err_pass); of anything else nothing is kept. */
int cache_put_refusal(struct cache *c, const char *engine_id, const uint8_t digest[CODE_DIGEST_LEN], const cordon_error *why, cordon_error **err);
/* The digest of the file with this identity, if it is remembered. False: it has to be read. */
bool cache_known_digest(struct cache *c, const struct stat *st, uint8_t ret[CODE_DIGEST_LEN]);
/* Remembers what was read from `fd`. `before` is its identity before the first byte; nothing is kept if that is another now, or changed too lately to be told from the next. */
void cache_remember_digest(struct cache *c, int fd, const struct stat *before, const uint8_t digest[CODE_DIGEST_LEN]);
/* Removes least recently used entries until at most max_bytes are left. */
int cache_trim(struct cache *c, uint64_t max_bytes, cordon_error **err);

/* ---- lockdown.c: seccomp and Landlock ---- */
/* For the helper: no network, no exec, no new files at all. */
int lockdown_helper(cordon_error **err);
/* What a process that is locked in may still do for its guests. */
enum lockdown_need { LOCKDOWN_READS = 1 /* files */, LOCKDOWN_WRITES = 2, LOCKDOWN_NET = 4 /* sockets of IPv4 and IPv6 */, LOCKDOWN_KEEPS = 8 /* a database that is open */ };
struct lockdown {
    unsigned needs;              /* set of enum lockdown_need */
    struct landlock_rules reach; /* the folders it may still touch, and the ports it may connect to */
};
/* For cordon_lock_in. */
int lockdown_run(const struct lockdown *what, const char **ret_missing, cordon_error **err);
