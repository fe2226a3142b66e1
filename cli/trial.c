/* SPDX-License-Identifier: Apache-2.0 */
#include "trial.h"

#include "cleanup.h"
#include <string.h>

static const char *text_at(const json_t *one, const char *key)
{
    return json_string_value(json_object_get(one, key));
}

/* ---- the request ---- */

/* At most: a case lowers what is in force, so that its manifest is tested too. */
static int set_limit(const struct trial_setup *s, const json_t *one, const char *key, enum cordon_limit limit, cordon_request *req, cordon_error **err)
{
    const char *text = text_at(one, key);
    uint64_t value;
    int rc = text ? cordon_host_opts_parse_limit(s->opts, s->tier, limit, text, &value, err) : 0;
    if (!text || rc < 0)
        return rc;
    const json_t *now = json_object_get(json_object_get(s->limits, key), "value");
    return now && value >= (uint64_t)json_integer_value(now) ? 0 : cordon_request_set_limit(req, limit, value, "the case", err);
}

static int give_files(const json_t *one, cordon_request *req, cordon_error **err)
{
    const json_t *row;
    size_t i;
    json_array_foreach(json_object_get(one, "files"), i, row) {
        cleanup_free char *grant = NULL;
        if (asprintf(&grant, "read=%s::%s", text_at(row, "path"), text_at(row, "guest")) < 0) {
            grant = NULL;
            return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
        }
        int rc = cordon_request_allow(req, grant, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int give_env(const json_t *one, cordon_request *req, cordon_error **err)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(one, "env"), name, value) {
        int rc = cordon_request_set_env(req, name, json_string_value(value), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A grant of a case is like one on the command line, and so is the operator's word on those. */
static int give_grants(const struct trial_setup *s, const json_t *one, cordon_request *req, cordon_error **err)
{
    bool any = s->n_grants || json_array_size(json_object_get(one, "files")) || json_object_size(json_object_get(one, "env"));
    if (any && !cordon_host_opts_flags(s->opts))
        return cordon_error_set(err, CORDON_E_NOT_GRANTED, text_at(one, "name"), "The settings decide (`[policy] flags`); `cordon doctor` shows which file says so.",
                                "the settings let no case grant anything");
    int rc = give_files(one, req, err);
    if (rc == 0)
        rc = give_env(one, req, err);
    for (int i = 0; rc == 0 && i < s->n_grants; i++)
        rc = cordon_request_allow(req, s->grants[i], err);
    return rc;
}

static int give_words(const json_t *one, cordon_request *req, cordon_error **err)
{
    const json_t *input = json_object_get(one, "input"), *args = json_object_get(one, "args"), *word;
    size_t i;
    int rc = input ? cordon_request_set_input(req, json_string_value(input), json_string_length(input), err) : 0;
    if (rc == 0 && args)
        rc = cordon_request_set_args(req, json_string_value(args), json_string_length(args), err);
    json_array_foreach(json_object_get(one, "argv"), i, word)
        if (rc == 0)
            rc = cordon_request_add_arg(req, json_string_value(word), err);
    return rc;
}

static int run_request(const struct trial_setup *s, const json_t *one, cordon_outcome **ret, cordon_error **err)
{
    cleanup_request cordon_request *req = NULL;
    int rc = cordon_request_new(s->skill, text_at(one, "export"), &req, err);
    if (rc < 0 || (rc = give_grants(s, one, req, err)) < 0 || (rc = set_limit(s, one, "fuel", CORDON_LIMIT_FUEL, req, err)) < 0 ||
        (rc = set_limit(s, one, "memory", CORDON_LIMIT_MEMORY_BYTES, req, err)) < 0 || (rc = give_words(one, req, err)) < 0)
        return rc;
    return cordon_request_run(req, ret, err);
}

/* ---- judging ---- */

static bool is_same(const json_t *answer, const json_t *expected)
{
    if (json_equal(answer, expected))
        return true;
    if (!json_is_string(expected) || json_is_string(answer))
        return false;
    cleanup_json json_t *meant = json_loadb(json_string_value(expected), json_string_length(expected), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    return meant && json_equal(answer, meant);
}

/* A text may have the line break that an editor puts behind it. */
static bool is_snapshot(const json_t *answer, const json_t *snapshot)
{
    size_t len = json_string_length(answer), n = json_string_length(snapshot);
    const char *text = json_string_value(snapshot);
    if (!json_is_string(answer))
        return is_same(answer, snapshot);
    return (n == len || (n == len + 1 && text[len] == '\n')) && memcmp(text, json_string_value(answer), len) == 0;
}

static void judge_answer(const json_t *one, struct trial *t)
{
    const json_t *output = json_object_get(one, "output"), *snapshot = json_object_get(one, "snapshot");
    const char *part = text_at(one, "contains");
    cleanup_free char *text = trial_snapshot(t->answer, NULL);
    if (output && !is_same(t->answer, output)) {
        snprintf(t->why, sizeof t->why, "the answer is not the one expected");
        t->expected = output;
    } else if (part && !(text && strstr(text, part))) {
        snprintf(t->why, sizeof t->why, "the answer does not contain: %s", part);
    } else if (snapshot && !is_snapshot(t->answer, snapshot)) {
        snprintf(t->why, sizeof t->why, "the answer is not that of tests/%s.out", t->name);
        t->expected = snapshot;
        t->is_fresh = true;
    } else {
        t->is_fresh = !snapshot && !output && !part;
    }
}

static void judge(const json_t *one, const char *message, struct trial *t)
{
    const char *expect = text_at(one, "expect"), *error = text_at(one, "error");
    if (strcmp(expect, t->outcome) != 0)
        snprintf(t->why, sizeof t->why, "it ended as %s, not %s%s%s", t->outcome, expect, message ? ": " : "", message ? message : "");
    else if (error && !(message && strstr(message, error)))
        snprintf(t->why, sizeof t->why, "its error is another one: %s", message ? message : "there is none");
    else if (t->answer && strcmp(expect, "ok") == 0)
        judge_answer(one, t);
}

/* ---- both ---- */

static int take_answer(struct trial *t, cordon_error **err)
{
    cleanup_text char *text = NULL;
    int rc = cordon_outcome_json(t->result, &text, err);
    if (rc < 0)
        return rc;
    cleanup_json json_t *whole = json_loads(text, JSON_ALLOW_NUL, NULL);
    t->answer = json_incref(json_object_get(whole, "output"));
    return 0;
}

int trial_run(const struct trial_setup *s, const json_t *one, struct trial *ret, cordon_error **err)
{
    cleanup_error cordon_error *why = NULL;
    *ret = (struct trial){.name = text_at(one, "name"), .outcome = "not-started"};
    if (run_request(s, one, &ret->result, &why) < 0) {
        judge(one, cordon_error_message(why), ret);
        return 0;
    }
    ret->outcome = cordon_outcome_name(cordon_outcome_kind(ret->result));
    int rc = take_answer(ret, err);
    if (rc == 0)
        judge(one, cordon_outcome_message(ret->result), ret);
    return rc;
}

void trial_finish(struct trial *t)
{
    json_decref(t->answer);
    cordon_outcome_free(t->result);
}

char *trial_snapshot(const json_t *answer, size_t *ret_len)
{
    char *text = NULL;
    int len = -1;
    if (json_is_string(answer)) {
        size_t n = json_string_length(answer);
        text = malloc(n + 1);
        if (text)
            memcpy(text, json_string_value(answer), n + 1);
        len = (int)n;
    } else {
        char *json = json_dumps(answer, JSON_INDENT(2) | JSON_ENCODE_ANY);
        len = json ? asprintf(&text, "%s\n", json) : -1;
        text = len < 0 ? NULL : text;
        free(json);
    }
    if (ret_len)
        *ret_len = text ? (size_t)len : 0;
    return text;
}
