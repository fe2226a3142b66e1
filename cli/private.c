/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void private_begin(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0); /* a core that goes to a pipe is not held back by the limit; the sanitizer's search for leaks has to attach */
#endif
}
