/* SPDX-License-Identifier: Apache-2.0
 * The two halves of locking in. Each returns 1 if it is in force, 0 if the kernel has none, negative on error. */
#pragma once
#include "code.h"

enum lockdown_kind { LOCKDOWN_HELPER, LOCKDOWN_RUN };
int lockdown_seccomp(enum lockdown_kind kind, cordon_error **err);
/* For the calling thread and those it starts: no file, no TCP port, no abstract socket and no signal beyond the domain. Wants no_new_privs. */
int lockdown_landlock(cordon_error **err);
