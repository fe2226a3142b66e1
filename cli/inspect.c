/* SPDX-License-Identifier: Apache-2.0
 * cordon inspect: what a component is, wants and may use. Nothing of it is run. */
#include "cleanup.h"
#include "installed.h"
#include "plan.h"
#include "report.h"
#include "session.h"
#include <string.h>
#include <sys/stat.h>

enum { INSPECT_WIT, INSPECT_TIER, INSPECT_CONFIG, INSPECT_JSON, INSPECT_OPTIONS };
enum { TEXT_MAX = 4096 };

static const struct option options[] = {
    [INSPECT_WIT] = {.name = "wit", .help = "print its interface in WIT (with --json: as the key `wit`)"},
    [INSPECT_TIER] = {.name = "tier", .value = "TIER", .help = "look at it as that tier would load it: untrusted (default)"},
    [INSPECT_CONFIG] = OPTION_CONFIG,
    [INSPECT_JSON] = OPTION_JSON,
    [INSPECT_OPTIONS] = OPTION_END,
};

static void print_manifest(const json_t *m)
{
    installed_field("manifest", text_of(m, "file"));
    installed_field("version", text_of(m, "version"));
    installed_field("about", text_of(m, "description"));
    installed_field("author", text_of(m, "author"));
}

/* What the registry says of an installed one goes in the place of what its manifest says. */
static void print_head(const json_t *about, const json_t *installed)
{
    installed_field("name", text_of(about, "name"));
    if (!installed)
        print_manifest(json_object_get(about, "manifest"));
    installed_field("kind", text_of(about, "kind"));
    installed_field("world", text_of(about, "world"));
    installed_field("tier", text_of(about, "tier"));
    installed_field("digest", text_of(about, "digest"));
    printf("%-12s%" JSON_INTEGER_FORMAT " bytes, compiled %" JSON_INTEGER_FORMAT "\n", "size",
           json_integer_value(json_object_get(about, "size_bytes")), json_integer_value(json_object_get(about, "code_bytes")));
}

/* Doc comments: each line indented beneath the export. */
static void print_docs(const char *docs)
{
    while (*docs) {
        size_t len = strcspn(docs, "\n");
        if (len) {
            fputs("      ", stdout);
            print_guest_n(stdout, docs, len < TEXT_MAX ? len : TEXT_MAX);
            putchar('\n');
        }
        docs += len + (docs[len] == '\n');
    }
}

static void print_exports(const json_t *about)
{
    const char *first = text_of(about, "default_export");
    size_t i;
    json_t *e;
    puts("exports");
    json_array_foreach(json_object_get(about, "exports"), i, e) {
        fputs("  ", stdout);
        print_guest(stdout, text_of(e, "name"), TEXT_MAX);
        fputs(": ", stdout);
        print_guest(stdout, text_of(e, "type"), TEXT_MAX);
        if (strcmp(text_of(e, "name"), first) == 0)
            fputs("  (called unless -c names another)", stdout);
        putchar('\n');
        print_docs(text_of(e, "docs"));
        if (json_is_false(json_object_get(e, "callable"))) {
            fputs("      cannot be called: ", stdout);
            print_guest(stdout, text_of(e, "why_not"), TEXT_MAX);
            putchar('\n');
        }
    }
}

static void print_imports(const json_t *about)
{
    size_t i;
    json_t *e;
    puts(json_array_size(json_object_get(about, "imports")) ? "imports" : "imports     none");
    json_array_foreach(json_object_get(about, "imports"), i, e) {
        fputs("  ", stdout);
        print_guest(stdout, text_of(e, "name"), TEXT_MAX);
        puts(json_is_false(json_object_get(e, "offered")) ? "  (not offered)" : "");
    }
}

static void print_list(const json_t *about, const char *key, const char *label)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(about, key), i, e)
        installed_field(i ? "" : label, json_is_string(e) ? json_string_value(e) : text_of(e, "name"));
}

/* What it asks for, in words; without a manifest, what its imports could use. */
static void print_asks(const json_t *about)
{
    const json_t *m = json_object_get(about, "manifest"), *asks = json_object_get(m, "asks");
    size_t i;
    json_t *a;
    if (!json_is_object(m)) {
        print_list(about, "asks", "could use");
        return;
    }
    puts(json_array_size(asks) ? "asks to" : "asks to     nothing");
    json_array_foreach(asks, i, a) {
        fputs("  ", stdout);
        print_guest(stdout, text_of(a, "words"), TEXT_MAX);
        fputs("  (", stdout);
        print_guest(stdout, text_of(a, "grant"), TEXT_MAX);
        puts(")");
    }
}

static void format_limit(enum cordon_limit limit, const json_t *value, char *buf, size_t size)
{
    if (json_is_integer(value))
        cordon_limit_format(limit, (uint64_t)json_integer_value(value), buf, size);
    else
        snprintf(buf, size, "metered");
}

