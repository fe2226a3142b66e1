/* SPDX-License-Identifier: Apache-2.0
 * Making components from source. C only, so far. */
#ifndef CORDON_AUTHOR_H
#define CORDON_AUTHOR_H

#include <cordon/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Builds the C skill in the folder `dir` (its *.c files; `wit/` with one world, or none: the skill world) into the component `out_path` (NULL: `dir`/<folder's name>.wasm).
 *  Needs clang, wasm-ld and wasi-libc. The toolchain's own messages go to the descriptor `log_fd`. The result is checked against its world. *ret_json: `output`, `size_bytes`,
 *  `world`, `imports`. Errors: NOT_FOUND, MISSING_TOOL (names the package), BUILD_FAILED, IO. The caller frees *ret_json with cordon_free. */
CORDON_API int cordon_build_c(const char *dir, const char *out_path, const char *helper_path, int log_fd, char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
