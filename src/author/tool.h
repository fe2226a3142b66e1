/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of a toolchain: found, and run. In the sandbox for scripts (tool_box.c) they have no network, nothing of the caller's environment and home, and of the files the
 * system's programs, the project and a scratch folder, which alone they can write. Fetching, and a build whose author wants no sandbox, run with the caller's rights
 * (tool_plain.c).
 */
#pragma once
#include "base/buf.h"
#include <cordon/error.h>
#include <stdbool.h>

struct build;

enum tool_may { TOOL_READ = 1, TOOL_WRITE = 2, TOOL_EXECUTE = 4, TOOL_SYMLINK = 8 };
/* A folder or file that a program may use besides the project, the scratch folder and the system's own. */
struct tool_root { const char *path; unsigned may; };

enum { TOOL_ROOTS_MAX = 8, TOOL_WORDS_MAX = 256 << 10, TOOL_OUT_MAX = 1 << 20, TOOL_FILE_MAX = 512 << 20 /* bytes of each file that it writes */ };

struct tool {
    const char *const *argv;                 /* argv[0] absolute; ends with NULL */
    const char *const *env;                  /* NAME=VALUE, ends with NULL, on top of PATH, LC_ALL, HOME and TMPDIR (both the scratch folder); NULL: none */
    const char *folder;                      /* where it works; NULL: the project */
    const char *what;                        /* begins the error: "cannot compile skill.c" */
    struct tool_root roots[TOOL_ROOTS_MAX];  /* those with a path */
    struct buf *out;                         /* gets its stdout, and nothing of stderr; NULL: both go to the author */
};

/* Looks for the first of `names` in /usr/bin, /usr/local/bin and the absolute folders of PATH, in this order, each name in all of them before the next. *ret is NULL if there is
 * none. The caller frees. */
int tool_look(const struct build *b, const char *const *names, char **ret, cordon_error **err);
/* The same; else MISSING_TOOL, with Debian's packages and the command that installs them. */
int tool_find(const struct build *b, const char *const *names, const char *packages, char **ret, cordon_error **err);
/* Runs it and waits for its end. 0 if it ended well; else BUILD_FAILED, "WHAT: ...". */
int tool_run(struct build *b, const struct tool *t, cordon_error **err);
/* The same, and its end is the caller's to judge: *ret_status as of waitpid. */
int tool_status(struct build *b, const struct tool *t, int *ret_status, cordon_error **err);
/* BUILD_FAILED for that end of it. */
int tool_failed(const struct tool *t, int status, cordon_error **err);
/* With the caller's rights, environment and network, in `folder`: for fetching alone. */
int tool_fetch(struct build *b, const struct tool *t, cordon_error **err);

/* ---- tool_plain.c ---- */
int tool_plain(struct build *b, const struct tool *t, char *const *env, int *ret_status, cordon_error **err);

/* ---- tool_box.c ---- */
struct tool_box {
    char *folder, *supervisor;   /* owned: of the script that starts a tool, and the program that confines it; NULL: not opened yet */
};
int tool_box_run(struct build *b, const struct tool *t, int *ret_status, cordon_error **err);
void tool_box_finish(struct tool_box *box);
