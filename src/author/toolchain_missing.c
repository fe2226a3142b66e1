/* SPDX-License-Identifier: Apache-2.0
 * Which part of the toolchain is not installed. Asked only when clang has failed; it says itself what it would link, and with what. */
#include "author/toolchain.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 << 10, VERSION_MAX = 4 };
static const char usual_version[] = "14";

/* Copies the digits at `at`; false if there are none, or too many for a version. */
static bool copy_version(const char *at, char ret[VERSION_MAX])
{
    size_t n = 0;
    while (isdigit((unsigned char)at[n]))
        n++;
    if (n == 0 || n >= VERSION_MAX)
        return false;
    memcpy(ret, at, n);
    ret[n] = '\0';
    return true;
}

/* Debian's packages carry the major version, and so does where clang really lies: /usr/lib/llvm-14/bin/clang. */
static void find_version(const char *clang, char ret[VERSION_MAX])
{
    char real[PATH_MAX];
    const char *folder = clang && realpath(clang, real) ? strstr(real, "/llvm-") : NULL;
    const char *dash = clang ? strrchr(clang, '-') : NULL;
    if (folder && copy_version(folder + strlen("/llvm-"), ret))
        return;
    if (!dash || !copy_version(dash + 1, ret))
        strcpy(ret, usual_version);
}

int toolchain_lacks(const char *clang, enum toolchain_part part, cordon_error **err)
{
    static const struct { const char *name, *package, *after_version; } parts[] = {
        [TOOLCHAIN_CLANG] = {"clang", "clang-", ""},
        [TOOLCHAIN_LINKER] = {"wasm-ld", "lld-", ""},
        [TOOLCHAIN_LIBC] = {"the C library for WebAssembly", "wasi-libc", NULL},
        [TOOLCHAIN_RUNTIME] = {"clang's runtime library for WebAssembly", "libclang-rt-", "-dev-wasm32"},
    };
    char v[VERSION_MAX], package[64];
    find_version(clang, v);
    const char *after = parts[part].after_version;
    snprintf(package, sizeof package, "%s%s%s", parts[part].package, after ? v : "", after ? after : "");
    err_set(err, CORDON_E_MISSING_TOOL, package, "%s is not installed (Debian package %s)", parts[part].name, package);
    return err_hint(err, "apt-get install clang-%s lld-%s wasi-libc libclang-rt-%s-dev-wasm32", v, v, v);
}

/* The last line of `clang -###`: the linker's command, each word in quotes. */
static char *link_line(char *answer)
{
    size_t len = strlen(answer);
    if (len && answer[len - 1] == '\n')
        answer[len - 1] = '\0';
    char *newline = strrchr(answer, '\n');
    return newline ? newline + 1 : answer;
}

/* Its words are on stderr: the shell turns them around. */
static int ask(const struct toolchain *t, struct buf *ret, cordon_error **err)
{
    const char *argv[] = {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", t->clang, TOOLCHAIN_TARGET, "-mexec-model=reactor", "-###", "-x", "c", "/dev/null", NULL};
    const struct tool tool = {.argv = argv, .what = "cannot ask clang", .out = ret};
    int status;
    return tool_status(t->build, &tool, &status, err);
}

/* Cuts the word that ends in `name` out of the line; NULL if there is none. */
static char *word_with(char *line, const char *name)
{
    char *end = strstr(line, name);
    if (!end)
        return NULL;
    end += strlen(name);
    *end = '\0';
    char *quote = strrchr(line, '"');
    return quote ? quote + 1 : line;
}

int toolchain_missing(const struct toolchain *t, cordon_error **err)
{
    cleanup(buf_finish) struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    int rc = ask(t, &answer, err);
    if (rc < 0 || !answer.data)
        return rc;
    char *line = link_line(answer.data);
    if (!strstr(line, "wasm-ld"))
        return 0;
    /* A name without a path is one that clang did not find. */
    if (strncmp(line, " \"/", 3) != 0)
        return toolchain_lacks(t->clang, TOOLCHAIN_LINKER, err);
    if (!strstr(line, "/crt1-reactor.o\""))
        return toolchain_lacks(t->clang, TOOLCHAIN_LIBC, err);
    const char *builtins = word_with(line, "libclang_rt.builtins-wasm32.a");
    return builtins && access(builtins, R_OK) < 0 ? toolchain_lacks(t->clang, TOOLCHAIN_RUNTIME, err) : 0;
}
