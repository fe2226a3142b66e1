/* SPDX-License-Identifier: Apache-2.0
 *
 * Building a C skill. The steps, each a file of this room:
 *
 *     sources     the *.c files of the folder                    wit_files   its wit/, else the skill world, as text
 *     bindings    C of that world, made in the helper            scratch     the private folder where all of it happens
 *     compile     clang and wasm-ld, to one core module          output      the component, made in the helper, put in its place whole
 *
 * The compiler runs with the rights of the caller, on sources that are the caller's own, unless the caller has it run elsewhere (`spawn`). The WIT and the module are looked at in the helper only, and its
 * answers are believed no more than they are anywhere else.
 */
#pragma once
#include "author/toolchain.h"
#include <cordon/error.h>

struct author_build {
    const char *dir, *out_path, *helper_path;   /* as for cordon_build_c */
    int log_fd;
    const char *tool_folders;                   /* where clang is looked for, joined by ":"; NULL: the usual places */
    toolchain_spawn_fn *spawn;                  /* who runs clang, with `spawn_data`; NULL: this room, with the rights of the caller */
    void *spawn_data;
};

int author_build(const struct author_build *b, char **ret_json, cordon_error **err);
