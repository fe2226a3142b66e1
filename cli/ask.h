/* SPDX-License-Identifier: Apache-2.0
 * `cordon run --ask`: questions on the terminal, and in the end the grants that were given. */
#pragma once
#include "command.h"
#include <cordon/cordon.h>
#include <stdio.h>

enum { ASK_GIVEN_MAX = 64 };

struct ask {
    const struct cli *cli;
    FILE *in, *out;                    /* the terminal; NULL: nobody is asked */
    const cordon_skill *skill;
    char *given[ASK_GIVEN_MAX];        /* owned: grants that were answered with yes, each once */
    size_t n_given;
};

/* Opens the terminal if --ask was given. Errors: USAGE without one. */
int ask_begin(const struct cli *cli, bool wanted, struct ask *ret, cordon_error **err);
/* Has the request's questions asked there; `a` outlives its calls. */
int ask_attach(struct ask *a, const cordon_skill *skill, cordon_request *req, cordon_error **err);
/* Prints the grants to give the next time: those of what the skill asks for, and the others. */
void ask_sum_up(const struct ask *a);
void ask_finish(struct ask *a);
