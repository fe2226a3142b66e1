/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing skills: new projects, components from source (C only, so far), and cases for a test.
 */
#ifndef CORDON_AUTHOR_H
#define CORDON_AUTHOR_H

#include <cordon/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What cordon_new makes. */
enum cordon_template {
    CORDON_TEMPLATE_C,       /**< a skill in C with a typed function and a world of its own */
    CORDON_TEMPLATE_C_SKILL, /**< a skill in C of the skill world: text in, text out */
    CORDON_TEMPLATE_C_BLUFIO,/**< a core module of the blufio ABI, in C */
    CORDON_TEMPLATE_PROMPT,  /**< a SKILL.md of type prompt: no code */
    CORDON_TEMPLATE_COUNT
};
/** Makes the project `name` in the folder `in` ("." for the working directory): a new folder of that name with source,
 *  manifest, WIT, a README, cases for a test and their answers, whole or not at all. What it makes builds and runs as it stands. A
 *  name is letters, digits, hyphens and underscores, of a prompt lower-case letters, digits and hyphens, at most 128.
 *
 *  *ret_json is an object: `name`, `what` (in words), `files` (their paths in the folder), `next` (commands to go on with);
 *  the caller frees it with cordon_free. Any thread; blocks. Errors: USAGE (the name; something of that name is there
 *  already, which is left alone), IO. */
CORDON_API int cordon_new(const char *in, const char *name, enum cordon_template which, char **ret_json,
                          cordon_error **err);

/** Reads the cases of the project in the folder `dir`: tests/CASE.toml, at most 1,000 of 64 KiB, in the order of their names, each
 *  with its snapshot, tests/CASE.out. Runs nothing. man cordon-test has the keys.
 *
 *  *ret_json is an array of objects: `name`, `expect` (the name of an outcome, or "not-started"), and where the case has
 *  them `export`, `input`, `args` (JSON as text), `argv` (texts), `files` (each with `guest` and `path`: absolute, and in the
 *  project), `env` (texts by name), `output` (any value), `contains`, `error`, `fuel` and `memory` (texts), `snapshot` (the text
 *  of that file). The caller frees it with cordon_free. Any thread; blocks. Errors: NOT_FOUND (no case), BAD_MANIFEST (FILE:LINE:COLUMN,
 *  what is expected there), TOO_LARGE, IO. */
CORDON_API int cordon_cases_read(const char *dir, char **ret_json, cordon_error **err);

/** Builds the C skill in the folder `dir` into a component: its *.c files, and in `wit/` one world, or none: then it is
 *  the skill world, or a core module of the blufio ABI if a source includes "blufio.h" (which is given), or a command if
 *  no source includes either header. The component goes to `out_path` (NULL:
 *  `dir`/<the folder's name>.wasm), whole or not at all.
 *
 *  Needs clang, wasm-ld and wasi-libc, which run with the caller's rights, on the caller's sources; their messages go
 *  to the descriptor `log_fd` (-1: nowhere). Bindings and component are made in the helper (`helper_path`, as for
 *  cordon_host_opts_set_helper; NULL: the default). SIGINT, SIGTERM and SIGHUP, where they would end the process, are
 *  held back on the calling thread until nothing is left behind.
 *
 *  *ret_json is an object: `output`, `size_bytes`, `world`, `imports` (names); the caller frees it with cordon_free.
 *  Any thread; blocks. Errors: NOT_FOUND, MISSING_TOOL (names the packages), BUILD_FAILED, TOO_LARGE, COMPILE_LIMIT,
 *  IO. */
CORDON_API int cordon_build_c(const char *dir, const char *out_path, const char *helper_path, int log_fd,
                              char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
