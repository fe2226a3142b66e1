/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record.h"

#include "base/clock.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(AUDIT_SHA == crypto_hash_sha256_BYTES, "SHA-256");

static size_t room_of(const char *s) { return s ? strlen(s) + 1 : 0; }

/* Copies it behind what is there; NULL stays NULL. */
static const char *put(char **at, const char *s)
{
    if (!s)
        return NULL;
    size_t len = strlen(s) + 1;
    char *copy = *at;
    memcpy(copy, s, len);
    *at += len;
    return copy;
}

struct audit_record *audit_record_new(const struct audit_told *t)
{
    size_t copied = t->output && t->output_len <= AUDIT_COPIED_MAX ? t->output_len : 0;
    size_t bytes = sizeof(struct audit_record) + room_of(t->invocation_id) + room_of(t->skill) + room_of(t->version) + room_of(t->bot) + copied;
    struct audit_record *r = malloc(bytes);
    if (!r)
        return NULL;
    *r = (struct audit_record){.bytes = bytes, .told = *t};
    char *at = r->text;
    r->told.invocation_id = put(&at, t->invocation_id);
    r->told.skill = put(&at, t->skill);
    r->told.version = put(&at, t->version);
    r->told.bot = put(&at, t->bot);
    r->told.output = NULL;
    if (t->output && t->output_len > AUDIT_COPIED_MAX)
        crypto_hash_sha256(r->output_sha, t->output, t->output_len);
    else if (t->output)
        r->told.output = memcpy(at, t->output, t->output_len);
    if (t->guest_text)
        crypto_hash_sha256(r->guest_sha, t->guest_text, t->guest_len);
    return r;
}

struct audit_record *audit_record_lost(uint64_t n, const char *words)
{
    struct audit_record *r = audit_record_new(&(struct audit_told){.kind = AUDIT_LOST, .error_id = "lost", .error_words = words});
    if (r)
        r->lost = n;
    return r;
}

void audit_record_free(struct audit_record *r) { free(r); }

/* ---- as a row ---- */

void audit_time(uint64_t wall_ms, char ret[32])
{
    char seconds[CLOCK_TEXT];
    clock_write(wall_ms, seconds);
    snprintf(ret, 32, "%.19s.%03uZ", seconds, (unsigned)(wall_ms % 1000));
}

/* A UUID of version 7 begins with the time it was made. */
static uint64_t time_of(const char *id)
{
    uint64_t ms = 0;
    for (int digits = 0; *id && digits < 12; id++) {
        if (*id == '-')
            continue;
        ms = ms << 4 | (uint64_t)(*id <= '9' ? *id - '0' : *id - 'a' + 10);
        digits++;
    }
    return ms;
}

static void write_used(unsigned used, char ret[128])
{
    static const char *const names[] = {"net", "read", "write", "env", "secret", "memory", "call", "exec"};
    size_t len = 0;
    ret[len++] = '[';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (used & 1u << i)
            len += (size_t)snprintf(ret + len, 128 - len, "%s\"%s\"", len > 1 ? "," : "", names[i]);
    snprintf(ret + len, 128 - len, "]");
}

static void write_error(const struct audit_record *r, char ret[512])
{
    const struct audit_told *t = &r->told;
    char hex[AUDIT_HEX];
    if (r->lost)
        snprintf(ret, 512, "%s: %" PRIu64 " %s", t->error_id, r->lost, t->error_words);
    else if (t->guest_text) {
        sodium_bin2hex(hex, sizeof hex, r->guest_sha, AUDIT_SHA);
        snprintf(ret, 512, "%s: %.380s (sha256:%s)", t->error_id, t->error_words, hex);
    } else
        snprintf(ret, 512, "%s: %.380s", t->error_id, t->error_words);
}

static int64_t whole(uint64_t n) { return n > INT64_MAX ? INT64_MAX : (int64_t)n; }

static void fill_ending(const struct audit_record *r, struct audit_texts *texts, struct audit_row *row)
{
    const struct audit_told *t = &r->told;
    uint8_t sha[AUDIT_SHA];
    memcpy(sha, r->output_sha, sizeof sha);
    if (t->output || t->output_len == 0)
        crypto_hash_sha256(sha, t->output ? t->output : "", t->output ? t->output_len : 0);
    sodium_bin2hex(texts->output, sizeof texts->output, sha, sizeof sha);
    audit_row_text(row, AUDIT_AT_output_hash, texts->output);
    audit_row_number(row, AUDIT_AT_fuel_consumed, whole(t->fuel));
    audit_row_number(row, AUDIT_AT_memory_peak_bytes, whole(t->memory_peak));
    audit_row_number(row, AUDIT_AT_duration_ms, whole(t->duration_ms));
    audit_row_number(row, AUDIT_AT_success, t->success);
    audit_row_number(row, AUDIT_AT_denials, whole(t->denials));
    audit_row_text(row, AUDIT_AT_outcome, t->outcome);
}

void audit_record_row(const struct audit_record *r, struct audit_texts *texts, struct audit_row *row)
{
    const struct audit_told *t = &r->told;
    *row = (struct audit_row){0};
    audit_row_text(row, AUDIT_AT_kind, t->kind);
    audit_time(t->invocation_id ? time_of(t->invocation_id) : clock_wall_ms(), texts->timestamp);
    audit_row_text(row, AUDIT_AT_timestamp, texts->timestamp);
    if (t->error_id) {
        write_error(r, texts->error);
        audit_row_text(row, AUDIT_AT_error, texts->error);
    }
    if (!t->invocation_id)
        return;
    sodium_bin2hex(texts->input, sizeof texts->input, t->input, AUDIT_SHA);
    write_used(t->used, texts->used);
    audit_row_text(row, AUDIT_AT_invocation_id, t->invocation_id);
    audit_row_text(row, AUDIT_AT_skill_name, t->skill);
    audit_row_text(row, AUDIT_AT_skill_version, t->version);
    audit_row_text(row, AUDIT_AT_trust_tier, t->tier);
    audit_row_text(row, AUDIT_AT_capabilities_used, texts->used);
    audit_row_text(row, AUDIT_AT_input_hash, texts->input);
    audit_row_text(row, AUDIT_AT_bot_id, t->bot);
    if (t->outcome)
        fill_ending(r, texts, row);
}
