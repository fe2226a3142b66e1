/* SPDX-License-Identifier: Apache-2.0
 * The master key of the secrets: 32 random bytes and a check of them, so that a changed byte is seen before anything is sealed with it. */
#pragma once
#include "keep/home.h"
#include "keep/secret_file.h"

/* 1: *ret is the caller's, freed with sodium_free; 0: there is none. DAMAGED, UNSAFE_PATH. */
int secret_key_read(const struct home *h, uint8_t **ret, cordon_error **err);
/* Of several makers one wins, and all get its key. */
int secret_key_make(const struct home *h, uint8_t **ret, cordon_error **err);
/* DAMAGED: the key is missing or unsound; says how to go on. */
int secret_key_lost(const struct home *h, const char *what, cordon_error **err);
