/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs: it loads an installed skill once, and calls it with each line of its input. It answers with a line each: the outcome, and what it says.
 *
 *     follower HELPER NAME
 */
#include <cordon/cordon.h>
#include <cordon/registry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc, cordon_error *err)
{
    if (rc == 0)
        return;
    fprintf(stderr, "follower: %s\n", cordon_error_message(err));
    exit(1);
}

static void call(cordon_skill *skill, const char *input)
{
    cordon_error *err = NULL;
    cordon_request *req = NULL;
    cordon_outcome *outcome = NULL;
    check(cordon_request_new(skill, NULL, &req, &err), err);
    check(cordon_request_set_input(req, input, strlen(input), &err), err);
    check(cordon_request_run(req, &outcome, &err), err);
    const char *output = cordon_outcome_output(outcome, NULL, NULL), *message = cordon_outcome_message(outcome);
    printf("%s %s\n", cordon_outcome_name(cordon_outcome_kind(outcome)), message ? message : output);
    fflush(stdout);
    cordon_outcome_free(outcome);
    cordon_request_free(req);
}

int main(int argc, char **argv)
{
    cordon_error *err = NULL;
    cordon_host_opts *opts = cordon_host_opts_new();
    cordon_host *host = NULL;
    cordon_registry *registry = NULL;
    cordon_skill *skill = NULL;
    char line[1024];
    if (argc != 3 || !opts)
        return 2;
    check(cordon_host_opts_load(opts, NULL, &err), err);
    check(cordon_host_opts_set_helper(opts, argv[1], &err), err);
    check(cordon_host_new(opts, &host, &err), err);
    check(cordon_registry_open(host, &registry, &err), err);
    check(cordon_skill_load_installed(registry, argv[2], &skill, &err), err);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        call(skill, line);
    }
    cordon_skill_free(skill);
    cordon_registry_close(registry);
    cordon_host_free(host);
    cordon_host_opts_free(opts);
    return 0;
}
