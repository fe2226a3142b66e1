/* SPDX-License-Identifier: Apache-2.0
 * The texts of a call of the blufio ABI, and the traps that its functions end in. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "engine/call_parts.h"
#include "host/blufio_words.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 3072 };

void call_slot_init(struct call *c)
{
    const struct call_spec *s = c->spec;
    if (s->component->is_blufio)
        c->slot.text[HOST_SLOT_INPUT] = s->input ? (struct host_str){s->input, s->input_len} : (struct host_str){"{}", 2};
}

void call_slot_finish(struct call *c)
{
    for (int i = HOST_SLOT_INPUT + 1; i < HOST_SLOT_TEXTS; i++)
        free((char *)(uintptr_t)c->slot.text[i].data);
}

const struct host_slot *host_call_slot(struct host_call *hc) { return &((struct call *)hc)->slot; }

bool host_call_put(struct host_call *hc, enum host_slot_text which, struct host_str text)
{
    struct call *c = (struct call *)hc;
    struct host_str *at = &c->slot.text[which];
    shim_give_back(at->len);
    free((char *)(uintptr_t)at->data);
    *at = (struct host_str){NULL, 0};
    if (!call_keep(c, text.len))
        return false;
    char *copy = malloc(text.len + 1);
    if (!copy) {
        shim_give_back(text.len);
        call_record(c, CORDON_OUTCOME_OUT_OF_MEMORY, CORDON_LIMIT_MEMORY_BYTES);
        return false;
    }
    memcpy(copy, text.data, text.len);
    *at = (struct host_str){copy, text.len};
    return true;
}

void host_call_ignored(struct host_call *hc) { ((struct call *)hc)->slot.ignored++; }

/* The first reason counts, as of any end. */
static void end_in_trap(struct call *c, bool denied, const char *words)
{
    if (c->reason != CORDON_OUTCOME_OK)
        return;
    call_record(c, CORDON_OUTCOME_TRAP, CORDON_LIMIT_WALL_MS);
    c->outcome.trap = denied ? "capability denied" : "host call failed";
    outcome_say(&c->outcome, "Skill '%s' %s: %s", c->spec->skill, denied ? "capability denied" : "execution error", words);
}

void call_trap_denied(struct call *c, const struct host_fn *fn, struct host_str wanted, enum denial why)
{
    cleanup(buf_finish) struct buf words;
    buf_init(&words, WORDS_MAX);
    blufio_denied_words(&words, fn, call_powers(c)->grants, wanted, why);
    end_in_trap(c, true, words.data ? words.data : "capability not permitted");
}

void call_trap_answer(struct call *c, const struct host_fn *fn, const struct host_answer *a)
{
    if (a->kind != HOST_ANSWER_DENIED) {
        end_in_trap(c, false, a->text ? a->text : "no memory for a reason");
        return;
    }
    call_denied(c, a->capability, strlen(a->capability), a->text ? a->text : "", a->len, denial_text(a->denial));
    call_trap_denied(c, fn, a->text ? (struct host_str){a->text, a->len} : (struct host_str){"", 0}, a->denial);
}
