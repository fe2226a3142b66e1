/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "cleanup.h"
#include "source.h"
#include <string.h>

int plan_tier(const char *name, const cordon_host_opts *opts, enum cordon_tier *ret, cordon_error **err)
{
    enum cordon_tier tier = CORDON_TIER_UNTRUSTED;
    int rc = name ? cordon_tier_parse(name, &tier, err) : 0;
    if (rc < 0 || (rc = cordon_host_opts_check_tier(opts, tier, err)) < 0)
        return rc;
    *ret = tier;
    return 0;
}

static int read_limits(const struct cli *cli, const cordon_host_opts *opts, struct plan *p, cordon_error **err)
{
    static const struct { int row; enum cordon_limit limit; const char *origin; } flags[] = {
        {PLAN_FUEL, CORDON_LIMIT_FUEL, "--fuel"},
        {PLAN_MEMORY, CORDON_LIMIT_MEMORY_BYTES, "--memory"},
        {PLAN_TIMEOUT, CORDON_LIMIT_WALL_MS, "--timeout"},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const char *text = cli->args.value[flags[i].row];
        uint64_t value;
        if (!text)
            continue;
        int rc = cordon_host_opts_parse_limit(opts, p->tier, flags[i].limit, text, &value, err);
        if (rc < 0)
            return rc;
        p->limits[p->n_limits].origin = flags[i].origin;
        p->limits[p->n_limits].limit = flags[i].limit;
        p->limits[p->n_limits++].value = value;
    }
    return 0;
}

static bool is_stdin(const char *word)
{
    return word && (strcmp(word, "-") == 0 || strcmp(word, "@-") == 0);
}

