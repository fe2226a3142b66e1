/* SPDX-License-Identifier: Apache-2.0 */
#include "host/question.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool can_be_asked(const char *capability)
{
    static const char *const kinds[] = {"net", "read", "write", "env", "memory", "call"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(capability, kinds[i]))
            return true;
    return false;
}

static char *suggest(const char *capability, const char *wanted)
{
    struct buf b;
    buf_init(&b, GRANT_TEXT_MAX);
    char *grant = grant_suggest(&b, capability, wanted) ? buf_take(&b, NULL) : NULL;
    buf_finish(&b);
    return grant;
}

static void question_free(struct question *q)
{
    powers_unref(q->powers);
    free(q->wanted);
    free(q->grant);
    free(q->skill);
    free(q);
}

struct question *question_new(const char *capability, const char *wanted, size_t len, const char *skill, struct powers *powers, struct host_waker waker)
{
    if (!can_be_asked(capability) || len > QUESTION_WANTED_MAX || !text_is_utf8(wanted, len))
        return NULL;
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->refs = 2;
    q->capability = capability;
    q->wanted = strndup(wanted, len);
    q->grant = q->wanted ? suggest(capability, q->wanted) : NULL;
    q->skill = strdup(skill);
    if (!q->grant || !q->skill) {
        question_free(q);
        return NULL;
    }
    q->powers = powers;
    powers_ref(powers);
    q->waker = waker;
    return q;
}

void question_unref(struct question *q)
{
    if (!q || atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) != 1)
        return;
    q->waker.drop(q->waker.data);
    question_free(q);
}

void question_answer(struct question *q, struct powers *more)
{
    if (more) {
        powers_unref(q->powers);
        q->powers = more;
    }
    atomic_store(&q->state, more ? QUESTION_YES : QUESTION_NO);
    q->waker.wake(q->waker.data);
    question_unref(q);
}

enum question_state question_state(struct question *q) { return (enum question_state)atomic_load(&q->state); }
