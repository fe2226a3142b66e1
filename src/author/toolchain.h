/* SPDX-License-Identifier: Apache-2.0
 * clang: found, run, and what it lacks when it fails. */
#pragma once
#include "author/lang.h"

#define TOOLCHAIN_TARGET "--target=wasm32-wasi"

struct toolchain {
    const char *clang;         /* absolute */
    struct build *build;
};

/* Else MISSING_TOOL. The caller frees *ret. */
int toolchain_find(const struct build *b, char **ret, cordon_error **err);
/* Runs clang with `argv` (argv[0] is filled in) and waits for its end. 0 if it ended well; else BUILD_FAILED, "WHAT: ...". */
int toolchain_run(const struct toolchain *t, const char **argv, const char *what, cordon_error **err);

/* ---- toolchain_missing.c ---- */
enum toolchain_part { TOOLCHAIN_CLANG, TOOLCHAIN_LINKER, TOOLCHAIN_LIBC, TOOLCHAIN_RUNTIME };
/* MISSING_TOOL, with Debian's packages for the version of `clang` (NULL: there is none). */
int toolchain_lacks(const char *clang, enum toolchain_part part, cordon_error **err);
/* After a failure: MISSING_TOOL if a part of the toolchain is not there, else 0. */
int toolchain_missing(const struct toolchain *t, cordon_error **err);
