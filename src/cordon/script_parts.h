/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cordon/internal.h"

enum { SCRIPT_PROCESSES = 64, SCRIPT_FILES = 256 };
#define SCRIPT_FILE_BYTES (UINT64_C(256) << 20)

struct cordon_script {
    cordon_host *host;
    char *name;                   /* owned */
    char *version;                /* owned: of an installed one; else NULL */
    struct script script;
    struct powers *powers;        /* owned alone */
    struct grants *asks;          /* a reference: what an installed one asks for; NULL: nothing says so, and it may be given anything */
    char *input;                  /* owned or NULL */
    size_t input_len;
    struct limit_set limits;
};

/* ---- script.c ---- */
/* Grants what was read of `text`. Takes the grant on success. */
int script_allow(cordon_script *s, const char *text, struct grant *g, cordon_error **err);

/* ---- script_outcome.c ---- */
/* What came of a run. Takes what is in `r`. */
int script_outcome(const struct cordon_script *s, const char id[ID_TEXT], struct script_result *r, cordon_outcome **ret, cordon_error **err);
