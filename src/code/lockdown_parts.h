/* SPDX-License-Identifier: Apache-2.0
 * The filter's half of locking in; the other is child/landlock.h. 1: in force; 0: the kernel has none; negative on error. */
#pragma once
#include "code.h"

enum lockdown_kind { LOCKDOWN_HELPER, LOCKDOWN_RUN };
/* `needs`: set of enum lockdown_need, for LOCKDOWN_RUN. */
int lockdown_seccomp(enum lockdown_kind kind, unsigned needs, cordon_error **err);
