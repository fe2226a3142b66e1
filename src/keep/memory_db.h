/* SPDX-License-Identifier: Apache-2.0
 *
 * A bot's memory as a database of its own (db.h), HOME/memory/SLUG.db: so no search, no lock and no damage of one bot's reaches another's, nor does what is common in one
 * weigh in the ranking of another.
 */
#pragma once
#include "keep/db.h"

/* `slug` is a bot's (text_slug), not empty. 1: open; 0: there is none (never with DB_MAKE). *ret stays where it is while it is open. UNSAFE_PATH, and what db_open says. */
int memory_db_open(const char *home, const char *slug, enum db_mode mode, const struct db_patience *patience, struct db *ret, cordon_error **err);
