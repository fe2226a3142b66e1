/* SPDX-License-Identifier: Apache-2.0
 *
 * No record is left lying: who puts pushes it, then reads `parked`; the thread writes `parked`, then looks at the stack.
 */
#include "audit/writer.h"

#include "base/clock.h"
#include "base/error.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NAPS_BEFORE_PARKING = 20, RETRY_MS = 1000 };

struct audit_writer {
    struct audit_sink sink;
    _Atomic(struct audit_record *) stack;   /* the newest first */
    _Atomic uint64_t put, settled;          /* in all; of these: written or given up */
    _Atomic size_t bytes;                   /* of those in between */
    _Atomic uint64_t missed;                /* given up, and not yet told */
    _Atomic bool parked, failing;
    _Atomic bool started;                   /* there is a thread */
    pthread_mutex_t lock;
    pthread_cond_t wake, progress;
    pthread_t thread;
    bool urgent, ending;                    /* from here on: under the lock */
    uint64_t asked, tried;                  /* whoever flushes asks for one more round; rounds that ended */
    cordon_error *why;                      /* of the last round, if it failed */
    struct audit_record *kept;              /* the thread's own: what could not be written, the oldest first */
};

/* ---- the thread ---- */

static struct audit_record *take_all(struct audit_writer *w)
{
    struct audit_record *stack = atomic_exchange(&w->stack, NULL), *in_order = NULL;
    while (stack) {
        struct audit_record *next = stack->next;
        stack->next = in_order;
        in_order = stack;
        stack = next;
    }
    return in_order;
}

static void append(struct audit_record **list, struct audit_record *more)
{
    while (*list)
        list = &(*list)->next;
    *list = more;
}

static void settle(struct audit_writer *w, struct audit_record *r, const cordon_error *why)
{
    if (r->done)
        r->done(r->data, why);
    atomic_fetch_sub(&w->bytes, r->bytes);
    atomic_fetch_add(&w->settled, 1);
    audit_record_free(r);
}

static bool is_full(struct audit_writer *w)
{
    return atomic_load(&w->bytes) >= AUDIT_QUEUE_BYTES_MAX || atomic_load(&w->put) - atomic_load(&w->settled) >= AUDIT_QUEUE_MAX;
}

/* Of a batch that could not be written: who waits is told, the rest is tried again, unless this was the last time. */
static void keep(struct audit_writer *w, struct audit_record *batch, bool last, const cordon_error *why)
{
    struct audit_record **end = &w->kept;
    for (struct audit_record *r = batch, *next; r; r = next) {
        next = r->next;
        r->next = NULL;
        if (!last && !r->done && !r->lost) {
            *end = r;
            end = &r->next;
            continue;
        }
        if (!r->done && !r->lost)
            atomic_fetch_add(&w->missed, 1);
        settle(w, r, why);
    }
}

/* What is missing is told first. */
static struct audit_record *tell_missed(struct audit_writer *w, uint64_t *ret_n, struct audit_record *batch)
{
    struct audit_record *r = (*ret_n = atomic_load(&w->missed)) ? audit_record_lost(*ret_n, "rows before this one could not be written") : NULL;
    if (!r) {
        *ret_n = 0;
        return batch;
    }
    atomic_fetch_add(&w->put, 1);
    atomic_fetch_add(&w->bytes, r->bytes);
    r->next = batch;
    return r;
}

static bool any_urgent(const struct audit_record *r)
{
    for (; r; r = r->next)
        if (r->urgent)
            return true;
    return false;
}

/* `last`: what cannot be written now never will be. *ret_why is owned by the caller. */
static int write_batch(struct audit_writer *w, bool last, cordon_error **ret_why)
{
    uint64_t missed;
    struct audit_record *batch = w->kept;
    w->kept = NULL;
    append(&batch, take_all(w));
    if (!batch && !atomic_load(&w->missed))
        return 0;
    batch = tell_missed(w, &missed, batch);
    if (!batch)
        return 0;
    int r = w->sink.write(w->sink.data, batch, any_urgent(batch), ret_why);
    atomic_store(&w->failing, r < 0);
    if (r < 0) {
        keep(w, batch, last, *ret_why);
        return r;
    }
    atomic_fetch_sub(&w->missed, missed);
    for (struct audit_record *next; batch; batch = next) {
        next = batch->next;
        settle(w, batch, NULL);
    }
    return 0;
}

static void sleep_ms(struct audit_writer *w, unsigned ms)
{
    uint64_t until = clock_now_ns() + ms * 1000000ull;
    struct timespec t = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
    pthread_cond_timedwait(&w->wake, &w->lock, &t);
}

/* Until something comes. */
static void park(struct audit_writer *w)
{
    atomic_store(&w->parked, true);
    while (!atomic_load(&w->stack) && !w->urgent && !w->ending && w->asked == w->tried && atomic_load(&w->parked))
        pthread_cond_wait(&w->wake, &w->lock);
    atomic_store(&w->parked, false);
}

