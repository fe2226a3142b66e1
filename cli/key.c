/* SPDX-License-Identifier: Apache-2.0
 * cordon key: a publisher's own keys, and those of others that are trusted. */
#include "cleanup.h"
#include "report.h"
#include "session.h"
#include <string.h>

enum { KEY_FOR, KEY_CONFIG, KEY_JSON, KEY_QUIET, KEY_OPTIONS };

static const struct option options[] = {
    [KEY_FOR] = {.name = "for", .value = "PATTERN", .help = "trust, untrust: of skills whose names fit (a name, or NAME*)"},
    [KEY_CONFIG] = OPTION_CONFIG,
    [KEY_JSON] = OPTION_JSON,
    [KEY_QUIET] = OPTION_QUIET,
    [KEY_OPTIONS] = OPTION_END,
};

static int make(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_key_make(NULL, n_words ? words[0] : NULL, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *made = json_loads(json, 0, NULL);
    printf("%s\n", text_of(made, "id"));
    if (!cli->quiet) {
        fputs("the secret key is in ", stderr);
        print_guest(stderr, text_of(made, "key_file"), 4096);
        fputs(": keep a copy of it in a safe place, and give it to nobody\n", stderr);
    }
    return out_end(cli, 0);
}

static int show(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    if (cordon_key_show(NULL, n_words ? words[0] : NULL, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *key = json_loads(json, 0, NULL);
    printf("%s\n", text_of(key, "id"));
    return out_end(cli, 0);
}

/* ---- keys of others ---- */

static int trust(const struct cli *cli, char **words, int n_words)
{
    (void)n_words;
    cordon_error *err = NULL;
    const char *pattern = cli->args.value[KEY_FOR];
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *id = NULL;
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || cordon_registry_trust(session.registry, words[0], pattern, &id, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *object = json_pack("{ss ss}", "trusted", id, "pattern", pattern ? pattern : "*");
    return cli->json ? out_object(cli, object) : 0;
}

static int untrust(const struct cli *cli, char **words, int n_words)
{
    (void)n_words;
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 ||
        cordon_registry_untrust(session.registry, words[0], cli->args.value[KEY_FOR], &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *object = json_pack("{ss}", "untrusted", words[0]);
    return cli->json ? out_object(cli, object) : 0;
}

static void print_seen(const json_t *key)
{
    size_t i;
    json_t *name;
    printf("%s  seen, not trusted%s", text_of(key, "id"), json_array_size(json_object_get(key, "pinned")) ? "; signs " : "");
    json_array_foreach(json_object_get(key, "pinned"), i, name)
        printf("%s%s", i ? ", " : "", json_string_value(name));
    putchar('\n');
}

static bool is_trusted(const json_t *trusted, const char *id)
{
    size_t i;
    json_t *key;
    json_array_foreach(trusted, i, key)
        if (strcmp(text_of(key, "id"), id) == 0)
            return true;
    return false;
}

static int list(const struct cli *cli, char **words, int n_words)
{
    (void)words, (void)n_words;
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *json = NULL;
    size_t i;
    json_t *key;
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || cordon_registry_keys(session.registry, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *keys = json_loads(json, 0, NULL);
    json_array_foreach(json_object_get(keys, "trusted"), i, key)
        printf("%s  trusted for %s\n", text_of(key, "id"), text_of(key, "pattern"));
    json_array_foreach(json_object_get(keys, "seen"), i, key)
        if (!is_trusted(json_object_get(keys, "trusted"), text_of(key, "id")))
            print_seen(key);
    return out_end(cli, 0);
}

static const struct action actions[] = {
    {"new", "[NAME | FILE]", 0, 1, make},
    {"show", "[NAME | FILE]", 0, 1, show},
    {"trust", "KEY | FILE | NAME [--for PATTERN]", 1, 1, trust},
    {"untrust", "KEY | FILE | NAME [--for PATTERN]", 1, 1, untrust},
    {"list", "", 0, 0, list},
    {.name = NULL},
};

const struct command command_key = {
    .name = "key",
    .group = GROUP_TRUST,
    .words_min = 1,
    .summary = "keep keys: new, show; trust those of others: trust, untrust, list",
    .synopsis = "new [NAME] | show [NAME] | trust KEY [--for PATTERN] | untrust KEY [--for PATTERN] | list",
    .about = "new makes a key to sign skills with: NAME in Cordon's home (else the one called default), or a FILE with a slash\n"
             "in its path. It prints the id, which is the public key: what others give to `cordon key trust`. show prints the\n"
             "id of a key. A key is never written over.\n"
             "trust makes installed skills that KEY signed (64 hex digits, a file with a slash in its path, or the NAME of one\n"
             "of your own) verified, from their next call on: all, or those whose names fit PATTERN. untrust takes that back.\n"
             "list shows the keys that are trusted, and those that were seen.",
    .options = options,
    .actions = actions,
    .example = "cordon key new\n"
               "cordon key show\n"
               "cordon key new ./release.key\n"
               "cordon key trust 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29 --for 'weather*'",
    .run = action_run,
};
