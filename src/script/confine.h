/* SPDX-License-Identifier: Apache-2.0
 * The supervisor's child, from fork to exec. */
#pragma once
#include "child/landlock.h"
#include "script/job.h"

enum { CONFINE_PATHS_MAX = 1 + SCRIPT_ROOTS_MAX + 1 + 32 };

/* What the script may touch: the places of its order, its scratch folder, and what every program needs. */
struct confine_paths {
    size_t n;
    struct landlock_path item[CONFINE_PATHS_MAX];   /* owned descriptors */
    int folder;                                     /* borrowed: the skill's */
};

/* ---- paths.c ---- */
/* NOT_FOUND: a place is not there any more, or another one is. `*ret` is finished by the caller, also on failure. */
int confine_open(const struct script_order *o, struct confine_paths *ret, cordon_error **err);
void confine_paths_finish(struct confine_paths *p);

/* ---- confine.c ---- */
/* In the child: becomes the script. Does not return. What goes wrong before is written to the answer. `channel`: as of signals_open. */
_Noreturn void confine_and_run(const struct script_order *o, const struct confine_paths *p, pid_t supervisor, int channel);

/* ---- filter.c ---- */
/* `unpacks`: see script_options. */
int script_filter(bool unpacks, cordon_error **err);
