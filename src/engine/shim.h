/* SPDX-License-Identifier: Apache-2.0
 *
 * What engine/src/ (Rust) adds to Wasmtime's C API. Every function catches panics; none unwinds into C. Functions that can fail return 0, -1 (an error, its text in *err)
 * or -2 (a panic below, its text in *err). `err` may be NULL.
 */
#pragma once
#include "shim_wit.h" /* struct shim_bytes */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasmtime.h>

/* ---- engines ---- */
const char *shim_engine_version(void);
struct shim_engine_settings {
    const char *const *features;   /* what guests may use, as shim_feature_name names it */
    size_t n_features;
    uint32_t sandboxes;            /* 0: a compiler only, without a pool */
    uint32_t core_instances, memories, tables;
    size_t max_memory_bytes, max_table_elements;
    uint32_t max_core_instances_per_component, max_memories_per_component, max_tables_per_component;
    bool signals;
};
int shim_engine_new(const struct shim_engine_settings *s, wasm_engine_t **ret, struct shim_bytes *err);
/*
 * Compiles a component that is valid with these features and no others. The engine itself may have more: what Wasmtime makes between nested components
 * takes several memories in a module. For the helper process only.
 */
int shim_component_new(const wasm_engine_t *e, const char *const *features, size_t n_features, const uint8_t *bytes, size_t len,
                       wasmtime_component_t **ret, struct shim_bytes *err);
/* The n-th feature this version of Wasmtime knows; data is NULL past the last. */
struct shim_bytes shim_feature_name(size_t n);
/* Version, settings, target and CPU features: differs whenever compiled code could not be shared. */
int shim_engine_identity(const wasm_engine_t *e, struct shim_bytes *ret, struct shim_bytes *err);

struct shim_resources {
    uint32_t memories, tables;
    uint64_t max_initial_memory_bytes, max_initial_table_elements;
};
int shim_component_resources(const wasmtime_component_t *c, struct shim_resources *ret, struct shim_bytes *err);

/* ---- numbers ---- */
enum { SHIM_FLOAT_ROOM = 32 };
/* The shortest text that reads back as the same float (as the same f32, if `narrow`), with a point or an exponent in it, without a NUL; its length. `number` is finite. */
size_t shim_float_text(double number, bool narrow, char ret[SHIM_FLOAT_ROOM]);

/* ---- WASI ---- */
int shim_linker_add_wasi(wasmtime_component_linker_t *linker, struct shim_bytes *err);
struct shim_runtime;
int shim_runtime_new(struct shim_runtime **ret, struct shim_bytes *err);
void shim_runtime_delete(struct shim_runtime *rt);

/* ---- files of granted folders ---- */
enum { SHIM_MAY_READ = 1, SHIM_MAY_WRITE = 2 };
struct shim_root {
    const char *guest;             /* path as the guest sees it: absolute, no dot segments */
    int fd;
    unsigned access;               /* set of SHIM_MAY_* */
};
struct shim_file_stat {
    uint64_t dev, ino, links, size;
    int64_t seconds[3];            /* accessed, modified, changed */
    uint32_t nanoseconds[3], mode;
};
enum shim_open {
    SHIM_OPEN_READ = 1, SHIM_OPEN_WRITE = 2, SHIM_OPEN_CREATE = 4, SHIM_OPEN_EXCLUSIVE = 8, SHIM_OPEN_TRUNCATE = 16, SHIM_OPEN_FOLDER = 32, SHIM_OPEN_FOLLOW = 64,
};
struct shim_files {
    void *data;                    /* counted: what goes on off the guest's thread holds it */
    void (*hold)(void *data), (*release)(void *data);
    const struct shim_root *roots; /* live as long as `data` */
    size_t n_roots;
    /* Has `run(arg)` called on a thread that may block, or else, after `forget`, `drop(arg)`. -errno: neither will be. *ret_job is given up with `forget`, once. */
    int (*off)(void *data, void (*run)(void *arg), void (*drop)(void *arg), void *arg, void **ret_job);
    void (*forget)(void *job);
    /* These block. `folder` is a descriptor of the root or of a folder beneath it. -errno on failure. */
    int (*open)(void *data, size_t root, int folder, const char *path, unsigned how);
    int (*look)(void *data, size_t root, int folder, const char *path, bool follow, struct shim_file_stat *ret);
    int (*list)(int folder, uint8_t *buf, size_t size); /* as file_list */
    int (*make_folder)(void *data, size_t root, int folder, const char *path);
    int (*remove)(void *data, size_t root, int folder, const char *path, bool is_folder);
    int (*rename)(void *data, size_t root, int folder, const char *path, size_t to, int to_folder, const char *to_path);
};

