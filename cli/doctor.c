/* SPDX-License-Identifier: Apache-2.0
 * cordon doctor: what this machine has, and what follows from what it lacks. */
#include "cleanup.h"
#include "report.h"
#include "session.h"
#include <string.h>

enum { DOCTOR_CONFIG, DOCTOR_JSON, DOCTOR_OPTIONS };

static const struct option options[] = {[DOCTOR_CONFIG] = OPTION_CONFIG, [DOCTOR_JSON] = OPTION_JSON, [DOCTOR_OPTIONS] = OPTION_END};

static void print_check(const json_t *check)
{
    printf("%-6s", text_of(check, "status"));
    printf("%-20s", text_of(check, "name"));
    print_guest(stdout, text_of(check, "detail"), 4096);
    putchar('\n');
    if (strcmp(text_of(check, "status"), "ok") != 0 && *text_of(check, "hint")) {
        fputs("      ", stdout);
        print_guest(stdout, text_of(check, "hint"), 4096);
        putchar('\n');
    }
}

static void print_limits(const cordon_host_opts *opts)
{
    puts("\nlimits of an untrusted call: default, ceiling");
    for (int i = 0; i < CORDON_LIMIT_COUNT; i++) {
        char value[48], ceiling[48];
        enum cordon_limit l = (enum cordon_limit)i;
        cordon_limit_format(l, cordon_host_opts_default(opts, CORDON_TIER_UNTRUSTED, l), value, sizeof value);
        cordon_limit_format(l, cordon_host_opts_ceiling(opts, CORDON_TIER_UNTRUSTED, l), ceiling, sizeof ceiling);
        printf("  %-16s%-12s%s\n", cordon_limit_name(l), value, ceiling);
    }
}

/* "/etc/cordon/config.toml, line 3" */
static void print_origin(const json_t *value)
{
    const json_t *line = json_object_get(value, "line");
    print_guest(stdout, text_of(value, "from"), 4096);
    if (json_is_integer(line))
        printf(", line %" JSON_INTEGER_FORMAT, json_integer_value(line));
    putchar('\n');
}

/* What differs from what is shipped, and the policy whatever it is. */
static void print_settings(const json_t *settings)
{
    size_t i;
    json_t *row;
    puts("\nsettings");
    json_array_foreach(json_object_get(settings, "files"), i, row) {
        printf("  %-16s", json_is_true(json_object_get(row, "read")) ? "read" : "not there");
        print_guest(stdout, text_of(row, "path"), 4096);
        putchar('\n');
    }
    json_array_foreach(json_object_get(settings, "values"), i, row) {
        if (strcmp(text_of(row, "from"), "shipped") == 0 && strncmp(text_of(row, "key"), "tiers.", 6) == 0)
            continue;
        printf("  %-36s%-11s ", text_of(row, "key"), text_of(row, "value"));
        print_origin(row);
    }
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session session = {0};
    cleanup_text char *json = NULL;
    if (session_begin(cli, &session, &err) < 0 || cordon_doctor(session.opts, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *found = json_loads(json, 0, NULL);
    int code = json_is_true(json_object_get(found, "ok")) ? 0 : EXIT_IO;
    if (cli->json) {
        int failed = out_object(cli, found);
        return failed ? failed : code;
    }
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(found, "checks"), i, check)
        print_check(check);
    print_settings(json_object_get(found, "settings"));
    print_limits(session.opts);
    return out_end(cli, code);
}

const struct command command_doctor = {
    .name = "doctor",
    .group = GROUP_OPERATE,
    .first = true,
    .summary = "check this machine and show the settings in force",
    .synopsis = "[-j]",
    .about = "Exits with 7 if something is missing that Cordon cannot do without.",
    .options = options,
    .example = "cordon doctor",
    .run = run,
};
