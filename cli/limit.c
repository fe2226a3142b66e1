/* SPDX-License-Identifier: Apache-2.0
 * cordon limit: the operator's limits of an installed skill. */
#include "cleanup.h"
#include "installed.h"
#include "near.h"
#include "session.h"
#include <string.h>

enum { LIMIT_CONFIG, LIMIT_JSON, LIMIT_OPTIONS };

static const struct option options[] = {[LIMIT_CONFIG] = OPTION_CONFIG, [LIMIT_JSON] = OPTION_JSON, [LIMIT_OPTIONS] = OPTION_END};

struct setting { enum cordon_limit limit; uint64_t value; }; /* 0: taken back */

static int unknown(const char *name, cordon_error **err)
{
    struct near n;
    near_init(&n, name);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        near_offer(&n, cordon_limit_name((enum cordon_limit)l));
    if (n.best)
        return cordon_error_set(err, CORDON_E_USAGE, "limit", NULL, "there is no limit %.64s; did you mean %s?", name, n.best);
    return cordon_error_set(err, CORDON_E_USAGE, "limit", "`cordon help limits` lists them.", "there is no limit %.64s", name);
}

/* "fuel=20G"; "fuel=default" takes the setting back. */
static int read_setting(const char *word, const cordon_host_opts *opts, enum cordon_tier tier, struct setting *ret, cordon_error **err)
{
    const char *equals = strchr(word, '=');
    cleanup_free char *name = strndup(word, equals ? (size_t)(equals - word) : strlen(word));
    if (!name)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    int l = 0;
    while (l < CORDON_LIMIT_COUNT && strcmp(cordon_limit_name((enum cordon_limit)l), name) != 0)
        l++;
    if (l == CORDON_LIMIT_COUNT)
        return unknown(name, err);
    if (!equals)
        return cordon_error_set(err, CORDON_E_USAGE, name, NULL, "give %s a value: %s=VALUE, or %s=default", name, name, name);
    *ret = (struct setting){.limit = (enum cordon_limit)l};
    return strcmp(equals + 1, "default") == 0 ? 0 : cordon_host_opts_parse_limit(opts, tier, ret->limit, equals + 1, &ret->value, err);
}

/* All are read before any is set. */
static int set_all(const struct cli *cli, const struct session *s, enum cordon_tier tier, cordon_error **err)
{
    struct setting settings[CORDON_LIMIT_COUNT];
    int n = cli->args.n_words - 1, rc = 0;
    for (int i = 0; rc == 0 && i < n; i++)
        rc = read_setting(cli->args.words[i + 1], s->opts, tier, &settings[i], err);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = cordon_registry_set_limit(s->registry, cli->args.words[0], settings[i].limit, settings[i].value, err);
    return rc;
}

static int show(const struct session *s, const char *name, json_t **ret, cordon_error **err)
{
    cleanup_text char *json = NULL;
    int rc = cordon_registry_show(s->registry, name, &json, err);
    if (rc < 0)
        return rc;
    *ret = json_loads(json, 0, NULL);
    return *ret ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    const char *name = cli->args.words[0];
    enum cordon_tier tier;
    cleanup(session_finish) struct session session = {0};
    cleanup_json json_t *before = NULL, *after = NULL;
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || show(&session, name, &before, &err) < 0 ||
        cordon_tier_parse(text_of(before, "tier"), &tier, &err) < 0 || set_all(cli, &session, tier, &err) < 0 || show(&session, name, &after, &err) < 0)
        return report_error(cli, name, err);
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss sO}", "name", text_of(after, "name"), "limits", json_object_get(after, "limits"));
        return out_object(cli, object);
    }
    installed_print_limits(after);
    return out_end(cli, 0);
}

const struct command command_limit = {
    .name = "limit",
    .group = GROUP_TRUST,
    .words_min = 1,
    .words_max = 1 + CORDON_LIMIT_COUNT,
    .summary = "set the limits of an installed skill",
    .synopsis = "NAME [LIMIT=VALUE...] [-j]",
    .about = "From its next call on. What is set here goes before the skill's manifest, and behind the flags of a call; never above\n"
             "the ceiling of its tier. LIMIT=default takes a setting back. Without LIMIT=VALUE, shows what is in force and where\n"
             "it comes from. `cordon help limits` lists the limits.",
    .options = options,
    .example = "cordon limit weather fuel=20G timeout=30s\n"
               "cordon limit weather fuel=default",
    .run = run,
};
