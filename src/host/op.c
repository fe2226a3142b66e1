/* SPDX-License-Identifier: Apache-2.0 */
#include "host/op.h"
#include "base/text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op_state { OP_PENDING, OP_ANSWERED, OP_ABANDONED };

struct host_op {
    _Atomic uint32_t refs;
    const struct host_fn *fn;
    struct powers *powers;
    char *skill, *bot, *invocation_id;
    enum cordon_tier tier;
    uint64_t deadline_ns;
    size_t room;
    struct host_waker waker;
    struct file_use *files;
    bool begun;
    pthread_mutex_t lock;
    enum op_state state;                    /* from here to on_abandon: under the lock */
    bool let_go;                            /* nobody will answer any more */
    void (*on_abandon)(void *);
    void *abandon_data;
    struct host_answer answer;
    uint32_t numbers[HOST_ARGS_MAX];
    struct host_str args[HOST_ARGS_MAX];
    char bytes[];                           /* skill, bot and the arguments, a NUL after each */
};

static char *put(char **at, struct host_str s)
{
    char *copy = *at;
    memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    *at += s.len + 1;
    return copy;
}

static struct host_str str_of(const char *s) { return s ? (struct host_str){s, strlen(s)} : (struct host_str){"", 0}; }

struct host_op *host_op_new(const struct host_op_opts *o, const struct host_str *strings, const uint32_t *numbers)
{
    struct host_str skill = str_of(o->skill), bot = str_of(o->bot), id = str_of(o->invocation_id);
    size_t bytes = skill.len + bot.len + id.len + 3;
    for (unsigned i = 0; i < o->fn->strings; i++)
        bytes += strings[i].len + 1;
    struct host_op *op = malloc(sizeof *op + bytes);
    if (!op)
        return NULL;
    *op = (struct host_op){.refs = 2, .fn = o->fn, .powers = o->powers, .tier = o->tier, .deadline_ns = o->deadline_ns, .room = o->room, .waker = o->waker};
    powers_ref(op->powers);
    if ((op->files = o->files))
        file_use_ref(op->files);
    pthread_mutex_init(&op->lock, NULL);
    char *at = op->bytes;
    op->skill = put(&at, skill);
    op->bot = put(&at, bot);
    op->invocation_id = put(&at, id);
    for (unsigned i = 0; i < o->fn->strings; i++)
        op->args[i] = (struct host_str){put(&at, strings[i]), strings[i].len};
    for (unsigned i = 0; i < o->fn->numbers; i++)
        op->numbers[i] = numbers[i];
    return op;
}

static void finish_answer(struct host_answer *a)
{
    if (a->wipe && a->text)
        explicit_bzero(a->text, a->len);
    free(a->text);
    for (size_t i = 0; i < a->n_items; i++)
        free((char *)a->items[i].data);
    free(a->items);
}

static void release(struct host_op *op)
{
    if (atomic_fetch_sub_explicit(&op->refs, 1, memory_order_acq_rel) != 1)
        return;
    op->waker.drop(op->waker.data);
    finish_answer(&op->answer);
    powers_unref(op->powers);
    file_use_unref(op->files);
    pthread_mutex_destroy(&op->lock);
    free(op);
}

bool host_op_is_begun(const struct host_op *op) { return op->begun; }

bool host_op_is_permitted(const struct host_op *op)
{
    struct ask ask = {.kind = ASK_EXEC};
    return !op->fn->want || (op->fn->want(op, &ask) && grants_find(op->powers->grants, &ask));
}

void host_op_begin(struct host_op *op)
{
    op->begun = true;
    struct ask ask = {.kind = ASK_EXEC};
    bool reads = !op->fn->want || op->fn->want(op, &ask);
    if (op->fn->want && (!reads || !grants_find(op->powers->grants, &ask)))
        host_op_answer_denied(op, NULL, NULL, reads ? grants_why_not(op->powers->grants, &ask) : DENIAL_NOT_GRANTED);
    else
        op->fn->begin(op);
}

const struct host_answer *host_op_answer(struct host_op *op)
{
    pthread_mutex_lock(&op->lock);
    bool there = op->state == OP_ANSWERED;
    pthread_mutex_unlock(&op->lock);
    return there ? &op->answer : NULL;
}

void host_op_forget(struct host_op *op)
{
    bool let_go = !op->begun; /* nobody will answer */
    pthread_mutex_lock(&op->lock);
    if (op->state == OP_PENDING) {
        op->state = OP_ABANDONED;
        if (op->on_abandon)
            op->on_abandon(op->abandon_data);
        let_go |= op->let_go;
    }
    pthread_mutex_unlock(&op->lock);
    if (let_go)
        release(op);
    release(op);
}

