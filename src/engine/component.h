/* SPDX-License-Identifier: Apache-2.0
 *
 * A component, loaded: deserialized from checked code, every import compared with what is offered, every export typed, linked once so that a call only instantiates.
 * Immutable after load; reference counted, because calls outlive skills.
 *
 * A text stands in for one where a skill runs no code (a stub, a prompt): it has `execute` as a skill has, which answers the text.
 */
#pragma once
#include "engine/engine.h"
#include "engine/imports.h"
#include "engine/own_calls.h"
#include "sched/admission.h"
#include "wit/type.h"
#include <cordon/error.h>

enum {
    COMPONENT_EXPORTS_MAX = 1000, COMPONENT_IMPORTS_MAX = 1000,
    COMPONENT_ITEMS_MAX = 2000,   /* exports of any kind and what its exported interfaces hold; likewise imports. The C API walks to the n-th, so reading them takes the square */
};

struct component_import {
    char *name;            /* owned; "wasi:cli/environment@0.2.6" */
    const char *asks;      /* grant kind its use can ask for, or NULL */
    bool wasi;
};

struct component_export {
    struct wit_func func;  /* its name in full: "execute", "docs:adder/add@0.1.0#add"; empty types if `why_not` is about them */
    char *why_not;         /* owned: why it cannot be called, or NULL */
    bool is_command;       /* wasi:cli/run */
    enum shim_shape shape; /* how it is called */
    unsigned dearness;     /* of its result (carry.h) */
    wasmtime_component_export_index_t *index;
};

struct component {
    _Atomic uint32_t refs;
    char *text;             /* owned; not NULL: it is no component, this is its answer, and what is of Wasmtime below is NULL */
    size_t text_len;
    struct engine *engine;
    wasmtime_component_t *wasm;
    struct shim_pre *pre;
    struct shim_resources resources;
    struct admission_share share;
    struct admission_need need;
    bool waits;             /* imports something that can suspend */
    bool is_skill_world;    /* `execute` has the skill world's type */
    bool is_blufio;         /* it was made of a module of the blufio ABI: `run` is what it exports */
    struct component_import *imports;
    size_t n_imports;
    struct import_asks host_asks;   /* of the functions it imports from the skill world's host */
    struct component_own *own;      /* functions of the embedding program that it imports */
    size_t n_own;
    struct component_export *exports;
    size_t n_exports;
};

/* `fd` holds the code, checked by the cache; it is read through /proc/self/fd, so nothing can take its place. Borrowed. `blufio`: the helper made it of a module of
 * that ABI. Errors: UNKNOWN_IMPORT, BAD_SIGNATURE, TOO_LARGE,
 * UNSUPPORTED_FEATURE, BAD_ARTIFACT, NO_RESOURCES. */
int component_load(struct engine *e, int fd, bool blufio, struct component **ret, cordon_error **err);
/* What stands in for a component, in text.c. `text` is UTF-8, and copied. */
int component_of_text(const char *text, size_t len, struct component **ret, cordon_error **err);
void component_ref(struct component *c);
void component_unref(struct component *c);  /* NULL allowed */

/* The export that `name` means, in full or shortened; NULL name: execute, else wasi:cli/run, else the only callable one. NO_SUCH_EXPORT lists what there is; NOT_CALLABLE. */
int component_find(const struct component *c, const char *name, const struct component_export **ret, cordon_error **err);
