/* SPDX-License-Identifier: Apache-2.0
 *
 * What bots remember, for the calls of one request: opened for each search, or, where nothing can be opened later (a process that locks itself in), held open from
 * before, as it was then. Any thread; searches of a held one take turns.
 */
#pragma once
#include "keep/memory.h"

struct recall;

/* `home` as in home.h; copied. NULL without memory. */
struct recall *recall_new(const char *home);
void recall_ref(struct recall *r);
void recall_unref(struct recall *r); /* NULL allowed */
/* Holds the memory of `slug`, if there is one. Errors as of memory_db_open. */
int recall_hold(struct recall *r, const char *slug, cordon_error **err);
/* As memory_search. */
int recall_search(struct recall *r, const char *slug, const char *query, size_t len, uint32_t limit, size_t room, const struct db_patience *p, struct memory_rows *ret,
                  cordon_error **err);
