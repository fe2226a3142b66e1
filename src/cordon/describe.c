/* SPDX-License-Identifier: Apache-2.0
 * What a skill is, for people (`inspect`) and for models (`tools`). */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/installed.h"
#include "wit/schema.h"

#include <string.h>

enum { TYPE_TEXT_MAX = 64 * 1024 };

static const json_t *docs_of(const cordon_skill *s, const char *export_name)
{
    return json_object_get(json_object_get(json_object_get(s->meta, "docs"), "functions"), export_name);
}

/* Lays the doc comments on the component's types, once per skill: afterwards they are read without a lock. Calls never look at docs. */
static void lay_docs(cordon_skill *s)
{
    pthread_mutex_lock(&s->host->lock);
    for (size_t i = 0; !s->docs_laid && i < s->component->n_exports; i++) {
        struct component_export *ex = &s->component->exports[i];
        const json_t *docs = docs_of(s, ex->func.name);
        if (docs && !ex->why_not)
            schema_add_docs(&ex->func, docs);
    }
    s->docs_laid = true;
    pthread_mutex_unlock(&s->host->lock);
}

static json_t *type_text(const struct component_export *ex)
{
    struct buf b;
    buf_init(&b, TYPE_TEXT_MAX);
    wit_func_text(&b, &ex->func);
    json_t *j = b.full || !b.data ? json_string("a type too long to show") : json_string(b.data);
    buf_finish(&b);
    return j;
}

static json_t *schema_or_null(int rc, json_t *schema, cordon_error *why, json_t *warnings, const char *name)
{
    if (rc == 0)
        return schema;
    json_array_append_new(warnings, json_sprintf("%s: %s", name, cordon_error_message(why)));
    cordon_error_free(why);
    return json_null();
}

/* What a skill of the blufio ABI is called with: any JSON, which it reads with get_input. */
static bool takes_json(const struct component *c, const struct component_export *ex) { return c->is_blufio && !strcmp(ex->func.name, "run"); }

static int params_schema(const struct component *c, const struct component_export *ex, json_t **ret, cordon_error **err)
{
    if (!takes_json(c, ex))
        return schema_of_params(&ex->func, ret, err);
    *ret = json_pack("{s:s, s:{s:{s:s}}, s:b}", "type", "object", "properties", "input", "description", "What the skill works on, as any JSON.", "additionalProperties", 0);
    return *ret ? 0 : err_nomem(err);
}

static json_t *params_json(const struct component *c, const struct component_export *ex, json_t *warnings)
{
    json_t *schema = NULL;
    cordon_error *why = NULL;
    int rc = params_schema(c, ex, &schema, &why);
    return schema_or_null(rc, schema, why, warnings, ex->func.name);
}

static json_t *result_json(const struct component_export *ex, json_t *warnings)
{
    json_t *schema = NULL;
    cordon_error *why = NULL;
    if (!ex->func.result)
        return json_null();
    int rc = schema_of_type(ex->func.result, &schema, &why);
    return schema_or_null(rc, schema, why, warnings, ex->func.name);
}

static json_t *export_json(const struct component *c, const struct component_export *ex, json_t *warnings)
{
    bool typed = ex->func.params != NULL;
    return json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "name", ex->func.name, "type", typed ? type_text(ex) : json_null(), "callable", ex->why_not == NULL, "why_not",
                     ex->why_not ? json_string(ex->why_not) : json_null(), "docs", ex->func.docs ? json_string(ex->func.docs) : json_null(), "params",
                     ex->why_not ? json_null() : params_json(c, ex, warnings), "result", ex->why_not ? json_null() : result_json(ex, warnings));
}

static json_t *exports_json(const struct component *c, json_t *warnings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_exports; i++)
        json_array_append_new(list, export_json(c, &c->exports[i], warnings));
    return list;
}

static json_t *imports_json(const struct component *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_imports; i++)
        json_array_append_new(list, json_pack("{s:s, s:b}", "name", c->imports[i].name, "offered", 1));
    return list;
}

static bool has_string(const json_t *list, const char *s)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), s))
            return true;
    return false;
}

static json_t *grant_json(const struct grant *g)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 2 * GRANT_TEXT_MAX);
    return grant_print(&b, g) == 0 ? json_string(b.data) : NULL;
}

static json_t *words_json(const struct grant *g)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 2 * GRANT_TEXT_MAX);
    return grant_words(&b, g) == 0 ? json_string(b.data) : NULL;
}

static json_t *grants_json(const struct grants *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < g->n; i++)
        json_array_append_new(list, grant_json(&g->item[i]));
    return list;
}

/* Of an installed one what its parents ask for is asked for, too. */
static json_t *asks_json(const cordon_skill *s, const struct said *said)
{
    const struct component *c = s->component;
    const struct grants *asks = said && said->asks ? said->asks : s->manifest ? s->manifest->asks : NULL;
    if (asks)
        return grants_json(asks);
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_imports; i++)
        if (c->imports[i].asks && !has_string(list, c->imports[i].asks))
            json_array_append_new(list, json_string(c->imports[i].asks));
    for (size_t i = 0; i < c->host_asks.n; i++)
        if (!has_string(list, c->host_asks.kind[i]))
            json_array_append_new(list, json_string(c->host_asks.kind[i]));
    return list;
}

