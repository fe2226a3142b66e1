/* SPDX-License-Identifier: Apache-2.0
 * cordon push: a skill goes to an OCI registry. */
#include "cleanup.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"
#include "session.h"
#include <string.h>

enum { PUSH_CONFIG, PUSH_JSON, PUSH_QUIET, PUSH_OPTIONS };

static const struct option options[] = {
    [PUSH_CONFIG] = OPTION_CONFIG,
    [PUSH_JSON] = OPTION_JSON,
    [PUSH_QUIET] = OPTION_QUIET,
    [PUSH_OPTIONS] = OPTION_END,
};

static int print_result(const json_t *result)
{
    printf("pushed ");
    print_guest(stdout, text_of(result, "reference"), 2048);
    printf(" (%s, %" JSON_INTEGER_FORMAT " bytes)\nthese very bytes, whatever becomes of the tag: ", text_of(result, "kind"), json_integer_value(json_object_get(result, "size_bytes")));
    print_guest(stdout, text_of(result, "pinned"), 2048);
    putchar('\n');
    return 0;
}

static bool ends_in(const char *s, const char *ending)
{
    size_t len = strlen(s), n = strlen(ending);
    return len > n && strcmp(s + len - n, ending) == 0;
}

/* Else it is what a skill is installed under. */
static bool is_path(const char *word)
{
    return !target_is_installed(word) || ends_in(word, ".tar.gz") || ends_in(word, ".tgz");
}

static int send_it(const struct cli *cli, const struct session *s, char **ret, cordon_error **err)
{
    struct progress progress;
    char **words = cli->args.words;
    bool shown = cli->err_is_terminal && !cli->json && !cli->quiet && progress_begin(&progress, "pushing", words[0]) == 0;
    int cancel = -1, rc = interrupt_open(&cancel, err);
    if (rc == 0)
        rc = is_path(words[0]) ? cordon_push(s->host, words[0], words[1], cancel, ret, err) : cordon_push_installed(s->registry, words[0], words[1], cancel, ret, err);
    interrupt_close(cancel);
    if (shown)
        progress_end(&progress);
    if (rc == -CORDON_E_NOT_FOUND && !is_path(words[0]))
        target_hint(words[0], err);
    return rc;
}

static int push(const struct cli *cli)
{
    cordon_error *err = NULL;
    cleanup(session_finish) struct session s = {0};
    cleanup_text char *json = NULL;
    int rc = session_begin(cli, &s, &err);
    if (rc == 0)
        rc = session_registry(&s, &err);
    if (rc < 0 || send_it(cli, &s, &json, &err) < 0)
        return report_error(cli, NULL, err);
    cleanup_json json_t *result = json_loads(json, 0, NULL);
    return cli->json ? out_json_line(cli, json) : out_end(cli, print_result(result));
}

static int run(struct cli *cli)
{
    int code = push(cli);
    interrupt_reraise();
    return code;
}

const struct command command_push = {
    .name = "push",
    .group = GROUP_AUTHOR,
    .words_min = 2,
    .words_max = 2,
    .summary = "send a skill to an OCI registry",
    .synopsis = "TARGET oci://HOST[:PORT]/NAME[:TAG]",
    .about = "TARGET is a component (.wasm), the folder of a skill (with a / in it), a .tar.gz of one, or an installed skill, NAME\n"
             "or NAME@VERSION. A folder is sent as a bundle, with its manifest and signature; sign it first (cordon sign), and so is\n"
             "what is installed. Credentials for the host come from Docker's configuration, as docker, podman and oras write it.",
    .options = options,
    .example = "cordon push ./hello oci://registry.example.com/team/hello:1.0\n"
               "cordon install oci://registry.example.com/team/hello:1.0",
    .run = run,
};
