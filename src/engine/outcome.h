/* SPDX-License-Identifier: Apache-2.0
 *
 * What a call leaves behind: plain data, filled by the call that embeds it and read through include/cordon/outcome.h. Immutable once the call is over.
 */
#pragma once
#include "base/buf.h"
#include <cordon/limits.h>
#include <cordon/outcome.h>

enum { OUTCOME_DENIALS_MAX = 64, OUTCOME_FRAMES_MAX = 64, OUTCOME_FRAME_BYTES = 128, OUTCOME_MESSAGE_MAX = 4096 };

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_line { enum log_level level; uint32_t start; };  /* NUL-terminated at outcome.log_text + start */

struct outcome_denial {
    const char *capability;   /* static */
    const char *reason;       /* static */
    char *wanted;             /* owned; escaped */
    uint64_t count;
};

struct limit_set { uint64_t value[CORDON_LIMIT_COUNT]; const char *origin[CORDON_LIMIT_COUNT]; };

struct cordon_outcome {
    enum cordon_outcome_kind kind;
    enum cordon_output_kind output_kind;
    struct buf output;
    char *message, *hint, *err_json;       /* owned or NULL */
    const char *trap;                      /* static or NULL */
    char *frames[OUTCOME_FRAMES_MAX];
    size_t n_frames;
    uint64_t usage[CORDON_USAGE_COUNT];
    const struct limit_set *limits;        /* of the call's spec, which lives as long */
    struct buf log_text;
    struct log_line *log;
    size_t n_log, log_cap;
    uint64_t log_dropped;
    struct outcome_denial *denials;
    size_t n_denials;
    uint64_t denials_dropped;
    const char *skill;
    const char *version;                   /* of the installed skill; NULL: it was no installed one */
    enum cordon_tier tier;
    char invocation_id[37];
    /* Releases the call the outcome is part of. */
    void (*release)(cordon_outcome *);
};

/* Frees what the outcome owns; never the object. */
void outcome_finish(struct cordon_outcome *o);
/* Adds a log line within the caps of `limits`; beyond them it is counted as dropped. Control characters other than newline and tab stay; bytes that are not UTF-8 become U+FFFD. */
void outcome_log(struct cordon_outcome *o, enum log_level level, const char *text, size_t len);
enum log_level outcome_log_level(const char *name, size_t len);
/* `capability` and `reason` are static. */
void outcome_deny(struct cordon_outcome *o, const char *capability, const char *wanted, size_t wanted_len, const char *reason);
/* Sets message (escaped, capped). */
void outcome_say(struct cordon_outcome *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void outcome_hint(struct cordon_outcome *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
