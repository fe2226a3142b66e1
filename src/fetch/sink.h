/* SPDX-License-Identifier: Apache-2.0
 * Where bytes go: a descriptor, counted and hashed on the way, never more than was promised. And where they come from. */
#pragma once
#include <cordon/error.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink {
    int fd;
    uint64_t max;         /* the most that may come */
    bool exact;           /* exactly `max` were promised */
    const char *shown;    /* whose bytes, for messages */
    uint64_t len;
    uint8_t head[4];      /* the first bytes */
    crypto_hash_sha256_state hash;
};

void sink_init(struct sink *s, int fd, uint64_t max, const char *shown);
/* TOO_LARGE, or DIGEST_MISMATCH where it was promised otherwise. */
int sink_too_much(const struct sink *s, cordon_error **err);
/* As sink_too_much; IO. */
int sink_take(struct sink *s, const void *bytes, size_t len, cordon_error **err);
/* DIGEST_MISMATCH if fewer came than were promised. */
int sink_end(struct sink *s, uint8_t ret_sha256[32], cordon_error **err);

struct source {
    int fd;               /* a regular file, read by position */
    uint64_t len;
};
