/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share: the objects behind the public handles. */
#pragma once
#include "base/id.h"
#include "code/code.h"
#include "engine/call.h"
#include "manifest/manifest.h"
#include "script/script.h"
#include "settings/settings.h"
#include "audit/audit.h"
#include <cordon/cordon.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/queue.h>

struct cordon_host_opts {
    unsigned workers, sandboxes;
    char *cache_dir, *helper, *supervisor, *home; /* owned or NULL */
    bool scripts_as_root, scripts_without_landlock;
    bool audit;                                   /* an audit is kept */
    uint64_t audit_keep, audit_rows;              /* how long: seconds and rows, SETTINGS_FOREVER for no bound */
    struct code_bounds bounds;
    uint64_t ceiling[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT], deflt[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT];
    uint64_t cache_max;
    struct settings_egress egress;
    struct settings settings;                     /* where the values are from; a setter called later wins over it */
    char *settings_file[SETTINGS_FROM_COUNT];     /* owned: where each was looked for, or NULL; a host keeps the user's alone, as its real path */
    bool settings_read[SETTINGS_FROM_COUNT];      /* it was there */
    struct own_set own;                           /* the program's host functions */
};

/* A started asynchronous call: the public handle, and its place in the queue of what is to be delivered. */
struct cordon_call {
    _Atomic uint32_t refs;
    cordon_host *host;
    struct call *call;                            /* a reference */
    cordon_done_fn *done;
    void *data;
    cordon_outcome *outcome;
    cordon_error *err;
    struct cordon_call *next;                     /* in `finished` */
    LIST_ENTRY(cordon_call) started;
};
LIST_HEAD(started_calls, cordon_call);

/* Something for the program that waits to be dispatched. */
struct asked {
    void (*run)(struct asked *a);
    union { struct host_op *op; struct { struct question *question; cordon_ask_fn *ask; void *data; }; struct log_news *news; };
    struct asked *next;
};

struct cordon_host {
    struct cordon_host_opts opts;
    struct sched *sched;
    struct helper *helper;
    struct id_source ids;
    pthread_mutex_t lock;                         /* of what loading changes; no call takes it */
    struct cache *cache;                          /* opened when first needed */
    struct engine *_Atomic engines[CORDON_TIER_COUNT];
    struct shim_runtime *_Atomic runtime;
    struct pool *io;                              /* threads for work that blocks */
    struct gateway *gateway;                      /* made when first needed */
    struct audit *_Atomic audit;                  /* opened with the first call, where one is kept */
    _Atomic uint64_t audit_missed;                /* calls that have no row since it cannot be opened */
    cordon_error *audit_why;                      /* why it cannot be opened, and when it is tried again; under the lock */
    uint64_t audit_again_ns;
    _Atomic uint32_t lingering;
    _Atomic(struct cordon_call *) finished;       /* a stack; dispatch turns it around */
    _Atomic(struct asked *) asked;                /* likewise */
    _Atomic bool signalled;                       /* event_fd has been written and not yet read */
    int event_fd, poll_fd;
    _Atomic uint64_t calls_started, calls_ended, skills;
    pthread_mutex_t started_lock;
    struct started_calls started;                 /* from cordon_request_start to their delivery */
    bool closing;                                 /* being freed: nothing may be started */
    _Atomic bool locked_in;                       /* the process is: it reads no registry any more */
};

struct cordon_skill {
    _Atomic uint32_t refs;
    cordon_host *host;
    char *name;                                   /* owned; UTF-8 without control characters */
    enum cordon_tier tier;
    struct component *component;
    struct pool_share *io;                        /* its share of the host's threads for work that blocks */
    struct gateway_scope *_Atomic net;            /* its place at the gateway; made with the first request, for skills that can ask for the network */
    json_t *meta;                                 /* what the helper said of the artifact */
    bool docs_laid;                               /* its docs are on the component's types; under the host's lock */
    char digest[80];                              /* "sha256:..." */
    uint64_t size_bytes, code_bytes;
    struct installed *installed;                  /* owned; not NULL: a handle for what is installed, which has nothing but host and name (installed.h) */
    struct manifest *manifest;                    /* owned: of the folder that it was loaded from; NULL: there was none */
};

