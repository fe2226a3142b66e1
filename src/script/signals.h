/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals among the script's own processes. No filter can see whose a number is, and Landlock keeps signals within the domain only from ABI 6 on; so `kill` and
 * `tgkill` are put before the supervisor (seccomp's user notification), which sends them to processes of the group and to nobody else.
 */
#pragma once
#include <cordon/error.h>
#include <poll.h>
#include <sys/types.h>

/* The supervisor's side. */
struct signals {
    pid_t group;
    int channel;    /* the child's descriptor for asking comes over it; -1 when it has */
    int asked;      /* that descriptor; -1 before */
};

/* Before the fork. *ret_child is the child's end. */
int signals_open(struct signals *s, int *ret_child, cordon_error **err);
void signals_finish(struct signals *s);
/* What to poll, and what to do when that is ready. Does not block. */
struct pollfd signals_poll(const struct signals *s);
void signals_serve(struct signals *s);

/* In the child, with no_new_privs: from here on its signals are asked for. */
int signals_ask(int channel, cordon_error **err);
