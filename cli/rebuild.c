/* SPDX-License-Identifier: Apache-2.0 */
#include "rebuild.h"

#include "cleanup.h"
#include "report.h"
#include <cordon/author.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

bool rebuild_is_project(const char *folder)
{
    return cordon_language_of(folder) != NULL;
}

struct job { const struct cli *cli; const char *folder; };

/* `cordon build FOLDER`, with its words on stderr: standard output is for answers. */
static int build_body(void *data)
{
    const struct job *j = data;
    struct cli cli = *j->cli;
    cordon_error *err = NULL;
    char *words[3] = {(char *)j->folder};
    int n = 1;
    cli.command = command_find("build");
    cli.json = cli.quiet = cli.verbose = false;
    if (args_value(&j->cli->args, "config")) {
        words[n++] = (char *)"--config";
        words[n++] = (char *)args_value(&j->cli->args, "config");
    }
    cleanup_fd int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0)
        dup2(nowhere, STDOUT_FILENO);
    return options_parse(cli.command, n, words, &cli.args, &err) < 0 ? report_error(&cli, NULL, err) : cli.command->run(&cli);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_good(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum rerun_end rebuild(struct rerun *r, const char *folder, bool *ret_built, cordon_error **err)
{
    int status;
    double start = now_s();
    struct job j = {r->cli, folder};
    rerun_say(r, "building %s", folder);
    enum rerun_end end = rerun_child(r, build_body, &j, true, &status, err);
    *ret_built = end == RERUN_ENDED && is_good(status);
    if (*ret_built)
        rerun_say(r, "built in %.2f s", now_s() - start);
    return end;
}
