/* SPDX-License-Identifier: Apache-2.0
 * From a command line to something that can be called, for the commands that call. */
#pragma once
#include "plan.h"
#include "session.h"

/* The session has begun. Of an artifact, all that can be wrong with the command line is found before it is loaded. Of what is installed, how far a limit goes depends on its tier, which is known
 * when it is loaded. All three are finished by the caller, also after an error. */
int begin_call(const struct cli *cli, struct target *target, struct plan *plan, struct session *session, cordon_error **err);
