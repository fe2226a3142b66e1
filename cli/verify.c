/* SPDX-License-Identifier: Apache-2.0
 * cordon verify: is what is installed still what was installed? */
#include "cleanup.h"
#include "report.h"
#include "session.h"
#include <string.h>

enum { VERIFY_ALL, VERIFY_CONFIG, VERIFY_JSON, VERIFY_OPTIONS };
enum { EXIT_REFUSED = 3 };

static const struct option options[] = {
    [VERIFY_ALL] = {.letter = 'a', .name = "all", .help = "everything that is installed"},
    [VERIFY_CONFIG] = OPTION_CONFIG,
    [VERIFY_JSON] = OPTION_JSON,
    [VERIFY_OPTIONS] = OPTION_END,
};

static const char *words_of(const char *standing)
{
    return strcmp(standing, "trusted") == 0       ? "signed by a key that is trusted for it"
           : strcmp(standing, "unknown-key") == 0 ? "signed by a key that is not trusted for it"
           : strcmp(standing, "unsigned") == 0    ? "not signed"
                                                  : "its signature does not hold";
}

/* "weather 1.2.0  ok: 3 files, 12345 bytes, sha256:…; signed by a key that is trusted for it" */
static void print_one(const json_t *s)
{
    size_t i;
    json_t *p;
    print_guest(stdout, text_of(s, "name"), 128);
    putchar(' ');
    print_guest(stdout, text_of(s, "version"), 128);
    printf("  %s: %" JSON_INTEGER_FORMAT " files, %" JSON_INTEGER_FORMAT " bytes, %s; %s\n", json_is_true(json_object_get(s, "ok")) ? "ok" : "NOT OK",
           json_integer_value(json_object_get(s, "files")), json_integer_value(json_object_get(s, "bytes")), text_of(s, "digest"), words_of(text_of(s, "standing")));
    json_array_foreach(json_object_get(s, "problems"), i, p) {
        fputs("  ", stdout);
        print_guest(stdout, json_string_value(p), 4096);
        putchar('\n');
    }
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *json = NULL;
    const char *name = cli->args.n_words ? cli->args.words[0] : NULL;
    if (!name == !cli->args.value[VERIFY_ALL]) {
        cordon_error_set(&err, CORDON_E_USAGE, NULL, NULL, "say which: a name, or --all");
        return report_error(cli, name, err);
    }
    if (session_begin(cli, &session, &err) < 0 || session_registry(&session, &err) < 0 || cordon_registry_verify(session.registry, name, &json, &err) < 0)
        return report_error(cli, name, err);
    cleanup_json json_t *all = json_loads(json, 0, NULL);
    int code = json_is_true(json_object_get(all, "ok")) ? 0 : EXIT_REFUSED;
    if (cli->json) {
        int written = out_json_line(cli, json);
        return written ? written : code;
    }
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(all, "skills"), i, s)
        print_one(s);
    return out_end(cli, code);
}

const struct command command_verify = {
    .name = "verify",
    .group = GROUP_TRUST,
    .words_max = 1,
    .summary = "check that installed skills are what was installed",
    .synopsis = "NAME | --all [-j]",
    .about = "Reads every file of a skill and of its kept versions again, hashes them, compares the digests with those of the\n"
             "installation, checks the signature over name, version and digest, and says whether its key is trusted now.\n"
             "Exit status 3 if anything is not as it was.",
    .options = options,
    .example = "cordon verify weather\n"
               "cordon verify --all",
    .run = run,
};
