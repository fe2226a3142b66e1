/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <cordon/system.h>
#include <cordon/skill.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void *show(void *data)
{
    struct progress *p = data;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    pthread_mutex_lock(&p->lock);
    for (unsigned seconds = 1; !p->over; seconds++) {
        at.tv_sec++;
        while (!p->over && pthread_cond_timedwait(&p->changed, &p->lock, &at) != ETIMEDOUT)
            ;
        if (p->over)
            break;
        fprintf(stderr, "\r%s %s … %u s", p->verb, p->what, seconds);
        p->shown = true;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct progress *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&p->thread, NULL, show, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? -1 : 0;
}

static void finish(struct progress *p)
{
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    cordon_free(p->what);
}

int progress_begin(struct progress *p, const char *verb, const char *what)
{
    *p = (struct progress){.verb = verb, .what = cordon_escape(what, strnlen(what, 60), false)};
    if (!p->what)
        return -1;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&p->lock, NULL);
    if (start_thread(p) == 0)
        return 0;
    finish(p);
    return -1;
}

void progress_end(struct progress *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    if (p->shown)
        fputs("\r\033[K", stderr);
    finish(p);
}
