/* What cordon-skill.h does, seen from outside: the first word of the input says what to do with the rest. */
#include "skill_plugin.h"
#include "cordon-skill.h"

CORDON_SKILL("c-sdk", "Tries cordon-skill.h.")

static void write_value(struct cordon_out *o, struct cordon_json j);

static void write_list(struct cordon_out *o, struct cordon_json j, bool is_object)
{
    struct cordon_json_walk w = cordon_json_walk(j);
    struct cordon_text key;
    is_object ? cordon_out_object(o) : cordon_out_array(o);
    while (cordon_json_next(&w)) {
        if (is_object && cordon_json_text(w.key, &key)) {
            cordon_out_key(o, key);
            cordon_free(key);
        }
        write_value(o, w.value);
    }
    cordon_out_end(o);
}

static void write_number(struct cordon_out *o, struct cordon_json j)
{
    int64_t whole;
    double any;
    if (cordon_json_int(j, INT64_MIN, INT64_MAX, &whole))
        cordon_out_int(o, whole);
    else if (cordon_json_double(j, &any))
        cordon_out_double(o, any);
}

static void write_value(struct cordon_out *o, struct cordon_json j)
{
    struct cordon_text text;
    bool is = false;
    switch (cordon_json_kind(j)) {
    case CORDON_JSON_OBJECT: return write_list(o, j, true);
    case CORDON_JSON_ARRAY: return write_list(o, j, false);
    case CORDON_JSON_NUMBER: return write_number(o, j);
    case CORDON_JSON_BOOL: return (void)cordon_json_bool(j, &is), cordon_out_bool(o, is);
    case CORDON_JSON_TEXT:
        if (cordon_json_text(j, &text)) {
            cordon_out_text(o, text);
            cordon_free(text);
        }
        return;
    default: return cordon_out_null(o);
    }
}

static bool json(struct cordon_text rest, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_json j;
    struct cordon_out out = {0};
    if (!cordon_json(rest, &j, err))
        return false;
    write_value(&out, j);
    return cordon_done(&out, ret, err);
}

/* Bytes of hexadecimal digits: what no input of a component can hold. */
static bool bytes(struct cordon_text rest, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_out out = {0};
    struct cordon_text raw = {malloc(rest.len), 0};
    for (size_t i = 0; i + 1 < rest.len; i += 2) {
        char two[3] = {rest.ptr[i], rest.ptr[i + 1], 0};
        raw.ptr[raw.len++] = (char)strtol(two, NULL, 16);
    }
    struct cordon_json j;
    if (raw.len && *raw.ptr == '"')
        return cordon_json(raw, &j, err) && cordon_give(ret, "taken");
    cordon_out_text(&out, raw);
    return cordon_done(&out, ret, err);
}

static bool print(skill_plugin_string_t *err)
{
    return cordon_fail(err, "%s|%.*s|%c|%d|%i|%u|%ld|%lu|%lld|%llu|%zu|%zd|%%|%d", "text", 2, "cut", 'x', -1, INT32_MIN, UINT32_MAX, -2L, 2UL, (long long)INT64_MIN,
                       (unsigned long long)UINT64_MAX, (size_t)7, (ptrdiff_t)-7, 0);
}

/* Everything that can be written in a wrong order. */
static bool wrong(struct cordon_text rest, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_out out = {0};
    for (size_t i = 0; i < rest.len; i++)
        switch (rest.ptr[i]) {
        case '{': cordon_out_object(&out); break;
        case '[': cordon_out_array(&out); break;
        case 'e': cordon_out_end(&out); break;
        case 'k': cordon_out_key(&out, "k"); break;
        case '1': cordon_out_int(&out, 1); break;
        default: break;
        }
    return cordon_done(&out, ret, err);
}

static bool context(skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_context c = cordon_context();
    struct cordon_texts memories = cordon_recall_memory("anything", 5);
    struct cordon_out out = {0};
    cordon_out_object(&out);
    cordon_out_key(&out, "skill");
    cordon_out_text(&out, c.skill_name);
    cordon_out_key(&out, "bot");
    cordon_out_text(&out, c.bot_slug);
    cordon_out_key(&out, "id");
    cordon_out_text(&out, c.invocation_id);
    cordon_out_key(&out, "memories");
    cordon_out_array(&out);
    for (size_t i = 0; i < memories.len; i++)
        cordon_out_text(&out, memories.ptr[i]);
    cordon_out_end(&out);
    cordon_out_end(&out);
    cordon_texts_free(&memories);
    return cordon_done(&out, ret, err);
}

static bool write_and_read(struct cordon_text path, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    return cordon_write_file(path, "written\n", err) && cordon_read_file(path, ret, err);
}

/* The bindings' own function and this header's, of one import. */
static bool both(skill_plugin_string_t *ret)
{
    skill_plugin_string_t level, words;
    cordon_give(&level, "warn");
    cordon_give(&words, "by the bindings");
    boternity_skill_host_log(&level, &words);
    cordon_log("info", "by the header: %d", 1);
    return cordon_give(ret, "logged");
}

bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_text all = cordon_text(input), verb = {all.ptr, 0}, rest, body;
    while (verb.len < all.len && all.ptr[verb.len] != ' ')
        verb.len++;
    rest = verb.len < all.len ? (struct cordon_text){all.ptr + verb.len + 1, all.len - verb.len - 1} : (struct cordon_text){all.ptr + all.len, 0};
    if (cordon_is(verb, "json"))
        return json(rest, ret, err);
    if (cordon_is(verb, "bytes"))
        return bytes(rest, ret, err);
    if (cordon_is(verb, "print"))
        return print(err);
    if (cordon_is(verb, "wrong"))
        return wrong(rest, ret, err);
    if (cordon_is(verb, "context"))
        return context(ret, err);
    if (cordon_is(verb, "get"))
        return cordon_http_get(rest, ret, err);
    if (cordon_is(verb, "post"))
        return cordon_http_post(rest, "a body", &body, err) && cordon_give(ret, body);
    if (cordon_is(verb, "file"))
        return write_and_read(rest, ret, err);
    if (cordon_is(verb, "env"))
        return cordon_read_env(rest, ret, err);
    if (cordon_is(verb, "secret"))
        return cordon_get_secret(rest, ret, err);
    if (cordon_is(verb, "both"))
        return both(ret);
    return cordon_fail(err, "no such verb: %.*s", CORDON_ARG(verb));
}