/* Those the library knows by name; each with its value as people read it, where it comes from, and how far it can be raised. */
static void print_limits(const json_t *about)
{
    const json_t *limits = json_object_get(about, "limits");
    puts("limits");
    for (int i = 0; i < CORDON_LIMIT_COUNT; i++) {
        const json_t *l = json_object_get(limits, cordon_limit_name((enum cordon_limit)i));
        if (!l)
            continue;
        char value[48], ceiling[48];
        format_limit((enum cordon_limit)i, json_object_get(l, "value"), value, sizeof value);
        format_limit((enum cordon_limit)i, json_object_get(l, "ceiling"), ceiling, sizeof ceiling);
        printf("  %-16s%-12s%s; ceiling %s\n", cordon_limit_name((enum cordon_limit)i), value, text_of(l, "origin"), ceiling);
    }
}

static int print_about(const struct cli *cli, const json_t *about, const json_t *installed)
{
    print_head(about, installed);
    if (installed)
        installed_print(installed);
    print_list(about, "missing", "lacks");
    print_exports(about);
    print_imports(about);
    if (!json_is_array(json_object_get(installed, "asks")))
        print_asks(about);
    print_limits(about);
    print_list(about, "warnings", "warning");
    return out_end(cli, 0);
}

/* A refused component is told about as far as it is known without looking into it. */
static int refused(const struct cli *cli, const struct target *t, cordon_error *err)
{
    struct stat st;
    if (!cli->json && t->name[0]) {
        installed_field("name", t->name);
        if (t->path)
            installed_field("file", t->path);
        if (!t->path || stat(t->path, &st) == 0)
            printf("%-12s%zu bytes\n", "size", t->path ? (size_t)st.st_size : t->len);
        puts("refused     it cannot be loaded");
        fflush(stdout);
    }
    return report_error(cli, t->name[0] ? t->name : NULL, err);
}

/* What the registry says of it; NULL in *ret: it is an artifact. */
static int read_installed(const struct target *t, const struct session *s, json_t **ret, cordon_error **err)
{
    cleanup_text char *json = NULL;
    int rc = t->installed ? cordon_registry_show(s->registry, t->name, &json, err) : 0;
    if (rc == 0 && json && !(*ret = json_loads(json, 0, NULL)))
        rc = cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    return rc;
}

/* A script has no exports and no imports. */
static int show_script(const struct cli *cli, json_t *installed)
{
    if (cli->json)
        return out_object(cli, installed);
    installed_field("name", text_of(installed, "name"));
    installed_field("kind", "script");
    installed_field("tier", text_of(installed, "tier"));
    installed_print(installed);
    installed_print_limits(installed);
    return out_end(cli, 0);
}

static int show(const struct cli *cli, cordon_skill *skill, json_t *installed)
{
    cordon_error *err = NULL;
    cleanup_text char *wit = NULL, *json = NULL;
    bool wants_wit = cli->args.value[INSPECT_WIT];
    if ((wants_wit && cordon_skill_wit(skill, &wit, &err) < 0) || cordon_skill_describe(skill, &json, &err) < 0)
        return report_error(cli, cordon_skill_name(skill), err);
    if (wants_wit && !cli->json)
        return out_guest(cli, wit, strlen(wit), &err) < 0 ? report_error(cli, NULL, err) : 0;
    cleanup_json json_t *about = json_loads(json, JSON_ALLOW_NUL, NULL);
    if (!cli->json)
        return print_about(cli, about, installed);
    if (installed)
        json_object_set(about, "installed", installed);
    if (wit)
        json_object_set_new(about, "wit", json_string(wit));
    return out_object(cli, about);
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    enum cordon_tier tier;
    cleanup(target_finish) struct target target = {0};
    cleanup(session_finish) struct session session = {0};
    if (session_begin(cli, &session, &err) < 0 || plan_tier(cli->args.value[INSPECT_TIER], session.opts, &tier, &err) < 0
        || target_find(cli->args.words[0], &target, &err) < 0
        || session_open(cli, &target, tier, &session, &err) < 0)
        return refused(cli, &target, err);
    cleanup_json json_t *installed = NULL;
    if (read_installed(&target, &session, &installed, &err) < 0)
        return report_error(cli, target.name, err);
    return session.skill ? show(cli, session.skill, installed) : show_script(cli, installed);
}

const struct command command_inspect = {
    .name = "inspect",
    .group = GROUP_AUTHOR,
    .first = true,
    .words_min = 1,
    .words_max = 1,
    .summary = "show what a skill exports, imports and may use",
    .synopsis = "TARGET [--wit] [-j]",
    .about = "Shows its exports with their types and comments, its imports and whether Cordon offers them, and the limits of a\n"
             "call with where each comes from. Nothing of the skill is run.",
    .options = options,
    .example = "cordon inspect ./hello.wasm",
    .run = run,
};