struct cordon_request {
    cordon_skill *skill;                          /* a reference: the one whose code is called */
    struct call_spec *spec;
    cordon_skill *front;                          /* a reference: the handle of what is installed; NULL: an artifact, and so are all below */
    struct said *said;                            /* a reference: what the registry says */
    uint64_t gen;                                 /* of which number of the registry that is */
    struct powers *own;                           /* owned: what the program gave; NULL: nothing */
    bool limited[CORDON_LIMIT_COUNT];             /* limits that the program set */
};

/* ---- build.c ---- */
/* Where what is made once for all projects of a language lies, beside the compiled code. The caller frees. */
int build_cache(const cordon_host *h, char **ret, cordon_error **err);

/* ---- host.c ---- */
void host_opts_init(cordon_host_opts *o);
/* Where the default of a limit is from, for messages. Static storage. */
const char *host_default_origin(const cordon_host *h, enum cordon_tier tier, enum cordon_limit limit);
/* The engine that runs skills of `tier`, made when first asked for. */
int host_engine(cordon_host *h, enum cordon_tier tier, struct engine **ret, cordon_error **err);
int host_helper(cordon_host *h, struct helper **ret, cordon_error **err);
int host_cache(cordon_host *h, struct cache **ret, cordon_error **err);
/* The timer runtime of WASI, started with the first call that can wait. */
int host_runtime(cordon_host *h, cordon_error **err);
void host_env(cordon_host *h, struct call_env *ret);
/* Lists a call that is about to be started. Errors: USAGE while the host is being freed. Any thread. */
int host_list(cordon_host *h, struct cordon_call *c, cordon_error **err);
/* Queues a finished call for dispatch. Any thread. */
void host_deliver(cordon_host *h, struct cordon_call *c);

/* Makes the descriptor readable. Any thread. */
void host_signal(cordon_host *h);

/* Has `a` (malloc'd, taken) run when the program dispatches. Any thread. */
void host_ask(cordon_host *h, struct asked *a);
/* Runs what waits; returns how many. */
size_t host_asked_dispatch(cordon_host *h);

/* The gateway, made when first asked for. */
int host_gateway(cordon_host *h, struct gateway **ret, cordon_error **err);

/* ---- outcome_api.c: parts of the JSON object ---- */
json_t *outcome_usage_json(const uint64_t *usage);
/* Appends ,"output":…,"output_kind":… */
void outcome_add_output(struct buf *b, const cordon_outcome *o);

/* ---- audit.c: no cost where none is kept ---- */
/* For the requests of a host; all zero where no audit is kept. */
struct call_auditor audit_of(cordon_host *h);
/* Opens it, and makes what is missing. Errors as of audit_new. */
int host_audit(cordon_host *h, struct audit **ret, cordon_error **err);
/* The process is about to lock itself in: opened now, or not at all. */
int audit_lock_in(cordon_host *h, const char *skill, const struct powers *powers, bool *ret_there, cordon_error **err);
/* Before a call is made: one that may do something outside is refused while its audit cannot be kept. */
int audit_admit(cordon_host *h, const char *skill, const struct powers *powers, cordon_error **err);
/* What a request is given has changed. */
void audit_forget_input(struct call_spec *s);
void audit_note_args(struct call_spec *s, const char *json, size_t len);
/* A local script: that it has started is on disk when this returns. */
int audit_script_started(const struct cordon_script *s, const char *id, cordon_error **err);
void audit_script_ended(const struct cordon_script *s, const char *id, unsigned used, const struct cordon_outcome *o, const cordon_error *why);
/* Writes what is left. */
void host_audit_close(cordon_host *h);

/* ---- skill.c ---- */
/* Its place at the gateway, borrowed; NULL for one that imports nothing of the network. */
int skill_net(cordon_skill *s, struct gateway_scope **ret, cordon_error **err);
void skill_ref(cordon_skill *s);
/* One whose bytes the registry knows: by BLAKE2b-256, as the cache does, and by SHA-256, which what the cache says of them has to agree with. The file at `path` is read only
 * where the cache has no code of it (NULL: it is gone). DAMAGED: it is another. */
int skill_load_kept(cordon_host *h, const char *name, enum cordon_tier tier, const char *path, const uint8_t digest[CODE_DIGEST_LEN], const uint8_t sha256[32], cordon_skill **ret,
                    cordon_error **err);
