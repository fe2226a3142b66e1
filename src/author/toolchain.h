/* SPDX-License-Identifier: Apache-2.0
 * clang: found, run, and what it lacks when it fails. */
#pragma once
#include "author/hold.h"
#include <cordon/error.h>

#define TOOLCHAIN_TARGET "--target=wasm32-wasi"

/* Runs argv[0], which may read `scratch` and write in it, with its words to `said_fd` (-1: nowhere). 0 and *ret_status as of waitpid. */
typedef int toolchain_spawn_fn(void *data, const char *scratch, const char *const *argv, int said_fd, int *ret_status, cordon_error **err);

struct toolchain {
    char *clang;               /* absolute */
    const char *scratch;       /* for its temporary files */
    const struct hold *hold;   /* when to stop */
    int log_fd;                /* where its words go; -1: nowhere */
    toolchain_spawn_fn *spawn; /* NULL: as a child of this process, with its rights */
    void *spawn_data;
};

/* Looks in `folders` (joined by ":"; NULL: /usr/bin, /usr/local/bin, then the absolute ones of PATH). Else MISSING_TOOL. The caller frees *ret. */
int toolchain_find(const char *folders, char **ret, cordon_error **err);
/* Runs clang with `argv` (argv[0] is filled in) and waits for its end. 0 if it ended well; else BUILD_FAILED, "WHAT: ...". */
int toolchain_run(const struct toolchain *t, const char **argv, const char *what, cordon_error **err);

/* For this room: runs clang with its words to `said_fd` (-1: nowhere). 0 and *ret_status as of waitpid. */
int toolchain_spawn(const struct toolchain *t, const char **argv, int said_fd, int *ret_status, cordon_error **err);

/* ---- toolchain_missing.c ---- */
enum toolchain_part { TOOLCHAIN_CLANG, TOOLCHAIN_LINKER, TOOLCHAIN_LIBC, TOOLCHAIN_RUNTIME };
/* MISSING_TOOL, with Debian's packages for the version of `clang` (NULL: there is none). */
int toolchain_lacks(const char *clang, enum toolchain_part part, cordon_error **err);
/* After a failure: MISSING_TOOL if a part of the toolchain is not there, else 0. */
int toolchain_missing(const struct toolchain *t, cordon_error **err);
