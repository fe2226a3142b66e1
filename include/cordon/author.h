/* SPDX-License-Identifier: Apache-2.0
 *
 * Making components from source. C only, so far.
 */
#ifndef CORDON_AUTHOR_H
#define CORDON_AUTHOR_H

#include <cordon/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Builds the C skill in the folder `dir` (its *.c files; `wit/` with one world, or none: the skill world) into the component `out_path` (NULL: `dir`/<folder's name>.wasm),
 *  which is replaced whole or not at all. Without `wit/`, sources that do not include the bindings are a program with main, and become a command.
 *  Needs clang, wasm-ld and wasi-libc, which run with the caller's rights and without its environment. The toolchain's own messages go to the descriptor `log_fd` (-1: nowhere).
 *  The result is checked against its world. `helper_path` is the helper program (NULL: the one beside the running program, else the installed one).
 *  *ret_json: `output`, `size_bytes`, `world`, `imports`; the caller frees it with cordon_free. Errors: NOT_FOUND, MISSING_TOOL (names the package), BUILD_FAILED, TOO_LARGE,
 *  COMPILE_LIMIT, IO. Blocks; any thread. Temporary files lie in TMPDIR or /tmp; until they are gone, SIGINT, SIGTERM and SIGHUP are held back from the calling thread,
 *  as far as they would end the process, and one that comes ends the build. */
CORDON_API int cordon_build_c(const char *dir, const char *out_path, const char *helper_path, int log_fd,
                              char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