static bool exports(const struct component *c, const char *name)
{
    for (size_t i = 0; i < c->n_exports; i++)
        if (!strcmp(c->exports[i].func.name, name))
            return true;
    return false;
}

static const char *world_of(const struct component *c)
{
    if (c->is_skill_world || c->is_blufio)
        return c->is_blufio ? "blufio" : "skill";
    for (size_t i = 0; i < c->n_exports; i++) {
        if (c->exports[i].is_command)
            return "command";
        if (!strncmp(c->exports[i].func.name, "wasi:http/incoming-handler@", 27))
            return "http";
    }
    return "custom";
}

static json_t *missing_json(const struct component *c)
{
    json_t *list = json_array();
    static const char *const wanted[] = {"get-name", "get-description"};
    for (size_t i = 0; c->is_skill_world && !c->text && i < 2; i++)
        if (!exports(c, wanted[i]))
            json_array_append_new(list, json_string(wanted[i]));
    return list;
}

static json_t *number(uint64_t v) { return v > INT64_MAX ? json_null() : json_integer((json_int_t)v); }

/* What was cut to the ceiling is said, and told as a warning. `said` NULL: an artifact's. */
static json_t *limit_json(const cordon_skill *s, const struct said *said, enum cordon_limit l, json_t *warnings)
{
    enum { TEXT = 48 };
    const struct skill_limit limit = said ? (struct skill_limit){.value = said->limits.value[l], .origin = said->limits.origin[l]} : skill_limit(s, l);
    uint64_t ceiling = s->host->opts.ceiling[s->tier][l];
    char wanted[TEXT], cut[TEXT];
    if (limit.wanted) {
        cordon_limit_format(l, limit.wanted, wanted, sizeof wanted);
        cordon_limit_format(l, limit.value, cut, sizeof cut);
        json_array_append_new(warnings, json_sprintf("%s asks for %s %s; it is cut to the ceiling of the %s tier, which is %s", manifest_file(s->manifest->format),
                                                     cordon_limit_name(l), wanted, cordon_tier_name(s->tier), cut));
    }
    return json_pack("{s:o, s:s, s:o, s:o}", "value", number(limit.value), "origin", limit.origin, "ceiling", number(ceiling), "wanted",
                     limit.wanted ? number(limit.wanted) : json_null());
}

static json_t *limits_json(const cordon_skill *s, const struct said *said, json_t *warnings)
{
    json_t *all = json_object();
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        json_object_set_new(all, cordon_limit_name((enum cordon_limit)l), limit_json(s, said, (enum cordon_limit)l, warnings));
    return all;
}

static json_t *list_json(const struct manifest_list *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(list, json_string(l->item[i]));
    return list;
}

static json_t *needs_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_needs; i++)
        json_array_append_new(list, json_pack("{s:s, s:s?}", "name", m->needs[i].name, "requirement", m->needs[i].requirement));
    return list;
}

static json_t *ask_words_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->asks->n; i++) {
        const struct grant *g = &m->asks->item[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:b}", "grant", grant_json(g), "words", words_json(g), "needs_word", grant_wants_own_word(g)));
    }
    return list;
}

static json_t *manifest_json(const struct manifest *m, json_t *warnings)
{
    if (!m)
        return json_null();
    for (size_t i = 0; i < m->warnings.n; i++)
        json_array_append_new(warnings, json_string(m->warnings.item[i]));
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:o}", "file", manifest_file(m->format), "version", m->version, "description", m->description, "author",
                     m->author, "export", m->export_name, "trust_tier", m->has_tier ? cordon_tier_name(m->tier) : NULL, "parents", list_json(&m->parents), "dependencies",
                     needs_json(m), "asks", ask_words_json(m));
}

static const char *export_of(const cordon_skill *s) { return s->manifest ? s->manifest->export_name : NULL; }

static json_t *default_export(const cordon_skill *s)
{
    const struct component_export *ex;
    cordon_error *why = NULL;
    if (component_find(s->component, export_of(s), &ex, &why) == 0)
        return json_string(ex->func.name);
    cordon_error_free(why);
    return json_null();
}

static json_t *resources_json(const struct component *c)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "memories", (json_int_t)c->resources.memories, "tables", (json_int_t)c->resources.tables, "initial_memory_bytes",
                     (json_int_t)c->resources.max_initial_memory_bytes, "initial_table_elements", (json_int_t)c->resources.max_initial_table_elements);
}

