/* SPDX-License-Identifier: Apache-2.0 */
#include "author/toolchain.h"
#include "base/error.h"

static const char *const names[] = {"clang-14", "clang-15", "clang-16", "clang-17", "clang-18", "clang-19", "clang", NULL};

int toolchain_find(const struct build *b, char **ret, cordon_error **err)
{
    int rc = tool_look(b, names, ret, err);
    return rc < 0 || *ret ? rc : toolchain_lacks(NULL, TOOLCHAIN_CLANG, err);
}

int toolchain_run(const struct toolchain *t, const char **argv, const char *what, cordon_error **err)
{
    argv[0] = t->clang;
    const struct tool tool = {.argv = argv, .what = what};
    int status, rc = tool_status(t->build, &tool, &status, err);
    if (rc < 0 || status == 0)
        return rc;
    rc = toolchain_missing(t, err);
    return rc < 0 ? rc : tool_failed(&tool, status, err);
}
