/* SPDX-License-Identifier: Apache-2.0
 *
 * A question to the operator: may this call do one thing more? The call waits, its clock stands still, and somebody answers, from any thread. Held by the call and by
 * whoever asks; like an operation it outlives its call if it must.
 */
#pragma once
#include "host/op.h"

enum { QUESTION_WANTED_MAX = 512 };
enum question_state { QUESTION_OPEN, QUESTION_YES, QUESTION_NO };

struct question {
    _Atomic uint32_t refs;
    _Atomic int state;
    const char *capability;   /* static */
    char *wanted, *grant;     /* owned; UTF-8; `grant` is what would allow it */
    char *skill;              /* owned */
    struct powers *powers;    /* a reference: what the call has, and after a yes what it has then */
    struct host_waker waker;
    void *host;               /* of whoever asks */
};

/* What can be asked: of the kinds that an operator may grant in passing (no secret, no exec), and if what is wanted reads as a grant. NULL otherwise, or without
 * memory; the waker is then not taken. Two references: the call's, and that of whoever answers. */
struct question *question_new(const char *capability, const char *wanted, size_t len, const char *skill, struct powers *powers, struct host_waker waker);
void question_unref(struct question *q);
/* Once. `more` is taken: the powers that the call goes on with; NULL: no. Ends the answerer's use. */
void question_answer(struct question *q, struct powers *more);
enum question_state question_state(struct question *q);
