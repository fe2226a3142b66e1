/* SPDX-License-Identifier: Apache-2.0 */
#include "outdated.h"

#include "cleanup.h"
#include "installing.h"
#include "report.h"

static json_t *error_json(const cordon_error *err)
{
    return json_pack("{s:s, s:s, s:s}", "id", cordon_error_id(err), "message", cordon_error_message(err), "hint", cordon_error_hint(err));
}

static void print_row(const json_t *row)
{
    const json_t *error = json_object_get(row, "error");
    FILE *f = json_is_object(error) ? stderr : stdout;
    print_guest(f, text_of(row, "name"), 128);
    fputc(' ', f);
    print_guest(f, text_of(row, "version"), 128);
    if (json_is_object(error)) {
        fprintf(f, ": %s\n", text_of(error, "message"));
        return;
    }
    fputs(" -> ", f);
    print_guest(f, text_of(row, "available"), 128);
    fputc('\n', f);
}

/* Its exit code. What is as its source has it gives no row. */
static int look(const struct cli *cli, struct installing *i, const json_t *skill, json_t *rows)
{
    cordon_error *err = NULL;
    const char *name = text_of(skill, "name");
    int rc = cordon_update_new(i->registry, name, &i->install, &err);
    if (rc == 0)
        rc = installing_fetch(cli, i, name, &err);
    if (rc < 0 || !json_is_true(json_object_get(i->plan, "unchanged"))) {
        const char *available = rc < 0 ? NULL : text_of(i->plan, "version"), *digest = rc < 0 ? NULL : text_of(i->plan, "digest");
        json_t *row = json_pack("{s:s, s:s, s:s?, s:s?, s:o?}", "name", name, "version", text_of(skill, "version"), "available", available, "digest", digest, "error",
                                err ? error_json(err) : NULL);
        json_array_append_new(rows, row);
        if (!cli->json)
            print_row(row);
    }
    int code = err ? cordon_error_exit_code(err) : 0;
    cordon_error_free(err);
    installing_drop(i);
    return code;
}

int outdated_run(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup_text char *text = NULL;
    cleanup(installing_finish) struct installing i = {0};
    cleanup_json json_t *rows = json_array();
    int first = 0;
    if (installing_begin(cli, &i, &err) < 0 || cordon_registry_list(i.registry, &text, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *list = json_loads(text, 0, NULL);
    size_t n;
    json_t *skill;
    json_array_foreach(json_object_get(list, "skills"), n, skill) {
        int code = look(cli, &i, skill, rows);
        first = first ? first : code;
    }
    if (!cli->json)
        return out_end(cli, first);
    cleanup_json json_t *whole = json_pack("{s:O}", "skills", rows);
    int failed = out_object(cli, whole);
    return failed ? failed : first;
}
