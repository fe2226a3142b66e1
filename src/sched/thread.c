/* SPDX-License-Identifier: Apache-2.0
 * Threads and the futex they park on. */
#include "internal.h"
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A fault whose signal is blocked kills the process without asking the handler that turns it into a guest's trap. */
static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };

void sched_block_signals(sigset_t *ret_before)
{
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
}

int thread_start(pthread_t *ret, const char *name, void *(*main)(void *), void *arg)
{
    sigset_t before;
    sched_block_signals(&before);
    int r = pthread_create(ret, NULL, main, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_setname_np(*ret, name);
    return r;
}

void futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t until_ns)
{
    struct timespec until = { .tv_sec = (time_t)(until_ns / 1000000000), .tv_nsec = (long)(until_ns % 1000000000) };
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until_ns == UINT64_MAX ? NULL : &until, NULL,
        FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
