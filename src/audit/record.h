/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of a call, on its way to the disk: one allocation, that holds copies of all it needs. What can be left to the writer is: hashes of short outputs, hex digits,
 * the row's words.
 */
#pragma once
#include "audit/row.h"
#include <cordon/error.h>

/* What a call used: a set. */
enum audit_used {
    AUDIT_USED_NET = 1, AUDIT_USED_READ = 2, AUDIT_USED_WRITE = 4, AUDIT_USED_ENV = 8, AUDIT_USED_SECRET = 16, AUDIT_USED_MEMORY = 32, AUDIT_USED_CALL = 64, AUDIT_USED_EXEC = 128,
};
enum { AUDIT_SHA = 32, AUDIT_COPIED_MAX = 64 << 10 /* a longer output is hashed at once */ };

struct audit_told {
    const char *kind;                      /* AUDIT_CALL or AUDIT_STARTED */
    const char *invocation_id;             /* a UUID of version 7: when it began is in it */
    const char *skill, *version, *bot;     /* NULL: it has none */
    const char *tier;                      /* static */
    unsigned used;
    uint8_t input[AUDIT_SHA];              /* SHA-256 */
    /* Of a call that is over. */
    const char *outcome;                   /* static */
    const void *output;
    size_t output_len;
    uint64_t fuel, memory_peak, duration_ms, denials;
    bool success;
    const char *error_id, *error_words;    /* static; NULL: none */
    const void *guest_text;                /* what the guest itself said of it, kept as a hash; NULL: nothing */
    size_t guest_len;
};

struct audit_record {
    struct audit_record *next;             /* of whoever has it */
    bool urgent;                           /* somebody waits for it: `done` is called when it is on disk, or cannot be (then with why, borrowed); on the writer's thread */
    void (*done)(void *data, const cordon_error *why);
    void *data;
    size_t bytes;                          /* that it takes */
    struct audit_told told;                /* its texts are behind it; `output` is NULL once it is hashed */
    uint8_t output_sha[AUDIT_SHA], guest_sha[AUDIT_SHA];
    uint64_t lost;                         /* of a row that says that so many are missing */
    char text[];
};

/* NULL without memory. */
struct audit_record *audit_record_new(const struct audit_told *t);
/* A row that says that `n` rows could not be written, or what else is missing; `words` is static. */
struct audit_record *audit_record_lost(uint64_t n, const char *words);
void audit_record_free(struct audit_record *r); /* NULL allowed */

/* Where the texts of a row are while it is written. */
struct audit_texts { char input[AUDIT_HEX], output[AUDIT_HEX], timestamp[32], used[128], error[512]; };
/* The row it is to be, but for number and link. Texts lie in `t` and in the record. Hashes what was left to be. */
void audit_record_row(const struct audit_record *r, struct audit_texts *t, struct audit_row *ret);

/* RFC 3339 with milliseconds. */
void audit_time(uint64_t wall_ms, char ret[32]);