/* `-` and `@FILE` are read, anything else is the text itself. */
static int read_text(const char *word, size_t max, const char *what, char **ret, size_t *ret_len, cordon_error **err)
{
    if (is_stdin(word) || word[0] == '@')
        return source_read(word + (word[0] == '@'), max, what, ret, ret_len, err);
    *ret = strdup(word);
    *ret_len = strlen(word);
    return *ret ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int check_sources(const struct cli *cli, const char *word, cordon_error **err)
{
    const char *input = cli->args.value[PLAN_INPUT], *args = cli->args.value[PLAN_ARGS];
    if (input && word)
        return cordon_error_set(err, CORDON_E_USAGE, "input", NULL, "the input is given twice: as a word and with -i");
    if ((input || word) && args)
        return cordon_error_set(err, CORDON_E_USAGE, "args", "An input is the one text of a call; arguments are for exports with parameters of their own.",
                                "give an input or --args, not both");
    if (is_stdin(cli->args.words[0]) + is_stdin(word) + is_stdin(args) > 1)
        return cordon_error_set(err, CORDON_E_USAGE, "-", "Give one of them as a file: @FILE for an input, a path for a target.",
                                "standard input can be read only once, and is asked for twice");
    return 0;
}

/* A grant on the command line is the operator's word, where the settings let it be one. */
static int check_flags(const struct cli *cli, const cordon_host_opts *opts, cordon_error **err)
{
    if (!cli->args.n_many || cordon_host_opts_flags(opts))
        return 0;
    return cordon_error_set(err, CORDON_E_NOT_GRANTED, cli->args.many[0].value, "The settings decide (`[policy] flags`); `cordon doctor` shows which file says so.",
                            "the settings let no flag grant anything");
}

/* Of what is installed the registry decides it. */
static int find_tier(const char *word, const cordon_host_opts *opts, const enum cordon_tier *installed, enum cordon_tier *ret, cordon_error **err)
{
    if (!installed)
        return plan_tier(word, opts, ret, err);
    enum cordon_tier asked;
    int rc = word ? cordon_tier_parse(word, &asked, err) : 0;
    if (rc < 0)
        return rc;
    *ret = *installed;
    if (!word || asked == *installed)
        return 0;
    return cordon_error_set(err, CORDON_E_TIER_REFUSED, "tier", "Install it again to lower its tier; a key that is trusted for it (`cordon key trust`) makes it verified.",
                            "an installed skill has the tier of its installation and its keys, which is %s", cordon_tier_name(*installed));
}

int plan_read(const struct cli *cli, const cordon_host_opts *opts, const enum cordon_tier *installed, struct plan *p, cordon_error **err)
{
    *p = (struct plan){.call = cli->args.value[PLAN_CALL], .flags = &cli->args, .bot = cli->args.value[PLAN_BOT], .argv = cli->args.rest, .argc = cli->args.n_rest};
    const char *word = cli->args.n_words > 1 ? cli->args.words[1] : NULL;
    int rc = find_tier(cli->args.value[PLAN_TIER], opts, installed, &p->tier, err);
    if (rc < 0 || (rc = read_limits(cli, opts, p, err)) < 0 || (rc = check_flags(cli, opts, err)) < 0 || (rc = check_sources(cli, word, err)) < 0)
        return rc;
    size_t max = (size_t)cordon_host_opts_ceiling(opts, p->tier, CORDON_LIMIT_INPUT_BYTES);
    const char *args = cli->args.value[PLAN_ARGS], *input = cli->args.value[PLAN_INPUT];
    if (args && (rc = read_text(args, max, "--args", &p->args, &p->args_len, err)) < 0)
        return rc;
    if (word)
        return read_text(word, max, "the input", &p->input, &p->input_len, err);
    if (input && !(p->input = strdup(input)))
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    p->input_len = input ? strlen(input) : 0;
    return 0;
}

void plan_finish(struct plan *p)
{
    free(p->input);
    free(p->args);
}

static int give_env(cordon_request *req, const char *word, cordon_error **err)
{
    const char *equals = strchr(word, '=');
    cleanup_free char *text = NULL;
    if (!equals)
        return asprintf(&text, "env=%s", word) < 0 ? cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory") : cordon_request_allow(req, text, err);
    text = strndup(word, (size_t)(equals - word));
    return text ? cordon_request_set_env(req, text, equals + 1, err) : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

static int give_grants(const struct plan *p, cordon_request *req, cordon_error **err)
{
    int rc = p->bot ? cordon_request_set_bot(req, p->bot, err) : 0;
    for (int i = 0; rc == 0 && i < p->flags->n_many; i++) {
        const char *value = p->flags->many[i].value;
        rc = p->flags->many[i].row == PLAN_ENV ? give_env(req, value, err) : cordon_request_allow(req, value, err);
    }
    return rc;
}

int plan_request(const struct plan *p, cordon_skill *skill, cordon_request **ret, cordon_error **err)
{
    cleanup_request cordon_request *req = NULL;
    int rc = cordon_request_new(skill, p->call, &req, err);
    if (rc < 0)
        return rc;
    if ((rc = give_grants(p, req, err)) < 0)
        return rc;
    for (size_t i = 0; i < p->n_limits; i++)
        if ((rc = cordon_request_set_limit(req, p->limits[i].limit, p->limits[i].value, p->limits[i].origin, err)) < 0)
            return rc;
    if (p->args && (rc = cordon_request_set_args(req, p->args, p->args_len, err)) < 0)
        return rc;
    if (p->input && (rc = cordon_request_set_input(req, p->input, p->input_len, err)) < 0)
        return rc;
    for (int i = 0; i < p->argc; i++)
        if ((rc = cordon_request_add_arg(req, p->argv[i], err)) < 0)
            return rc;
    *ret = take(req);
    return 0;
}

static int give_script_env(cordon_script *s, const char *word, cordon_error **err)
{
    const char *equals = strchr(word, '=');
    cleanup_free char *text = NULL;
    if (!equals)
        return asprintf(&text, "env=%s", word) < 0 ? cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory") : cordon_script_allow(s, text, err);
    text = strndup(word, (size_t)(equals - word));
    return text ? cordon_script_set_env(s, text, equals + 1, err) : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

int plan_script(const struct plan *p, cordon_script *s, cordon_error **err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < p->flags->n_many; i++) {
        const char *value = p->flags->many[i].value;
        rc = p->flags->many[i].row == PLAN_ENV ? give_script_env(s, value, err) : cordon_script_allow(s, value, err);
    }
    for (size_t i = 0; rc == 0 && i < p->n_limits; i++)
        rc = cordon_script_set_limit(s, p->limits[i].limit, p->limits[i].value, p->limits[i].origin, err);
    return rc;
}