/* What came in between is written together; who waits, or is about to leave, ends the nap. */
static void rest(struct audit_writer *w, unsigned idle)
{
    if (idle >= NAPS_BEFORE_PARKING && !w->kept)
        park(w);
    if (!w->urgent && !w->ending && w->asked == w->tried)
        sleep_ms(w, w->kept ? RETRY_MS : AUDIT_NAP_MS);
}

static void round_up(struct audit_writer *w, uint64_t asked, cordon_error *why)
{
    w->tried = asked;
    cordon_error_free(w->why);
    w->why = why;
    pthread_cond_broadcast(&w->progress);
}

static void *thread_main(void *data)
{
    struct audit_writer *w = data;
    unsigned idle = NAPS_BEFORE_PARKING;
    pthread_mutex_lock(&w->lock);
    while (!w->ending) {
        rest(w, idle);
        uint64_t asked = w->asked, before = atomic_load(&w->settled);
        w->urgent = false;
        pthread_mutex_unlock(&w->lock);
        cordon_error *why = NULL;
        write_batch(w, false, &why);
        idle = atomic_load(&w->settled) == before ? idle + 1 : 0;
        pthread_mutex_lock(&w->lock);
        round_up(w, asked, why);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- starting it ---- */

/* The program's signals are none of its; faults stay, or the process would end without a word. */
static int start_thread(struct audit_writer *w)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int r = pthread_create(&w->thread, NULL, thread_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_setname_np(w->thread, "cordon-audit");
    return r;
}

/* Without a thread the one who puts writes. */
static void start(struct audit_writer *w)
{
    cordon_error *why = NULL;
    pthread_mutex_lock(&w->lock);
    if (!atomic_load(&w->started) && start_thread(w) == 0)
        atomic_store(&w->started, true);
    else if (!atomic_load(&w->started))
        write_batch(w, false, &why);
    pthread_mutex_unlock(&w->lock);
    cordon_error_free(why);
}

static void nudge(struct audit_writer *w, bool urgent)
{
    pthread_mutex_lock(&w->lock);
    w->urgent |= urgent;
    atomic_store(&w->parked, false);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* ---- putting ---- */

static void wait_for_room(struct audit_writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (is_full(w) && atomic_load(&w->started) && !atomic_load(&w->failing)) {
        w->urgent = true;
        pthread_cond_signal(&w->wake);
        pthread_cond_wait(&w->progress, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

void audit_writer_miss(struct audit_writer *w) { atomic_fetch_add(&w->missed, 1); }

void audit_writer_put(struct audit_writer *w, struct audit_record *r)
{
    bool urgent = r->urgent;
    if (is_full(w))
        wait_for_room(w);
    if (is_full(w) && atomic_load(&w->failing) && !r->done) {
        audit_writer_miss(w);
        audit_record_free(r);
        return;
    }
    atomic_fetch_add(&w->put, 1);
    atomic_fetch_add(&w->bytes, r->bytes);
    r->next = atomic_load(&w->stack);
    while (!atomic_compare_exchange_weak(&w->stack, &r->next, r))
        ;
    if (!atomic_load(&w->started))
        start(w);
    if (urgent || atomic_load(&w->parked))
        nudge(w, urgent);
}

static int tell(const cordon_error *why, cordon_error **err)
{
    return why ? err_set(err, cordon_error_code(why), cordon_error_subject(why), "%s", cordon_error_message(why)) : 0;
}

int audit_writer_flush(struct audit_writer *w, cordon_error **err)
{
    int r = 0;
    pthread_mutex_lock(&w->lock);
    if (!atomic_load(&w->started)) {
        cordon_error *why = NULL;
        write_batch(w, false, &why);
        r = tell(why, err);
        cordon_error_free(why);
    } else {
        uint64_t mine = ++w->asked;
        pthread_cond_signal(&w->wake);
        while (w->tried < mine)
            pthread_cond_wait(&w->progress, &w->lock);
        r = tell(w->why, err);
    }
    pthread_mutex_unlock(&w->lock);
    return r;
}

/* ---- life ---- */

int audit_writer_new(const struct audit_sink *sink, struct audit_writer **ret, cordon_error **err)
{
    struct audit_writer *w = calloc(1, sizeof *w);
    pthread_condattr_t attr;
    if (!w)
        return err_nomem(err);
    w->sink = *sink;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_cond_init(&w->progress, &attr);
    pthread_condattr_destroy(&attr);
    *ret = w;
    return 0;
}

void audit_writer_free(struct audit_writer *w)
{
    if (!w)
        return;
    if (atomic_load(&w->started)) {
        pthread_mutex_lock(&w->lock);
        w->ending = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    cordon_error *why = NULL;
    write_batch(w, true, &why);
    cordon_error_free(why);
    cordon_error_free(w->why);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->progress);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
