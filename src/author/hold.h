/* SPDX-License-Identifier: Apache-2.0
 *
 * Holding back the signals that would end the process, until what must not stay behind is removed. No handler is installed: the signals are blocked on the
 * calling thread and delivered when the hold ends. One that the program handles, ignores or blocks itself is left alone.
 */
#pragma once
#include <cordon/error.h>
#include <signal.h>
#include <stdbool.h>

struct hold {
    sigset_t before;
    int fd;   /* readable once one has come */
};

int hold_begin(struct hold *h, cordon_error **err);
bool hold_is_asked(const struct hold *h);
/* A signal that has come ends the process here. */
void hold_end(struct hold *h);
