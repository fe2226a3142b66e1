/* SPDX-License-Identifier: Apache-2.0
 * The key of the audit, HOME/audit.key: 32 random bytes and a check of them, 0600, made with the first row. */
#pragma once
#include "audit/row.h"
#include "keep/home.h"

/* 1: *ret is the caller's, freed with sodium_free; 0: there is none. DAMAGED, UNSAFE_PATH, IO. */
int audit_key_read(const struct home *h, uint8_t **ret, cordon_error **err);
/* Of several makers one wins, and all get its key. */
int audit_key_make(const struct home *h, uint8_t **ret, cordon_error **err);
/* DAMAGED: it is gone or unsound, and says how to go on. */
int audit_key_lost(const struct home *h, const char *what, cordon_error **err);
