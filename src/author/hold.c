/* SPDX-License-Identifier: Apache-2.0 */
#include "author/hold.h"
#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void choose(sigset_t *ret, const sigset_t *blocked)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(ret);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction present;
        if (sigaction(ending[i], NULL, &present) == 0 && present.sa_handler == SIG_DFL && !sigismember(blocked, ending[i]))
            sigaddset(ret, ending[i]);
    }
}

int hold_begin(struct hold *h, cordon_error **err)
{
    sigset_t held;
    pthread_sigmask(SIG_BLOCK, NULL, &h->before);
    choose(&held, &h->before);
    h->fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
    if (h->fd < 0)
        return err_errno(err, errno, "make", "a descriptor for signals");
    pthread_sigmask(SIG_BLOCK, &held, NULL);
    return 0;
}

/* The descriptor is never read: the signal stays pending. */
bool hold_is_asked(const struct hold *h)
{
    struct pollfd p = {.fd = h->fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

void hold_end(struct hold *h)
{
    close(h->fd);
    pthread_sigmask(SIG_SETMASK, &h->before, NULL);
}
