/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an audit is kept: what a call does outside its sandbox does not begin before it is on disk that the call has started.
 *
 *     nothing done -> asked (the record is on its way) -> known (it is on disk: go on) or refused (it cannot be written: nothing is begun, now or later)
 *
 * Counted: work that outlives its call holds it. NULL stands for a call that nobody keeps an audit of: everything may begin at once.
 */
#pragma once
#include "host/op.h"

/* What there is to do outside: a set. */
enum effect { EFFECT_NET = 1, EFFECT_READ = 2, EFFECT_WRITE = 4, EFFECT_ENV = 8, EFFECT_SECRET = 16, EFFECT_MEMORY = 32, EFFECT_CALL = 64, EFFECT_EXEC = 128 };
enum effect effect_of(enum ask_kind kind);

enum effects_step { EFFECTS_GO, EFFECTS_PENDING, EFFECTS_REFUSED };
enum { EFFECTS_WHY_MAX = 512 };

struct effects;

/* Who keeps the audit. `write` takes the record, and tells the effects what became of it (effects_told), once, from any thread. `drop` takes one that was not written. */
struct effects_keeper { void (*write)(void *audit, void *record, struct effects *e), (*drop)(void *record); void *audit; };

/* Takes `record`, which says that the call has started. NULL without memory: it is dropped then. */
struct effects *effects_new(const struct effects_keeper *k, void *record);
void effects_ref(struct effects *e);   /* NULL allowed */
void effects_unref(struct effects *e); /* NULL allowed */

/* `kind` is to begin. PENDING: `w` is taken, woken when it is known or refused, and dropped. Else it is not taken. */
enum effects_step effects_begin(struct effects *e, enum effect kind, const struct host_waker *w);
/* The same where it may block. False: refused. */
bool effects_wait(struct effects *e);
/* How it stands; asks for nothing. */
enum effects_step effects_step(struct effects *e);
/* `kind` is what was done: for who knew only that something was. */
void effects_note(struct effects *e, enum effect kind);
/* All that was begun. */
unsigned effects_used(const struct effects *e);
/* Why it was refused; lives as long. */
const char *effects_why(const struct effects *e);

/* By the keeper: on disk, or (`why`) not. Ends its use of it. */
void effects_told(struct effects *e, const char *why);
