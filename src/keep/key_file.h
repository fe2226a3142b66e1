/* SPDX-License-Identifier: Apache-2.0
 * A key of the home's own in a file: 32 random bytes and a check of them, 0600, so that a changed byte is seen before anything is done with it. */
#pragma once
#include "keep/home.h"
#include <stdint.h>

enum { KEY_FILE_KEY = 32 };

struct key_file {
    const char *name;   /* in the home */
    /* DAMAGED: the key is gone or unsound; says how to go on. `what`: "is not whole" */
    int (*lost)(const struct home *h, const char *what, cordon_error **err);
};

/* 1: *ret is the caller's, freed with sodium_free; 0: there is none. DAMAGED, UNSAFE_PATH, IO. */
int key_file_read(const struct key_file *f, const struct home *h, uint8_t **ret, cordon_error **err);
/* Of several makers one wins, and all get its key. */
int key_file_make(const struct key_file *f, const struct home *h, uint8_t **ret, cordon_error **err);
