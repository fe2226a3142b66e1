/* SPDX-License-Identifier: Apache-2.0 */
#include "run_watch.h"

#include "cleanup.h"
#include "rebuild.h"
#include "report.h"
#include "target.h"
#include <string.h>
#include <sys/stat.h>

struct work {
    struct cli *cli;
    int (*once)(struct cli *cli);
    const char *target;
    bool is_folder, builds;
    struct rerun rerun;
};

/* ---- what is watched ---- */

static int refuse(const char *subject, const char *what, const char *hint, cordon_error **err)
{
    return cordon_error_set(err, CORDON_E_USAGE, subject, hint, "%s", what);
}

static bool is_stdin(const char *word)
{
    return word && (strcmp(word, "-") == 0 || strcmp(word, "@-") == 0);
}

static int check(const struct cli *cli, cordon_error **err)
{
    const struct args *a = &cli->args;
    if (target_is_installed(a->words[0]))
        return refuse(a->words[0], "--watch is for a file or a folder: what is installed changes by `cordon update`",
                      "Name its folder (`cordon run ./NAME --watch`); `cordon update --watch` installs again what changes.", err);
    if (is_stdin(a->words[0]) || (a->n_words > 1 && is_stdin(a->words[1])) || is_stdin(args_value(a, "args")))
        return refuse("-", "--watch runs again and again, and standard input can be read once", "Put it into a file, and give that: @FILE.", err);
    return 0;
}

/* What the run may write to is not what an author changes. */
static int except_writable(struct watch *w, const struct args *a, cordon_error **err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < a->n_many; i++) {
        const char *value = a->many[i].value, *path = strncmp(value, "write=", 6) == 0 ? value + 6 : strncmp(value, "rw=", 3) == 0 ? value + 3 : NULL;
        const char *end = path ? strstr(path, "::") : NULL;
        cleanup_free char *folder = path ? strndup(path, end ? (size_t)(end - path) : strlen(path)) : NULL;
        rc = folder ? watch_except(w, folder, err) : 0;
    }
    return rc;
}

static int watch_argument(struct watch *w, const char *word, cordon_error **err)
{
    return word && word[0] == '@' ? watch_file(w, word + 1, 0, err) : 0;
}

static int watch_target(struct work *k, cordon_error **err)
{
    const struct args *a = &k->cli->args;
    struct watch *w = k->rerun.watch;
    int rc = except_writable(w, a, err);
    if (rc < 0 || (rc = watch_argument(w, a->n_words > 1 ? a->words[1] : NULL, err)) < 0 || (rc = watch_argument(w, args_value(a, "args"), err)) < 0)
        return rc;
    return k->is_folder ? watch_folder(w, k->target, 0, k->builds, err) : watch_file(w, k->target, 0, err);
}

/* ---- what is done ---- */

static int run_body(void *data)
{
    struct work *k = data;
    return k->once(k->cli);
}

static enum rerun_end run_once(struct work *k, cordon_error **err)
{
    int status;
    char how[128];
    enum rerun_end end = rerun_child(&k->rerun, run_body, k, true, &status, err);
    if (end == RERUN_ENDED) {
        rerun_status_words(status, how, sizeof how);
        rerun_say(&k->rerun, "%s; waiting for a change of %s", how, k->target);
    }
    return end;
}

/* Building and running, and what came between. */
static enum rerun_end turn(struct work *k, cordon_error **err)
{
    bool built = true;
    enum rerun_end end = k->builds ? rebuild(&k->rerun, k->target, &built, err) : RERUN_ENDED;
    if (end == RERUN_ENDED && built)
        end = run_once(k, err);
    else if (end == RERUN_ENDED)
        rerun_say(&k->rerun, "not built; waiting for a change of %s", k->target);
    return end == RERUN_ENDED ? rerun_wait(&k->rerun, err) : end;
}

static int watch(struct work *k, cordon_error **err)
{
    int rc = rerun_begin(k->cli, &k->rerun, err);
    if (rc < 0 || (rc = watch_target(k, err)) < 0)
        return rc;
    cordon_error *why = NULL;
    while (turn(k, &why) == RERUN_CHANGED)
        rerun_say(&k->rerun, "%s changed", k->rerun.changed);
    if (why)
        *err = why;
    return why ? -1 : 0;
}

int run_watch(struct cli *cli, int (*once)(struct cli *cli))
{
    cordon_error *err = NULL;
    struct stat st;
    struct work k = {.cli = cli, .once = once, .target = cli->args.words[0], .rerun = {.signals = -1}};
    if (check(cli, &err) < 0)
        return report_error(cli, NULL, err);
    k.is_folder = stat(k.target, &st) == 0 && S_ISDIR(st.st_mode);
    k.builds = k.is_folder && rebuild_is_project(k.target);
    int rc = watch(&k, &err), code = rc < 0 ? report_error(cli, NULL, err) : 0;
    rerun_finish(&k.rerun);
    rerun_reraise(&k.rerun);
    return code;
}
