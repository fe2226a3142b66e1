/* SPDX-License-Identifier: Apache-2.0 */
#include "script/sweep.h"
#include "script/procs.h"
#include <signal.h>
#include <time.h>

enum { ROUNDS = 200, ROUND_NS = 10000000 };

struct left {
    pid_t session;
    unsigned n;
};

/* A group lies in one session, so none but theirs is met. */
static void end_group(void *data, const struct proc *p)
{
    struct left *l = data;
    if (p->session != l->session || p->zombie || p->pid == l->session)
        return;
    l->n++;
    kill(-p->group, SIGKILL);
}

void script_sweep(pid_t session)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct left l = {.session = session};
        procs_each(end_group, &l);
        if (!l.n)
            return;
        nanosleep(&(struct timespec){.tv_nsec = ROUND_NS}, NULL);
    }
}
