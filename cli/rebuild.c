/* SPDX-License-Identifier: Apache-2.0 */
#include "rebuild.h"

#include "cleanup.h"
#include "report.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static bool holds(const char *folder, const char *name)
{
    cleanup_free char *path = NULL;
    struct stat st;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    return path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool holds_c(const char *folder)
{
    DIR *d = opendir(folder);
    bool found = false;
    for (const struct dirent *e; d && !found && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        found = e->d_name[0] != '.' && len > 2 && strcmp(e->d_name + len - 2, ".c") == 0;
    }
    if (d)
        closedir(d);
    return found;
}

bool rebuild_is_project(const char *folder)
{
    static const char *const signs[] = {"Cargo.toml", "package.json", "pyproject.toml", "requirements.txt"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (holds(folder, signs[i]))
            return true;
    return holds_c(folder);
}

struct job { const struct cli *cli; const char *folder; };

static bool has_option(const struct command *c, const char *name)
{
    for (const struct option *o = c->options; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

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
    if (args_value(&j->cli->args, "config") && has_option(cli.command, "config")) {
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
