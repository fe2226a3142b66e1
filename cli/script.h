/* SPDX-License-Identifier: Apache-2.0
 * cordon run, where what is installed is a local script. */
#pragma once
#include "plan.h"

/* Runs it once, tells how it ended, and gives the exit code. */
int script_run(const struct cli *cli, const struct plan *plan, cordon_script *script, const char *name);

/* Runs it once; a signal cancels it. The caller frees *ret. */
int script_call(cordon_script *script, cordon_outcome **ret, cordon_error **err);
/* Its log, line by line on stderr, as far as it is to be seen. */
void script_tell_log(const struct cli *cli, const char *name, const cordon_outcome *outcome);
