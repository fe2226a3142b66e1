/* SPDX-License-Identifier: Apache-2.0
 * cordon update --watch: local skills follow the folders they were installed from. */
#pragma once
#include "command.h"

/* Ends with a signal, or with an error. */
int update_watch(struct cli *cli);
