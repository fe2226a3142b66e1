/* SPDX-License-Identifier: Apache-2.0
 * `cordon build` of a folder that is watched, in a process of its own. */
#pragma once
#include "rerun.h"

/* Has the folder something to build? */
bool rebuild_is_project(const char *folder);
/* Builds it, with the settings of the command that runs; its words go to stderr. `*ret_built`: it is built. A change ends it. */
enum rerun_end rebuild(struct rerun *r, const char *folder, bool *ret_built, cordon_error **err);
