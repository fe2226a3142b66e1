/* SPDX-License-Identifier: Apache-2.0
 * A signal handler reaches only what is static, hence these variables: one process runs one call. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static _Atomic(cordon_call *) watched;
static _Atomic int watched_fd = -1;
static volatile sig_atomic_t caught;

static void tell_fd(void)
{
    static const uint64_t one = 1;
    int fd = atomic_load(&watched_fd), was = errno;
    if (fd >= 0 && write(fd, &one, sizeof one) < 0) {
        /* it is readable already */
    }
    errno = was;
}

static void on_signal(int sig)
{
    caught = sig;
    cordon_call *call = atomic_load(&watched);
    if (call)
        cordon_call_cancel(call);
    tell_fd();
}

void interrupt_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        struct sigaction present;
        if (sigaction(signals[i], NULL, &present) == 0 && present.sa_handler != SIG_IGN) /* nohup, background jobs */
            sigaction(signals[i], &action, NULL);
    }
}

void interrupt_watch(cordon_call *call)
{
    atomic_store(&watched, call);
    if (call && caught)
        cordon_call_cancel(call);
}

void interrupt_watch_fd(int fd)
{
    atomic_store(&watched_fd, fd);
    if (caught)
        tell_fd();
}

int interrupt_open(int *ret_fd, cordon_error **err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "cannot make a descriptor: %s", strerror(errno));
    interrupt_begin();
    interrupt_watch_fd(fd);
    *ret_fd = fd;
    return 0;
}

void interrupt_close(int fd)
{
    if (fd < 0)
        return;
    interrupt_watch_fd(-1);
    close(fd);
}

bool interrupt_caught(void)
{
    return caught != 0;
}

void interrupt_reraise(void)
{
    if (!caught)
        return;
    int sig = caught;
    signal(sig, SIG_DFL);
    raise(sig);
}
