/* SPDX-License-Identifier: Apache-2.0 */
#include "mail.h"

#include <stdlib.h>

struct mail *mail_new(uv_async_t *wake)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->refs = 1;
    m->wake = wake;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void mail_ref(struct mail *m) { atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed); }

void mail_unref(struct mail *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&m->lock);
    free(m);
}

bool mail_post(struct mail *m, struct post *p)
{
    pthread_mutex_lock(&m->lock);
    bool add = m->wake && !p->posted;
    if (add) {
        p->posted = true;
        p->next = NULL;
        *m->last = p;
        m->last = &p->next;
        uv_async_send(m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    return add;
}

bool mail_is_open(struct mail *m)
{
    pthread_mutex_lock(&m->lock);
    bool open = m->wake;
    pthread_mutex_unlock(&m->lock);
    return open;
}

static struct post *take_one(struct mail *m)
{
    pthread_mutex_lock(&m->lock);
    struct post *p = m->first;
    if (p) {
        m->first = p->next;
        if (!m->first)
            m->last = &m->first;
        p->posted = false;
    }
    pthread_mutex_unlock(&m->lock);
    return p;
}

void mail_empty(struct mail *m)
{
    for (struct post *p; (p = take_one(m));)
        p->take(p);
}

void mail_close(struct mail *m)
{
    pthread_mutex_lock(&m->lock);
    m->wake = NULL;
    pthread_mutex_unlock(&m->lock);
}