/* A skill that runs no code and answers `text` (copied, UTF-8), whatever it is asked. `kind` is what its description calls it: "stub", "prompt". */
int skill_new_text(cordon_host *h, const char *name, enum cordon_tier tier, const char *text, size_t len, const char *kind, cordon_skill **ret, cordon_error **err);

/* From an open file, which is taken; `path` is for messages. */
int skill_load_fd(cordon_host *h, const char *name, const char *path, int fd, enum cordon_tier tier, cordon_skill **ret, cordon_error **err);

/* ---- skill_folder.c ---- */
/* From a SKILL.md alone: a prompt. */
int skill_load_markdown(cordon_host *h, const char *path, const void *bytes, size_t len, enum cordon_tier tier, cordon_skill **ret, cordon_error **err);
void skill_manifest_free(struct manifest *m); /* NULL allowed */
/* The text of the manifest `file` ("skill.toml") of a skill that was loaded otherwise; either may be NULL: it has none. Nor has it one
 * that cannot be read. */
int skill_take_manifest(cordon_skill *s, const char *file, const char *text, cordon_error **err);
/* A limit of its calls before anybody sets one: the manifest's, cut to the ceiling, else the tier's default. */
struct skill_limit {
    uint64_t value;
    uint64_t wanted;                              /* what the manifest says, above the ceiling; 0: it was not cut */
    const char *origin;                           /* static */
};
struct skill_limit skill_limit(const cordon_skill *s, enum cordon_limit limit);

/* ---- request_grants.c ---- */
/* Adds a grant, as cordon_request_allow reads it, to powers that nobody else holds. */
int grants_allow(const cordon_host *h, struct powers *p, const char *skill, const char *grant, cordon_error **err);

/* Reads a grant as the operator writes it. */
int grants_read(const char *text, struct grant *ret, cordon_error **err);
/* Is the folder of this one (GRANT_FILES) there, and one that may be granted? Notes which folder it is. USAGE. */
int grants_check_folder(const cordon_host *h, struct grant *g, cordon_error **err);
/* Which folder that is, for the registry; NULL: it was not noted. */
enum { GRANT_FOLDER_TEXT = 48 };
const char *grants_folder_text(const struct grant *g, char ret[GRANT_FOLDER_TEXT]);
/* And back; NULL: nobody knows. DAMAGED. */
int grants_folder_read(const char *text, struct grant *g, cordon_error **err);
/* NOT_ASKED: no call of `skill` could use that grant. */
int grants_refuse_unasked(const char *skill, const char *grant, cordon_error **err);
/* Adds it with what comes with it: the folder, opened, or the variable's value. Takes the grant on success. */
int grants_give(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err);

/* Grants a variable with a value. */
int grants_set_env(struct powers *p, const char *skill, const char *name, const char *value, cordon_error **err);

/* ---- request.c ---- */
/* BAD_LIMIT for 0 and above the tier's ceiling of this host. */
int host_check_limit(const cordon_host *h, enum cordon_tier tier, enum cordon_limit limit, uint64_t value, cordon_error **err);
/* Makes the request's spec its own alone, so that it may be changed. */
int request_writable(cordon_request *r, cordon_error **err);
/* NULL without memory. */
struct call_spec *request_spec_copy(const struct call_spec *from);
/* Do its arguments fit its export still? */
int request_spec_check(struct call_spec *s, cordon_error **err);

/* ---- places.c ---- */
enum { PLACES_MAX = 6 };
/* What no grant may reach: where Cordon keeps its data, its compiled code, its settings. */
struct places {
    struct file_place place[PLACES_MAX];
    char *path[PLACES_MAX];                       /* owned */
    size_t n;
};
int places_find(const cordon_host_opts *o, struct places *ret, cordon_error **err);
void places_finish(struct places *p);

/* ---- host.c ---- */
/* Where compiled code is kept; the caller frees. USAGE: there is no such place. */
int host_cache_dir(const cordon_host_opts *o, char **ret, cordon_error **err);

/* ---- outcome_api.c ---- */
const char *outcome_level_name(enum log_level level); /* static */

/* ---- doctor_settings.c ---- */
/* {"files": [{"path", "read"}], "values": [{"key", "value", "from": a path, "shipped" or "program", "line": number or null}]} */
json_t *doctor_settings(const cordon_host_opts *o);

/* ---- jobs.c: what the helper can do ---- */
extern const struct code_job_row cordon_jobs[CODE_JOB_COUNT];
