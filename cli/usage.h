/* SPDX-License-Identifier: Apache-2.0
 * The texts of --help, made from the tables. */
#pragma once
#include "command.h"

/* `cordon` alone. */
void usage_overview(void);
void usage_command(const struct command *command);