const struct host_fn *host_op_fn(const struct host_op *op) { return op->fn; }
struct host_str host_op_arg(const struct host_op *op, unsigned i) { return op->args[i]; }
uint32_t host_op_number(const struct host_op *op, unsigned i) { return op->numbers[i]; }
const struct powers *host_op_powers(const struct host_op *op) { return op->powers; }
const char *host_op_skill(const struct host_op *op) { return op->skill; }
const char *host_op_bot(const struct host_op *op) { return op->bot; }
const char *host_op_invocation_id(const struct host_op *op) { return op->invocation_id; }
enum cordon_tier host_op_tier(const struct host_op *op) { return op->tier; }
uint64_t host_op_deadline_ns(const struct host_op *op) { return op->deadline_ns; }
struct file_use *host_op_files(const struct host_op *op) { return op->files; }
size_t host_op_room(const struct host_op *op) { return op->room; }

bool host_op_is_abandoned(struct host_op *op)
{
    pthread_mutex_lock(&op->lock);
    bool abandoned = op->state == OP_ABANDONED;
    pthread_mutex_unlock(&op->lock);
    return abandoned;
}

void host_op_on_abandon(struct host_op *op, void (*fn)(void *data), void *data)
{
    pthread_mutex_lock(&op->lock);
    op->on_abandon = fn;
    op->abandon_data = data;
    pthread_mutex_unlock(&op->lock);
}

void host_op_let_go(struct host_op *op) { op->let_go = true; }

/* Takes what `a` owns. */
static void answer(struct host_op *op, struct host_answer a)
{
    a.wipe = op->fn->ask == ASK_SECRET;
    pthread_mutex_lock(&op->lock);
    bool wanted = op->state == OP_PENDING;
    if (wanted) {
        op->answer = a;
        op->state = OP_ANSWERED;
    }
    pthread_mutex_unlock(&op->lock);
    if (wanted)
        op->waker.wake(op->waker.data);
    else
        finish_answer(&a);
    release(op);
}

void host_op_answer_nothing(struct host_op *op) { answer(op, (struct host_answer){.kind = HOST_ANSWER_NOTHING}); }

/* Takes a's text, which is answered if it is one and fits. */
static void answer_with_text(struct host_op *op, struct host_answer a)
{
    size_t len = a.len;
    bool fits = len <= op->room, is_text = fits && (!a.text || text_is_utf8(a.text, len));
    if (is_text) {
        answer(op, a);
        return;
    }
    free(a.text);
    if (fits)
        host_op_answer_err(op, "the answer to %s is not UTF-8 text", op->fn->name);
    else
        host_op_answer_err(op, "the answer to %s has %zu bytes, the call has room for %zu more", op->fn->name, len, op->room);
}

void host_op_answer_text(struct host_op *op, char *text, size_t len)
{
    answer_with_text(op, (struct host_answer){.kind = HOST_ANSWER_TEXT, .text = text, .len = len});
}

void host_op_answer_number(struct host_op *op, int32_t number, char *text, size_t len)
{
    answer_with_text(op, (struct host_answer){.kind = HOST_ANSWER_NUMBER, .number = number, .text = text, .len = len});
}

void host_op_answer_list(struct host_op *op, struct host_str *items, size_t n)
{
    size_t kept = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bool fits = kept < HOST_ANSWER_ITEMS_MAX && items[i].len <= op->room - bytes && text_is_utf8(items[i].data, items[i].len);
        if (!fits) {
            free((char *)items[i].data);
            continue;
        }
        bytes += items[i].len;
        items[kept++] = items[i];
    }
    answer(op, (struct host_answer){.kind = HOST_ANSWER_LIST, .items = items, .n_items = kept});
}

void host_op_answer_err(struct host_op *op, const char *fmt, ...)
{
    va_list ap;
    char *text = malloc(HOST_ANSWER_ERR_MAX);
    size_t len = 0;
    if (text) {
        va_start(ap, fmt);
        int n = vsnprintf(text, HOST_ANSWER_ERR_MAX, fmt, ap);
        va_end(ap);
        len = n < 0 ? 0 : (size_t)n < HOST_ANSWER_ERR_MAX ? (size_t)n : HOST_ANSWER_ERR_MAX - 1;
        while (len && !text_is_utf8(text, len))
            len--; /* a character was cut: what is in it came as UTF-8 */
    }
    answer(op, (struct host_answer){.kind = HOST_ANSWER_ERR, .text = text, .len = len});
}

void host_op_answer_denied(struct host_op *op, const char *capability, const char *wanted, enum denial why)
{
    struct host_str arg = op->args[op->fn->wanted_arg];
    size_t len = wanted ? strlen(wanted) : arg.len;
    char *copy = malloc(len + 1);
    if (copy)
        memcpy(copy, wanted ? wanted : arg.data, len);
    answer(op, (struct host_answer){
        .kind = HOST_ANSWER_DENIED, .text = copy, .len = copy ? len : 0, .capability = capability ? capability : op->fn->capability, .denial = why,
    });
}
