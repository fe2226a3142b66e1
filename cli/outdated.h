/* SPDX-License-Identifier: Apache-2.0
 * cordon list --outdated. */
#pragma once
#include "command.h"

/* Fetches every installed skill's source and prints those that have something else now. Gives the exit code: that of the first that could not be fetched. */
int outdated_run(const struct cli *cli);
