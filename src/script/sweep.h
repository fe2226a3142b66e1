/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <sys/types.h>

/* Ends whatever is left in a session, and waits a moment for it. For a supervisor that was ended from outside and could not see to it itself; where its exit
 * status has not been taken yet, the session's number cannot be another's. */
void script_sweep(pid_t session);