static int describe(cordon_skill *s, const struct said *said, char **ret_json, cordon_error **err)
{
    const struct component *c = s->component;
    lay_docs(s);
    json_t *warnings = json_array();
    json_t *list = exports_json(c, warnings);
    json_t *j = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cordon", 1, "name", s->name, "tier", cordon_tier_name(s->tier),
                          "digest", s->digest, "kind", json_string_value(json_object_get(s->meta, "kind")) ? json_string_value(json_object_get(s->meta, "kind")) : "component",
                          "size_bytes", (json_int_t)s->size_bytes, "code_bytes", (json_int_t)s->code_bytes, "world", world_of(c), "imports", imports_json(c), "asks", asks_json(s, said),
                          "exports", list, "default_export", default_export(s), "missing", missing_json(c), "limits", limits_json(s, said, warnings), "manifest", manifest_json(s->manifest, warnings), "resources", resources_json(c), "warnings",
                          warnings);
    *ret_json = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return *ret_json ? 0 : err_nomem(err);
}

/* The skill whose code it is: itself, or what is in force behind a handle. */
static int code_of(const cordon_skill *skill, struct in_force *ret, cordon_error **err)
{
    cordon_skill *s = (cordon_skill *)(uintptr_t)skill;
    if (s->installed)
        return installed_now(s, ret, err);
    skill_ref(s);
    ret->skill = s;
    return 0;
}

int cordon_skill_describe(const cordon_skill *skill, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = code_of(skill, &f, err);
    return rc < 0 ? rc : describe(f.skill, f.said, ret_json, err);
}

static int print_wit(const cordon_skill *s, char **ret_text, cordon_error **err)
{
    const char *wit = json_string_value(json_object_get(s->meta, "wit"));
    if (s->component->text)
        return err_set(err, CORDON_E_BAD_ARTIFACT, s->name, "%s is a %s: it runs no code, and has no WIT", s->name, json_string_value(json_object_get(s->meta, "kind")));
    if (!wit)
        return err_set(err, CORDON_E_BAD_ARTIFACT, s->name, "the WIT of %s cannot be printed: the printer gave up on it", s->name);
    *ret_text = strdup(wit);
    return *ret_text ? 0 : err_nomem(err);
}

int cordon_skill_wit(const cordon_skill *skill, char **ret_text, cordon_error **err)
{
    err_wanted(err);
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = code_of(skill, &f, err);
    return rc < 0 ? rc : print_wit(f.skill, ret_text, err);
}

/* ---- tools ---- */

/* The one that a manifest names is the skill's only tool. */
static bool is_tool(const cordon_skill *s, const struct component_export *ex)
{
    const struct component *c = s->component;
    const struct component_export *named;
    if (ex->why_not || ex->is_command)
        return false;
    if (export_of(s))
        return component_find(c, export_of(s), &named, NULL) == 0 && named == ex;
    return !c->is_skill_world || (strcmp(ex->func.name, "get-name") && strcmp(ex->func.name, "get-description"));
}

static bool name_taken(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *tool = json_array_get(list, i), *f = json_object_get(tool, "function");
        const char *other = json_string_value(json_object_get(f ? f : tool, "name"));
        if (other && !strcmp(other, name))
            return true;
    }
    return false;
}

static int add_tool(const cordon_skill *s, const struct component_export *ex, enum tool_format format, json_t *list, cordon_error **err)
{
    char name[65];
    json_t *params = NULL, *tool = NULL;
    bool execute = s->component->is_skill_world && !strcmp(ex->func.name, "execute");
    bool run = takes_json(s->component, ex), is_whole = execute || run || export_of(s);
    schema_tool_name(is_whole ? s->name : ex->func.name, name);
    if (name_taken(list, name))
        return err_set(err, CORDON_E_BAD_ARTIFACT, ex->func.name, "two exports would be the tool %s; models could not tell them apart", name);
    int rc = params_schema(s->component, ex, &params, err);
    if (rc < 0)
        return rc;
    const char *said = is_whole && s->manifest && *s->manifest->description ? s->manifest->description : ex->func.docs;
    const char *docs = said ? said : execute ? "Runs the skill on a text." : run ? "Runs the skill." : "";
    rc = schema_tool(name, docs, params, format, &tool, err);
    json_decref(params);
    if (rc == 0)
        json_array_append_new(list, tool);
    return rc;
}

int cordon_skill_tools(const cordon_skill *skill, enum cordon_tool_format format, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    static const enum tool_format formats[] = {[CORDON_TOOLS_MCP] = TOOL_MCP, [CORDON_TOOLS_OPENAI] = TOOL_OPENAI, [CORDON_TOOLS_ANTHROPIC] = TOOL_ANTHROPIC};
    if ((unsigned)format >= sizeof formats / sizeof *formats)
        return err_set(err, CORDON_E_USAGE, NULL, "there is no tool format %d", (int)format);
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = code_of(skill, &f, err);
    if (rc < 0)
        return rc;
    cordon_skill *s = f.skill;
    lay_docs(s);
    json_t *list = json_array();
    for (size_t i = 0; rc == 0 && i < s->component->n_exports; i++)
        if (is_tool(s, &s->component->exports[i]))
            rc = add_tool(s, &s->component->exports[i], formats[format], list, err);
    if (rc == 0 && !(*ret_json = json_dumps(list, JSON_INDENT(2))))
        rc = err_nomem(err);
    json_decref(list);
    return rc;
}
