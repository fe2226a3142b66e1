/* SPDX-License-Identifier: Apache-2.0
 * C: the *.c of the folder, with bindings that the helper makes, compiled by clang against wasi-libc. */
#include "author/bindings.h"
#include "author/compile.h"
#include "author/lang.h"
#include "author/sources.h"
#include "author/toolchain.h"
#include "base/cleanup.h"
#include "base/error.h"

static bool is_it(int fd) { return sources_any(fd); }

static const enum build_made made_of[] = {[COMPILE_SKILL] = BUILD_CORE, [COMPILE_COMMAND] = BUILD_COMMAND, [COMPILE_BLUFIO] = BUILD_BLUFIO};

static int make(struct build *b, cordon_error **err)
{
    cleanup(sources_finish) struct sources sources = {0};
    cleanup(bindings_finish) struct bindings bindings = {0};
    cleanup_free char *clang = NULL;
    enum compile_made made;
    int rc = sources_list(b->dir, &sources, err);
    if (rc < 0 || (rc = toolchain_find(b, &clang, err)) < 0 || (rc = bindings_make(b->helper, &b->wit, b->scratch, &bindings, err)) < 0)
        return rc;
    const struct toolchain t = {.clang = clang, .build = b};
    if ((rc = compile_core(&t, &sources, &bindings, b->wit.is_own, &made, err)) < 0)
        return rc;
    b->made = made_of[made];
    return 0;
}

const struct lang lang_c = {.name = "c", .words = "C", .is_it = is_it, .make = make};
