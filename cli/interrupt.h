/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGINT and SIGTERM while a call runs: the first cancels the call, the second kills at once. In the end the command dies of the signal it got,
 * so that a shell sees what happened.
 */
#pragma once
#include <cordon/cordon.h>
#include <stdbool.h>

/* From now on signals are caught. */
void interrupt_begin(void);
/* The call that a signal cancels; NULL: none. The caller keeps its reference until it has taken the call back with NULL. */
void interrupt_watch(cordon_call *call);
/* The same of what is cancelled by an eventfd; -1: nothing. The caller keeps it open until it has taken it back. */
void interrupt_watch_fd(int fd);
/* All of it for what is cancelled by a descriptor: makes it, catches signals and watches. Closed by the caller, with interrupt_close. */
int interrupt_open(int *ret_fd, cordon_error **err);
void interrupt_close(int fd); /* -1 allowed */
bool interrupt_caught(void);
/* If one was caught: dies of it. To be called when everything has been given back. */
void interrupt_reraise(void);
