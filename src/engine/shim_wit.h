/* SPDX-License-Identifier: Apache-2.0
 *
 * WIT work of the engine crate (engine/src/wit.rs): bindings, components out of core modules, what a component says of itself.
 *
 * For the helper process only: the input may be hostile, and the libraries below can panic, recurse deeply, or take long and much memory on it.
 * Every function returns 0, or -1 for an error, or -2 for a panic that was caught ("panic: …"). On success *ret is set, on failure *err (NULL: not
 * wanted) gets one line of UTF-8 without control characters, at most 4 KiB, causes joined by ": ". The other of the two is left untouched.
 * Free both with shim_bytes_free. Nothing is kept between calls; any thread.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* data[len] is a NUL that len does not count. */
struct shim_bytes {
    uint8_t *data;
    size_t len;
};

void shim_bytes_free(struct shim_bytes b); /* data NULL allowed */

/*
 * Doc comments of a binary component as JSON:
 *
 *   {"functions": {"<export>": {"docs": "…", "params": {"<name>": NODE}, "result": NODE}},
 *    "imports": [{"name": "wasi:cli/environment@0.2.6", "docs": "…"}], "world_docs": "…"}
 *
 * <export> is a function's name, or INTERFACE#FUNCTION in full. NODE runs parallel to a type, aliases resolved:
 *
 *   {"docs": "…", "members": {"<name>": {"docs": "…", "type": NODE}}, "elem": NODE, "err": NODE}
 *
 * members: fields, cases, flags, names of an enum; a tuple's elements as "0", "1", …. elem: of a list, an option, a result's ok. err: a result's.
 * A type's docs are its own, else those of the type it is an alias of. Every key is absent where nothing is below it, a function too;
 * "functions" and "imports" are always there. Ceilings: 4,096 nodes a function, depth 32, 4 KiB a text, 1 MiB of JSON; what is beyond is left out.
 * Texts are a stranger's: valid UTF-8, nothing else is promised of them.
 */
int shim_wit_describe(const uint8_t *component, size_t len, struct shim_bytes *ret_json, struct shim_bytes *err);

/* The WIT of a binary component (or WIT package) as text, doc comments included. The length is the caller's to bound. */
int shim_wit_print(const uint8_t *component, size_t len, struct shim_bytes *ret_text, struct shim_bytes *err);

/*
 * C bindings of a world as JSON: {"world": "ns:package/name", "files": {"skill_plugin.h": "…", "skill_plugin.c": "…"}}. The files have the world's name
 * in snake case.
 *
 * `sources` is JSON, an array of [PACKAGE, PATH, TEXT], one for each WIT file: PACKAGE is "" for the files of the main package, else any name that the files
 * of one dependency share; PATH is only told in errors. The world is the main package's only one. Sizes are the caller's to bound.
 * The .c is complete: nothing but a skill that includes the .h is needed beside it.
 */
int shim_wit_bindings_c(const uint8_t *sources, size_t sources_len, struct shim_bytes *ret_json, struct shim_bytes *err);

/*
 * A component made of a core module that implements the world of `sources` (as above) and validated. Imports of wasi_snapshot_preview1 become WASI 0.2;
 * the adapter for that stays out if there are none. The world's doc comments are kept, in custom sections.
 */
int shim_wit_componentize(const uint8_t *core_module, size_t len, const uint8_t *sources, size_t sources_len, struct shim_bytes *ret_component,
                          struct shim_bytes *err);

/*
 * A component made of what another toolchain made: a component, or a core module that carries its own component type. Validated; compared with the world of
 * `sources` (error "it does not fit the world"); without custom sections, but for the world's doc comments.
 */
int shim_wit_finish(const uint8_t *made, size_t len, const uint8_t *sources, size_t sources_len, struct shim_bytes *ret_component, struct shim_bytes *err);

/* The name of the world of `sources`: ns:package/name. */
int shim_wit_world(const uint8_t *sources, size_t sources_len, struct shim_bytes *ret_name, struct shim_bytes *err);

/* A core module of wasi_snapshot_preview1 that exports `_start` made a command component (wasi:cli/run). */
int shim_wit_command(const uint8_t *core_module, size_t len, struct shim_bytes *ret_component, struct shim_bytes *err);

/*
 * A core module of the blufio ABI made a component that exports `run` and imports from cordon:blufio/host what it uses (engine/src/wit/blufio.wit); imports of
 * wasi_snapshot_preview1 become WASI 0.2. A start section becomes a part of the instantiation that follows it. Errors hold "of another type" (of `run` or of
 * an import), "does not exist" or "does not offer" (an import); any other is about the module.
 */
int shim_wit_blufio(const uint8_t *core_module, size_t len, struct shim_bytes *ret_component, struct shim_bytes *err);

/*
 * {"imports": [["<module>", "<name>", KIND]], "exports": [["<name>", KIND]]} of a core module, KIND one of func, table, memory, global, tag.
 * Parsed, not validated. More than 10,000 of either is an error; a name over 256 bytes is cut and ends in "…".
 */
int shim_wit_core_info(const uint8_t *core_module, size_t len, struct shim_bytes *ret_json, struct shim_bytes *err);
