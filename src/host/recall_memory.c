/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/op.h"
#include "keep/recall.h"

#include <stdlib.h>
#include <string.h>

/* A search on a thread of the pool. */
struct search {
    struct pool_job job;
    struct host_op *op;
    struct pool_share *io;         /* a reference */
    struct recall *memory;         /* a reference */
    atomic_bool stop;
    char slug[TEXT_SLUG_MAX + 1];
};

static void search_free(struct search *s)
{
    pool_share_unref(s->io);
    recall_unref(s->memory);
    free(s);
}

/* Takes the texts of `rows`. */
static void answer(struct host_op *op, struct memory_rows *rows)
{
    struct host_str *items = calloc(rows->n + 1, sizeof *items);
    size_t n = 0;
    for (; items && n < rows->n; n++) {
        items[n] = (struct host_str){rows->item[n].text, rows->item[n].len};
        rows->item[n].text = NULL;
    }
    memory_rows_finish(rows);
    host_op_answer_list(op, items, n);
}

/* The function cannot tell of an error: what cannot be read is not remembered. */
static void run(struct pool_job *job)
{
    struct search *s = (struct search *)job;
    struct host_str query = host_op_arg(s->op, 0);
    const struct db_patience p = {.deadline_ns = host_op_deadline_ns(s->op), .stop = &s->stop};
    struct memory_rows rows = {.n = 0};
    recall_search(s->memory, s->slug, query.data, query.len, host_op_number(s->op, 0), host_op_room(s->op), &p, &rows, NULL);
    answer(s->op, &rows);
    search_free(s);
}

static void abandon(void *data)
{
    struct search *s = data;
    atomic_store(&s->stop, true);
    if (!pool_abandon(s->io, &s->job))
        return;
    host_op_let_go(s->op);
    search_free(s);
}

static void answer_nothing_found(struct host_op *op) { host_op_answer_list(op, NULL, 0); }

static void begin_search(struct host_op *op, const char *slug)
{
    const struct powers *p = host_op_powers(op);
    struct search *s = p->io && p->memory ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        answer_nothing_found(op);
        return;
    }
    *s = (struct search){.job.run = run, .op = op, .io = p->io, .memory = p->memory};
    memcpy(s->slug, slug, strlen(slug) + 1);
    pool_share_ref(s->io);
    recall_ref(s->memory);
    host_op_on_abandon(op, abandon, s);
    if (pool_submit(s->io, &s->job, NULL) == 0)
        return;
    host_op_on_abandon(op, NULL, NULL);
    search_free(s);
    answer_nothing_found(op);
}

/* Asked here, since whose memory it is follows from the bot and the grants together. */
static void recall_memory(struct host_op *op)
{
    char slug[TEXT_SLUG_MAX + 1];
    if (powers_recalls(host_op_powers(op), host_op_bot(op), slug))
        begin_search(op, slug);
    else if (!*slug) /* granted, but there is no bot whose memory it could be */
        answer_nothing_found(op);
    else
        host_op_answer_denied(op, NULL, "", grants_why_not(host_op_powers(op)->grants, &(struct ask){.kind = ASK_MEMORY, .name = slug}));
}

const struct host_fn host_recall_memory = {
    .name = "recall-memory",
    .type = "func(query: string, limit: u32) -> list<string>",
    .strings = 1,
    .numbers = 1,
    .capability = "memory",
    .ask = ASK_MEMORY,
    .legacy_name = "RecallMemory",
    .denied = HOST_DENIED_EMPTY_LIST,
    .result = HOST_RETURNS_LIST,
    .wanted_arg = 0,
    .doc = "Finds what the bot remembers about a query.",
    .begin = recall_memory,
};
