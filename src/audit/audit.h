/* SPDX-License-Identifier: Apache-2.0
 * The audit that a host keeps: the store behind the writer. */
#pragma once
#include "audit/store.h"
#include "audit/writer.h"

struct audit;

/* Opens it, and makes what is missing; from here on nothing has to be opened any more. Errors as of audit_store_make. */
int audit_new(const char *home, const struct audit_keep *keep, struct audit **ret, cordon_error **err);
/* Takes it; NULL, because there was no memory, is counted and told of. Any thread. */
void audit_put(struct audit *a, struct audit_record *r);
/* Waits until all that was put before is on disk. Any thread. */
int audit_flush(struct audit *a, cordon_error **err);
/* As audit_store_confine; before anything was put. */
void audit_confine(struct audit *a);
/* Writes what is left. NULL allowed. */
void audit_free(struct audit *a);

/* ---- query.c ---- */
struct audit_query { const char *skill, *bot; uint32_t limit; }; /* NULL: of any */
/* {"cordon": 1, "rows": [...]}, newest first, one for each call; the caller frees. */
int audit_query(const char *home, const struct audit_query *q, char **ret_json, cordon_error **err);

/* ---- verify.c ---- */
/* {"cordon": 1, "ok", "rows", "pruned", "gaps", "head": "N:HASH" or null, "findings": [{"fault", "first", "last", "message"}]}; `head` (NULL: none) is one that was noted elsewhere. 1: all holds; 0: not. */
int audit_verify(const char *home, const struct audit_head *head, char **ret_json, cordon_error **err);
