/* SPDX-License-Identifier: Apache-2.0
 * One case of a project (cordon_cases_read), run and judged. */
#pragma once
#include <cordon/cordon.h>
#include <jansson.h>
#include <stdbool.h>

/* What all cases of a run share. Everything is borrowed. */
struct trial_setup {
    cordon_skill *skill;
    const cordon_host_opts *opts;
    enum cordon_tier tier;
    const json_t *limits;        /* as cordon_skill_describe has them */
    const char *const *grants;   /* the operator's, for each case */
    int n_grants;
};

enum { TRIAL_WHY_MAX = 2048 };

struct trial {
    const char *name;            /* borrowed from the case */
    const char *outcome;         /* static: its name, or "not-started" */
    char why[TRIAL_WHY_MAX];     /* "" if it ended as expected; a stranger's words may be in it */
    const json_t *expected;      /* borrowed: where the answer is another one, what it should be; else NULL */
    json_t *answer;              /* owned; NULL: there is none */
    bool is_fresh;               /* the answer is not that of the snapshot, or there is none, and nothing else is wrong */
    cordon_outcome *result;      /* owned; NULL if it was not started */
};

/* An error is of this machine; whatever is the skill's or the case's own is in *ret. */
int trial_run(const struct trial_setup *s, const json_t *one, struct trial *ret, cordon_error **err);
void trial_finish(struct trial *t);
/* The answer as a snapshot has it: a text as it is, any other value as JSON on many lines. The caller frees; NULL: out of memory. */
char *trial_snapshot(const json_t *answer, size_t *ret_len);
