/* SPDX-License-Identifier: Apache-2.0
 * What is asked and what has changed, against what is installed; and so, whether somebody has to be asked. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <string.h>

enum { COMMAND_MAX = 1 << 20 };

/* ---- what the registry keeps of what is asked ---- */

static void add_text(json_t *to, const char *text)
{
    json_array_append_new(to, json_string(text));
}

/* capabilities_json of the contracts: {"network":{"domains":[]}|null,"filesystem":{"read":[],"write":[]}|null,"env":[]} */
static char *capabilities_of(const struct install_asks *a)
{
    json_t *domains = json_array(), *read = json_array(), *write = json_array(), *env = json_array();
    for (size_t n = 0; n < a->n; n++) {
        const struct grant *g = &a->item[n].grant;
        if (g->kind == GRANT_NET)
            add_text(domains, g->any ? "*" : g->net.host.text);
        if (g->kind == GRANT_FILES && (g->access & FILE_READ))
            add_text(read, g->any ? "*" : g->guest);
        if (g->kind == GRANT_FILES && (g->access & FILE_WRITE))
            add_text(write, g->any ? "*" : g->guest);
        if (g->kind == GRANT_ENV)
            add_text(env, g->any ? "*" : g->name);
    }
    bool net = json_array_size(domains), files = json_array_size(read) || json_array_size(write);
    json_t *whole = json_pack("{s:o, s:o, s:o}", "network", net ? json_pack("{s:O}", "domains", domains) : json_null(), "filesystem",
                              files ? json_pack("{s:O, s:O}", "read", read, "write", write) : json_null(), "env", env);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    json_decref(domains);
    json_decref(read);
    json_decref(write);
    return text;
}

static char *parents_of(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t n = 0; n < m->parents.n; n++)
        add_text(list, m->parents.item[n]);
    char *text = m->parents.n ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    return text;
}

static int put_down(struct cordon_install *i, cordon_error **err)
{
    i->next.capabilities = capabilities_of(&i->asks);
    if (!i->next.capabilities)
        return err_nomem(err);
    if (!i->has_manifest)
        return 0;
    int rc = install_asks_set(&i->asks, &i->asked, err);
    if (rc < 0)
        return rc;
    i->next.asks = install_grants_text(i->asked);
    i->next.parents = parents_of(&i->manifest);
    return i->next.asks && (i->next.parents || !i->manifest.parents.n) ? 0 : err_nomem(err);
}

/* ---- against what is installed ---- */

static void drop_grants(struct grants **g) { grants_unref(*g); }

static int read_kept(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup(registry_grants_finish) struct registry_grants rows = {0};
    struct buf lines;
    int rc = r ? registry_grants(r, &i->next, &rows, err) : 0;
    if (rc < 0)
        return rc;
    buf_init(&lines, REGISTRY_TEXT_MAX);
    buf_adds(&lines, "");
    for (size_t n = 0; n < rows.n; n++)
        buf_addf(&lines, "%s\n", rows.item[n].grant);
    rc = lines.full ? err_nomem(err) : install_grants_read(lines.data, false, &i->kept, err);
    buf_finish(&lines);
    return rc;
}

static int compare_asks(struct cordon_install *i, cordon_error **err)
{
    cleanup(drop_grants) struct grants *before = NULL;
    int rc = i->before.asks ? install_grants_read(i->before.asks, true, &before, err) : 0;
    if (rc == 0)
        install_asks_compare(&i->asks, before, i->kept, i->same);
    return rc;
}

static int compare_interface(struct cordon_install *i, cordon_error **err)
{
    if (!i->before.id || !i->before.interface)
        return 0;
    json_t *before = json_loads(i->before.interface, 0, NULL), *after = json_loads(i->next.interface, 0, NULL);
    bool done = install_changes(i->changes, before, after);
    json_decref(before);
    json_decref(after);
    return done ? 0 : err_nomem(err);
}

static bool same_text(const char *a, const char *b) { return !a || !b ? a == b : !strcmp(a, b); }

/* What is kept is looked at too: damaged there, it is installed again. */
static bool is_unchanged(const struct cordon_install *i, struct registry *r)
{
    return i->before.id && i->same && !install_wants_consent(i) && i->before.tier == i->next.tier && same_text(i->before.asks, i->next.asks)
           && !memcmp(i->before.bundle, i->next.bundle, sizeof i->next.bundle) && !memcmp(i->before.signature, i->next.signature, sizeof i->next.signature)
           && registry_store_is_whole(r, i->before.bundle);
}

bool install_wants_consent(const struct cordon_install *i) { return i->asks.wants_answer || json_array_size(i->changes) > 0; }

int install_plan(struct cordon_install *i, cordon_error **err)
{
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = registry_begin(i->registry, REGISTRY_READ, &r, err);
    if (rc < 0 || (rc = install_inherit(i, r, err)) < 0 || (rc = put_down(i, err)) < 0 || (rc = read_kept(i, r, err)) < 0 || (rc = compare_asks(i, err)) < 0 ||
        (rc = compare_interface(i, err)) < 0)
        return rc;
    i->unchanged = is_unchanged(i, r);
    return 0;
}

/* ---- the command to run ---- */

static void add_word(struct buf *b, const char *option, const char *word)
{
    buf_adds(b, option);
    text_quote_sh(b, word);
}

static void add_how(struct buf *b, const struct cordon_install *i)
{
    static const char *const accept[CORDON_ACCEPT_COUNT] = {
        [CORDON_ACCEPT_KEY] = "key", [CORDON_ACCEPT_UNSIGNED] = "unsigned", [CORDON_ACCEPT_OLDER] = "older", [CORDON_ACCEPT_SOURCE] = "source"};
    if (i->given && i->as)
        add_word(b, " --as ", i->as);
    if (i->given && i->has_tier)
        add_word(b, " --tier ", cordon_tier_name(i->tier));
    if (i->build)
        buf_adds(b, " --build");
    for (int n = 0; n < CORDON_ACCEPT_COUNT; n++)
        if (i->accept[n])
            add_word(b, " --accept ", accept[n]);
}

char *install_command(const struct cordon_install *i)
{
    struct buf b;
    bool any = false;
    buf_init(&b, COMMAND_MAX);
    add_word(&b, i->given ? "cordon install " : "cordon update ", i->given ? i->given : i->as);
    add_how(&b, i);
    for (size_t n = 0; n < i->asks.n; n++) {
        const struct install_ask *ask = &i->asks.item[n];
        if (ask->granted || ask->needs_scope)
            continue;
        add_word(&b, " --allow ", ask->text);
        any = true;
    }
    if (!any && i->kind)
        buf_adds(&b, i->asks.n ? " --no-grants" : " --yes");
    char *text = buf_take(&b, NULL);
    buf_finish(&b);
    return text;
}
