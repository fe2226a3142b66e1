/* SPDX-License-Identifier: Apache-2.0
 * cordon run --watch: build and run again whenever what it is made of changes. */
#pragma once
#include "command.h"

/* `once` is one run, and what this returns its exit code; it is called in processes of their own. Ends with a signal, or with an error. */
int run_watch(struct cli *cli, int (*once)(struct cli *cli));