/* ---- one call ---- */
struct shim_pre;
int shim_pre_new(const wasmtime_component_linker_t *linker, const wasmtime_component_t *component, struct shim_pre **ret, struct shim_bytes *err);
void shim_pre_delete(struct shim_pre *pre);

/* ---- wasi:http: one exchange is one request and its answer ---- */
struct shim_http_field { const uint8_t *name; size_t name_len; const uint8_t *value; size_t value_len; };
struct shim_http_request {
    const uint8_t *method;
    size_t method_len;
    const uint8_t *url;
    size_t url_len;
    const struct shim_http_field *fields;
    size_t n_fields;
    bool has_body;              /* it comes through shim_exchange_more */
    int64_t body_len;           /* negative: not known */
};
enum shim_http_end {
    SHIM_HTTP_OK, SHIM_HTTP_DENIED, SHIM_HTTP_BAD_REQUEST, SHIM_HTTP_NO_NAME, SHIM_HTTP_NO_CONNECTION, SHIM_HTTP_TLS, SHIM_HTTP_TOO_LARGE, SHIM_HTTP_DEADLINE,
    SHIM_HTTP_PROTOCOL, SHIM_HTTP_NO_RESOURCES,
};
struct shim_exchange;
/* From one thread at a time; in this order, the last one exactly once. */
void shim_exchange_head(struct shim_exchange *ex, unsigned status, const struct shim_http_field *fields, size_t n);
bool shim_exchange_body(struct shim_exchange *ex, const uint8_t *bytes, size_t len);  /* true: enough, http_resume will come */
long shim_exchange_more(struct shim_exchange *ex, void *buf, size_t cap);             /* 0: that was all; -1: http_resume will come; -2: given up */
void shim_exchange_done(struct shim_exchange *ex, enum shim_http_end end);

/* Called on the guest's fiber stack but where it says otherwise: they check, copy and return. */
struct shim_hooks {
    void *data;   /* also wasmtime_context_get_data of the store */
    /* At each epoch tick: 0 go on, 1 yield, 2 end the guest here. */
    int (*tick)(void *data);
    /* stdout (1) or stderr (2). Not 0: end the guest here. */
    int (*wrote)(void *data, int stream, const uint8_t *bytes, size_t len);
    /* WASI refused `capability` for `wanted`; not_offered: no grant could change it. Neither text is NUL-terminated. */
    void (*denied)(void *data, const char *capability, size_t capability_len, const char *wanted, size_t wanted_len, int not_offered);
    /* A host call carried `bytes`. Not 0: end the guest here. */
    int (*carried)(void *data, uint64_t bytes);
    /* How many bytes host calls may still carry. */
    uint64_t (*carry_room)(void *data);
    /* Sends a request: a handle, and from then on the exchange is the host's to end; or NULL and why not. */
    void *(*http_send)(void *data, const struct shim_http_request *r, struct shim_exchange *ex, enum shim_http_end *ret_end);
    /* Any thread: the exchange goes on receiving (1) or sending (2). */
    void (*http_resume)(void *handle, unsigned directions);
    /* Any thread: it is not wanted any more, and the handle is given up. */
    void (*http_drop)(void *handle);
};

struct shim_wasi_settings {
    uint64_t clock_step_ns;
    const uint8_t *stdin_bytes;    /* outlive the sandbox, as do the arguments */
    size_t stdin_len;
    const char *const *args;       /* argv, the name first */
    size_t n_args;
    const char *const *env;        /* NAME, VALUE, NAME, ...: n_env pairs */
    size_t n_env;
    const struct shim_files *files; /* NULL: no folder was granted */
};

