/* SPDX-License-Identifier: Apache-2.0
 * Asking the operator about what is not granted: a decision is the engine's question, put before the program when it dispatches. */
#include "base/error.h"
#include "cordon/internal.h"
#include "host/question.h"

static struct question *of(cordon_decision *d) { return (struct question *)d; }

static void run(struct asked *a)
{
    const struct cordon_question q = {.skill = a->question->skill, .capability = a->question->capability, .wanted = a->question->wanted, .grant = a->question->grant};
    a->ask(a->data, &q, (cordon_decision *)a->question);
}

/* On the thread that polls the call. */
static void ask(const struct call_asker *asker, struct question *q)
{
    struct asked *a = malloc(sizeof *a);
    if (!a) {
        question_answer(q, NULL);
        return;
    }
    q->host = asker->host;
    *a = (struct asked){.run = run, .question = q, .ask = (cordon_ask_fn *)asker->fn, .data = asker->data};
    host_ask(asker->host, a);
}

int cordon_request_set_ask(cordon_request *r, cordon_ask_fn *fn, void *data, cordon_error **err)
{
    err_wanted(err);
    int rc = request_writable(r, err);
    if (rc == 0)
        r->spec->asker = (struct call_asker){.ask = fn ? ask : NULL, .host = r->skill->host, .fn = (void (*)(void))fn, .data = data};
    return rc;
}

int cordon_decision_allow(cordon_decision *d, cordon_error **err)
{
    err_wanted(err);
    struct question *q = of(d);
    struct powers *more = powers_copy(q->powers);
    int rc = more ? grants_allow(q->host, more, q->skill, q->grant, err) : err_nomem(err);
    if (rc < 0) {
        powers_unref(more);
        more = NULL;
    }
    question_answer(q, more);
    return rc;
}

void cordon_decision_deny(cordon_decision *d)
{
    if (d)
        question_answer(of(d), NULL);
}
