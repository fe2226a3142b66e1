/* SPDX-License-Identifier: Apache-2.0
 * Rust: an ordinary project of cargo, built with crates that its Cargo.lock pins and that were fetched before. */
#pragma once
#include "author/lang.h"

#define RUST_TARGET "wasm32-unknown-unknown"
#define RUST_TARGET_WASI "wasm32-wasip2"
#define RUST_LOCK "Cargo.lock"
#define RUST_CRATES ".crates"   /* a name that no bundle takes along */

/* ---- rust_lock.c ---- */
/* Looks at a Cargo.lock: crates of crates.io, by version and hash, and such as lie in the project. Appends {"name", "version", "checksum"} for each that is fetched. BAD_MANIFEST, with
 * the place. */
int rust_lock_check(const char *file, const char *text, size_t len, json_t *items, cordon_error **err);
/* A project of cargo that needs these and nothing else: nothing but names, versions and hashes of theirs gets to cargo while it has a network. The callers free. */
int rust_lock_manifest(const json_t *items, char **ret_manifest, char **ret_lock, cordon_error **err);

/* ---- rust_tools.c ---- */
struct rust {
    char *home;          /* "/usr", or where rustup keeps a toolchain: bin/rustc, bin/cargo, lib/rustlib */
    char *rustc, *cargo;
    char *linker;        /* wasm-ld; NULL: the toolchain has one of its own */
    char *host_linker;   /* for build scripts and macros: a linker that needs no chmod, which the sandbox refuses; NULL: none was found */
    char *version;       /* what rustc says of itself, in lines */
    const char *target;  /* static: what it compiles for */
    bool has_library;    /* compiled for that target; else only its source is there */
};
/* One that can compile for WebAssembly. MISSING_TOOL says what to install. */
int rust_find(struct build *b, struct rust *ret, cordon_error **err);
/* Only cargo, for fetching. */
int rust_find_cargo(struct build *b, char **ret, cordon_error **err);
void rust_finish(struct rust *r);
/* The variable by which gcc takes `host_linker` for its own. */
int rust_linker(const struct build *b, const struct rust *r, char **ret, cordon_error **err);
/* "--jobs=N": what fits the memory and processes that a tool may have, however many processors there are. */
const char *rust_jobs(char ret[24]);
/* A text as printf makes it; *ret is NULL on failure. */
int rust_text(char **ret, cordon_error **err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- rust_library.c ---- */
/* Rust's library for RUST_TARGET, compiled from the source that the toolchain has, once for each compiler; *ret is a sysroot. Nothing of a project takes part in it. */
int rust_library(struct build *b, const struct rust *r, char **ret, cordon_error **err);
