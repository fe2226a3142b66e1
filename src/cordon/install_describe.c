/* SPDX-License-Identifier: Apache-2.0
 * What would be installed, as JSON. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/answer.h"
#include "cordon/install_parts.h"

#include <string.h>

enum { DESCRIPTION_SHOWN = 300 };

/* A stranger's text as one clean line. */
static json_t *clean(const char *text, size_t max)
{
    struct buf b;
    if (!text)
        return json_null();
    buf_init(&b, 8 * max + 1);
    text_escape(&b, text, text_cut(text, strlen(text), max), false);
    json_t *shown = json_string(b.data ? b.data : "");
    buf_finish(&b);
    return shown;
}

static json_t *source_json(const char *source)
{
    cleanup_free char *shown = install_source_show(source);
    return shown ? json_string(shown) : NULL;
}

static json_t *digest_json(const uint8_t digest[32])
{
    char text[INSTALL_DIGEST_TEXT];
    install_digest_write(digest, text);
    return json_string(text);
}

static json_t *publisher_json(const char *id) { return *id ? json_string(id) : json_null(); }

static json_t *asks_json(const struct install_asks *a)
{
    json_t *list = json_array();
    for (size_t n = 0; n < a->n; n++) {
        const struct install_ask *one = &a->item[n];
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "grant", clean(one->text, GRANT_TEXT_MAX), "words", clean(one->words, GRANT_TEXT_MAX), "from",
                                              clean(one->from, 128), "needs_word", one->needs_word, "needs_scope", one->needs_scope, "new", one->is_new, "granted", one->granted));
    }
    return list;
}

/* As a call will have it, the operator's own word left aside. */
static json_t *limit_json(const struct cordon_install *i, enum cordon_tier tier, enum cordon_limit l)
{
    const struct cordon_host_opts *o = &i->host->opts;
    char text[32];
    const char *origin = host_default_origin(i->host, tier, l);
    uint64_t value = i->has_manifest ? manifest_limit(&i->manifest, tier, l, &origin) : 0, wished = 0;
    if (!value)
        value = o->deflt[tier][l];
    if (value > o->ceiling[tier][l]) {
        wished = value;
        value = o->ceiling[tier][l];
        origin = "the ceiling of its tier";
    }
    cordon_limit_format(l, value, text, sizeof text);
    json_t *one = json_pack("{s:I, s:s, s:s}", "value", (json_int_t)(value > INT64_MAX ? INT64_MAX : value), "text", text, "origin", origin);
    if (one && wished)
        json_object_set_new(one, "wished", json_integer((json_int_t)(wished > INT64_MAX ? INT64_MAX : wished)));
    return one;
}

static json_t *limits_json(const struct cordon_install *i)
{
    json_t *all = json_object();
    enum cordon_tier tier = registry_tier(&i->next, i->standing);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        json_object_set_new(all, cordon_limit_name((enum cordon_limit)l), limit_json(i, tier, (enum cordon_limit)l));
    return all;
}

static json_t *replaces_json(const struct cordon_install *i)
{
    const struct registry_version *v = &i->before;
    if (!v->id)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "version", clean(v->version, 128), "source", source_json(v->source), "digest", digest_json(v->bundle), "publisher", publisher_json(v->publisher));
}

static json_t *describe(const struct cordon_install *i)
{
    static const char *const signed_by[] = {[INSTALL_UNSIGNED] = "none", [INSTALL_SIGNED_CODE] = "code", [INSTALL_SIGNED_BUNDLE] = "bundle"};
    cleanup_free char *command = install_command(i);
    json_t *j = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:s, s:o, s:s, s:b}", "cordon", 1, "name", i->next.name, "version", clean(i->next.version, 128), "description",
                          clean(i->next.description, DESCRIPTION_SHOWN), "source", source_json(i->source.text), "digest", digest_json(i->bundle.digest), "format",
                          clean(i->next.format, 32), "kind", i->kind, "built", i->built, "tier", cordon_tier_name(registry_tier(&i->next, i->standing)), "publisher",
                          publisher_json(i->publisher), "signature", signed_by[i->signed_by], "trusted", i->standing == REGISTRY_TRUSTED);
    json_t *more = json_pack("{s:o, s:O, s:o, s:o, s:O, s:b, s:b, s:s?, s:I, s:O}", "asks", asks_json(&i->asks), "could_use", i->could_use, "limits", limits_json(i), "replaces",
                             replaces_json(i), "changes", i->changes, "unchanged", i->unchanged, "consent", install_wants_consent(i), "command", command, "files",
                             (json_int_t)i->bundle.n, "warnings", i->warnings);
    if (j && more)
        json_object_update(j, more);
    else {
        json_decref(j);
        j = NULL;
    }
    json_decref(more);
    return j;
}

int cordon_install_describe(const cordon_install *i, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    if (!i->fetched)
        return err_set(err, CORDON_E_USAGE, NULL, "nothing was fetched yet that could be described");
    json_t *j = describe(i);
    return answer_json(j, ret_json, err);
}
