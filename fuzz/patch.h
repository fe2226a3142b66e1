/* SPDX-License-Identifier: Apache-2.0
 * Files that were right once: a number of bytes of them changed, as the input says. */
#pragma once
#include "fuzz.h"

/* A byte, how many changes (at most 7); each of them a byte for the place, counted from `at` and modulo `len`, and one that is put there. */
void patch_file(struct feed *f, int fd, uint64_t at, size_t len);
/* All of the file from its start. The caller frees. */
char *read_whole(int fd, size_t *ret_len);
/* A memory file of these bytes. */
int file_of(const void *data, size_t len);
