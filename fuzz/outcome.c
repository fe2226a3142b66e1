/* SPDX-License-Identifier: Apache-2.0
 *
 * What a guest says into its outcome, and the JSON of it. Two bytes bound the log (bytes, lines); then each line is an entry by its first letter: a log line (l, with a letter
 * for its level), a denial (d), a message (m), a hint (h); o, j and b make it the output, as text, JSON or bytes.
 */
#include "fuzz.h"

#include "base/text.h"
#include "engine/outcome.h"
#include <jansson.h>

static void put_output(struct cordon_outcome *o, enum cordon_output_kind kind, const char *text, size_t len)
{
    json_t *j = kind == CORDON_OUTPUT_JSON ? json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    bool fits = kind == CORDON_OUTPUT_JSON ? j != NULL : kind == CORDON_OUTPUT_BYTES || text_is_utf8(text, len);
    json_decref(j);
    buf_finish(&o->output);
    o->output_kind = CORDON_OUTPUT_NONE;
    if (fits && buf_add(&o->output, text, len) == 0)
        o->output_kind = kind;
}

static void entry(struct cordon_outcome *o, const char *line, size_t len)
{
    static const char *const capabilities[] = {"net", "read"};
    char c = *line;
    const char *text = line + (len ? 1 : 0);
    size_t n = len ? len - 1 : 0;
    switch (c) {
    case 'l': outcome_log(o, n ? (enum log_level)((unsigned char)*text % (LOG_ERROR + 1)) : LOG_INFO, text + (n ? 1 : 0), n ? n - 1 : 0); break;
    case 'd': outcome_deny(o, capabilities[n % 2], text, n, "not-granted"); break;
    case 'm': outcome_say(o, "%.*s", (int)n, text); break;
    case 'h': outcome_hint(o, "%.*s", (int)n, text); break;
    case 'o': put_output(o, CORDON_OUTPUT_TEXT, text, n); break;
    case 'j': put_output(o, CORDON_OUTPUT_JSON, text, n); break;
    case 'b': put_output(o, CORDON_OUTPUT_BYTES, text, n); break;
    default: outcome_log_level(text, n); break;
    }
}

static void check_log(const struct cordon_outcome *o)
{
    size_t at = 0;
    HOLDS(o->n_log <= o->limits->value[CORDON_LIMIT_LOG_LINES] && o->log_text.len <= o->limits->value[CORDON_LIMIT_LOG_BYTES]);
    HOLDS(!o->log_text.data || o->log_text.data[o->log_text.len] == '\0');
    for (size_t i = 0; i < o->n_log; i++) {
        const char *level, *message;
        HOLDS(cordon_outcome_log(o, i, &level, &message));
        HOLDS(o->log[i].start == at && fuzz_is_utf8(message, strlen(message)));
        at += strlen(message) + 1;
    }
    HOLDS(at == o->log_text.len);
}

static void check_denials(const struct cordon_outcome *o)
{
    HOLDS(o->n_denials <= OUTCOME_DENIALS_MAX);
    for (size_t i = 0; i < o->n_denials; i++) {
        const char *capability, *wanted, *reason;
        uint64_t count;
        HOLDS(cordon_outcome_denial(o, i, &capability, &wanted, &reason, &count) && count > 0);
        HOLDS(fuzz_is_harmless(wanted, strlen(wanted)));
    }
}

static void check_json(const struct cordon_outcome *o)
{
    char *text = NULL;
    HOLDS(cordon_outcome_json(o, &text, NULL) == 0 && !strchr(text, '\n'));
    json_t *j = json_loads(text, JSON_ALLOW_NUL, NULL);
    HOLDS(j && json_array_size(json_object_get(j, "log")) == o->n_log + (o->log_dropped > 0));
    HOLDS(json_array_size(json_object_get(j, "denials")) == o->n_denials);
    json_decref(j);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    struct limit_set limits = {.value = {[CORDON_LIMIT_FUEL] = UINT64_MAX}};
    struct cordon_outcome o = {.kind = CORDON_OUTCOME_ERR, .skill = "fuzz", .limits = &limits, .invocation_id = "0"};
    limits.value[CORDON_LIMIT_LOG_BYTES] = feed_byte(&f);
    limits.value[CORDON_LIMIT_LOG_LINES] = feed_byte(&f);
    buf_init(&o.log_text, limits.value[CORDON_LIMIT_LOG_BYTES]);
    buf_init(&o.output, 4096);
    while (f.left) {
        size_t len;
        char *line = feed_line(&f, &len);
        entry(&o, line, len);
        free(line);
    }
    check_log(&o);
    check_denials(&o);
    HOLDS(!o.message || fuzz_is_harmless(o.message, strlen(o.message)));
    HOLDS(!o.hint || fuzz_is_harmless(o.hint, strlen(o.hint)));
    check_json(&o);
    outcome_finish(&o);
    return 0;
}