struct shim_sandbox_opts {
    struct shim_hooks hooks;
    uint64_t fuel;
    size_t memory_bytes, table_elements;
    size_t hostcall_bytes;         /* one host call or one answer may carry from the guest */
    size_t max_handles, max_instances, max_memories, max_tables;
    struct shim_wasi_settings wasi;
};

enum shim_shape {
    SHIM_DYNAMIC, SHIM_STRING_TO_STRING, SHIM_STRING_TO_BYTES, SHIM_STRING_TO_RESULT, SHIM_STRING_TO_BYTES_RESULT,
    SHIM_BYTES_TO_STRING, SHIM_BYTES_TO_BYTES, SHIM_BYTES_TO_RESULT, SHIM_BYTES_TO_BYTES_RESULT
};

struct shim_answer { bool is_err; struct shim_bytes bytes; };

/* All of it is borrowed until the call is over. */
struct shim_invocation {
    const struct shim_pre *pre;
    const wasmtime_component_export_index_t *export;
    enum shim_shape shape;
    const wasmtime_component_val_t *args;      /* SHIM_DYNAMIC */
    size_t n_args;
    wasmtime_component_val_t *results;         /* each set to kind bool before */
    size_t n_results;
    const uint8_t *input;                      /* other shapes; UTF-8 for STRING_* */
    size_t input_len;
    struct shim_answer *answer;
};

/* First member of what wakes a task. `hold` and `release` count references: a waker may outlive its call. */
struct shim_wake_target {
    void (*hold)(const struct shim_wake_target *);
    void (*release)(const struct shim_wake_target *);
    void (*wake)(const struct shim_wake_target *);
};

struct shim_sandbox;
int shim_sandbox_new(const wasm_engine_t *engine, const struct shim_sandbox_opts *opts, struct shim_sandbox **ret, struct shim_bytes *err);
/* Once per sandbox: makes the future that instantiates and calls. Nothing of the guest runs yet. */
void shim_sandbox_start(struct shim_sandbox *sb, struct shim_invocation inv);
/* 1: over (see shim_sandbox_error); 0: pending, `target` will be woken; -2: a panic below. `rt` may be NULL for components without WASI. */
int shim_sandbox_poll(struct shim_sandbox *sb, const struct shim_wake_target *target, const struct shim_runtime *rt, struct shim_bytes *err);
/* Ends a suspended call. */
void shim_sandbox_drop_work(struct shim_sandbox *sb, const struct shim_runtime *rt);
/* The error that ended the call, owned by the caller; NULL if it ended well. */
wasmtime_error_t *shim_sandbox_error(struct shim_sandbox *sb);

enum shim_refused { SHIM_REFUSED_NOTHING, SHIM_REFUSED_BYTES, SHIM_REFUSED_ELEMENTS };
struct shim_usage {
    uint64_t fuel_left;
    size_t memory_peak_bytes;
    uint8_t refused;            /* enum shim_refused: what the first growth that was not permitted wanted too much of */
};
struct shim_usage shim_sandbox_usage(struct shim_sandbox *sb);
/* Counts host memory kept for the call whose hook or host function is running on this thread into its sum; false: over its limit. */
bool shim_charge(size_t bytes);
/* Takes back what shim_charge has counted. */
void shim_give_back(size_t bytes);
/* How much could still be charged. */
size_t shim_room(void);

struct shim_ending {
    bool failed;
    int trap_code;              /* wasmtime_trap_code_t, or -1 */
    int exit_status;            /* what a command handed to wasi:cli/exit, or -1 */
    bool carried_too_much;      /* over shim_sandbox_opts.hostcall_bytes */
    struct shim_bytes message;  /* the innermost cause; owned by the caller */
};
struct shim_ending shim_sandbox_ending(const struct shim_sandbox *sb);
/* NULL allowed. */
void shim_sandbox_delete(struct shim_sandbox *sb, const struct shim_runtime *rt);
