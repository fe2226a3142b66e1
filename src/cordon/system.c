/* SPDX-License-Identifier: Apache-2.0
 * Version and locking in. */
#include "cordon/internal.h"
#include "engine/shim.h"

#include <string.h>

const char *cordon_version(void) { return CORDON_VERSION; }
const char *cordon_engine_version(void) { return shim_engine_version(); }

int cordon_lock_in(cordon_host *h, const char **ret_missing, cordon_error **err)
{
    /* All that a call needs was opened when its skill was loaded; the host has nothing more to prepare. */
    (void)h;
    return lockdown_run(ret_missing, err);
}
