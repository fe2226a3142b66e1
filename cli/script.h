/* SPDX-License-Identifier: Apache-2.0
 * cordon run, where what is installed is a local script. */
#pragma once
#include "plan.h"

/* Runs it once, tells how it ended, and gives the exit code. */
int script_run(const struct cli *cli, const struct plan *plan, cordon_script *script, const char *name);
