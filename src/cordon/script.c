/* SPDX-License-Identifier: Apache-2.0
 * Local scripts: who may run, with what. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/clock.h"
#include "base/text.h"
#include "cordon/script_parts.h"

#include <cordon/script.h>
#include <limits.h>
#include <string.h>

enum { NAME_BYTES_MAX = 256, SCRIPT_WALL_MS = 60000 };

/* ---- making ---- */

static bool is_at_or_beneath(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return len == 1 || (!strncmp(path, folder, len) && (path[len] == '/' || !path[len]));
}

static int refuse_holding(const char *folder, const char *path, const char *what, cordon_error **err)
{
    char real[PATH_MAX];
    if (!path || !realpath(path, real) || !is_at_or_beneath(real, folder))
        return 0;
    err_set(err, CORDON_E_USAGE, folder, "%s holds %s, and a script can read all of its folder", folder, what);
    return err_hint(err, "Keep the skill in a folder of its own.");
}

/* Above Cordon's own data; within it is where installed skills are. */
static int check_folder(const cordon_host *h, const char *folder, cordon_error **err)
{
    cleanup(places_finish) struct places places = {0};
    int rc = places_find(&h->opts, &places, err);
    if (rc == 0)
        rc = refuse_holding(folder, "/", "everything", err);
    if (rc == 0)
        rc = refuse_holding(folder, secure_getenv("HOME"), "your home folder", err);
    for (size_t i = 0; i < places.n && rc == 0; i++)
        rc = refuse_holding(folder, places.place[i].path, places.place[i].what, err);
    return rc;
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The tier's, but for the clock: a minute is what the format of local scripts has. */
static void default_limits(const cordon_host *h, struct limit_set *set)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
        set->value[l] = h->opts.deflt[CORDON_TIER_LOCAL][l];
        set->origin[l] = host_default_origin(h, CORDON_TIER_LOCAL, (enum cordon_limit)l);
    }
    set->value[CORDON_LIMIT_WALL_MS] = smaller(SCRIPT_WALL_MS, h->opts.ceiling[CORDON_TIER_LOCAL][CORDON_LIMIT_WALL_MS]);
    set->origin[CORDON_LIMIT_WALL_MS] = "the default of local scripts";
}

static int check_name(const char *name, cordon_error **err)
{
    size_t len = strlen(name);
    if (!len || len > NAME_BYTES_MAX || !text_is_utf8(name, len))
        return err_set(err, CORDON_E_USAGE, "name", "a skill's name is UTF-8 of 1 to %d bytes", NAME_BYTES_MAX);
    return 0;
}

static int fill(struct cordon_script *s, const char *folder, const char *name, cordon_error **err)
{
    int rc = check_name(name, err);
    if (rc < 0 || (rc = script_find(folder, &s->script, err)) < 0 || (rc = check_folder(s->host, s->script.folder.path, err)) < 0)
        return rc;
    s->name = strdup(name);
    s->powers = powers_new();
    return s->name && s->powers ? 0 : err_nomem(err);
}

int cordon_script_load(cordon_host *h, const char *folder, const char *name, cordon_script **ret, cordon_error **err)
{
    err_wanted(err);
    struct cordon_script *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err);
    s->host = h;
    default_limits(h, &s->limits);
    int rc = fill(s, folder, name, err);
    if (rc < 0)
        cordon_script_free(s);
    else
        *ret = s;
    return rc;
}

void cordon_script_free(cordon_script *s)
{
    if (!s)
        return;
    script_finish(&s->script);
    powers_unref(s->powers);
    grants_unref(s->asks);
    free(s->name);
    free(s->version);
    free(s->input);
    free(s);
}

/* ---- what it may ---- */

static int check_grant(const char *text, const struct grant *g, cordon_error **err)
{
    if (g->kind != GRANT_EXEC && g->kind != GRANT_FILES && g->kind != GRANT_ENV)
        return err_set(err, CORDON_E_USAGE, text, "a local script cannot use %s: it has no network and no host to ask, only folders and variables", text);
    if (g->kind == GRANT_FILES && strcmp(g->path, g->guest) != 0)
        return err_set(err, CORDON_E_USAGE, text, "a local script sees folders at their own paths: grant %s without ::%s", g->path, g->guest);
    return 0;
}

int script_allow(cordon_script *s, const char *text, struct grant *g, cordon_error **err)
{
    int rc = check_grant(text, g, err);
    if (rc == 0 && !grants_answers(s->asks, g))
        rc = grants_refuse_unasked(s->name, text, err);
    return rc == 0 ? grants_give(s->host, s->powers, g, err) : rc;
}

int cordon_script_allow(cordon_script *s, const char *grant, cordon_error **err)
{
    err_wanted(err);
    cleanup(grant_finish) struct grant g = {0};
    int rc = grants_read(grant, &g, err);
    return rc == 0 ? script_allow(s, grant, &g, err) : rc;
}

int cordon_script_set_env(cordon_script *s, const char *name, const char *value, cordon_error **err)
{
    err_wanted(err);
    return grants_set_env(s->powers, s->name, name, value, err);
}

int cordon_script_set_input(cordon_script *s, const void *input, size_t len, cordon_error **err)
{
    err_wanted(err);
    uint64_t max = s->host->opts.ceiling[CORDON_TIER_LOCAL][CORDON_LIMIT_INPUT_BYTES];
    if (len > max || len > SCRIPT_INPUT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the input has %zu bytes (ceiling %llu)", len, (unsigned long long)smaller(max, SCRIPT_INPUT_MAX));
    char *copy = malloc(len + 1);
    if (!copy)
        return err_nomem(err);
    if (len)
        memcpy(copy, input, len);
    free(s->input);
    s->input = copy;
    s->input_len = len;
    return 0;
}

static bool has_limit(enum cordon_limit l)
{
    return l == CORDON_LIMIT_MEMORY_BYTES || l == CORDON_LIMIT_WALL_MS || l == CORDON_LIMIT_INPUT_BYTES || l == CORDON_LIMIT_OUTPUT_BYTES ||
           l == CORDON_LIMIT_LOG_BYTES || l == CORDON_LIMIT_LOG_LINES;
}

int cordon_script_set_limit(cordon_script *s, enum cordon_limit limit, uint64_t value, const char *origin, cordon_error **err)
{
    err_wanted(err);
    if (!has_limit(limit)) {
        const char *unknown = cordon_limit_name(limit);
        return err_set(err, CORDON_E_USAGE, unknown, "a local script has no limit %s", unknown ? unknown : "of that number");
    }
    int rc = host_check_limit(s->host, CORDON_TIER_LOCAL, limit, value, err);
    if (rc < 0)
        return rc;
    s->limits.value[limit] = value;
    s->limits.origin[limit] = origin ? origin : "script";
    return 0;
}

/* ---- running ---- */

static int check_ready(const cordon_script *s, cordon_error **err)
{
    const struct ask may = {.kind = ASK_EXEC};
    if (!grants_find(s->powers->grants, &may)) {
        err_set(err, CORDON_E_NOT_GRANTED, "exec", "%s is a local script, and nobody granted it to run", s->name);
        return err_hint(err, "Grant exec, if you have read it and trust it with this machine.");
    }
    uint64_t max = s->limits.value[CORDON_LIMIT_INPUT_BYTES];
    if (s->input_len > max)
        return err_set(err, CORDON_E_TOO_LARGE, "input", "the input has %zu bytes (limit %llu)", s->input_len, (unsigned long long)max);
    return 0;
}

static struct script_limits limits_of(const cordon_script *s)
{
    const uint64_t *v = s->limits.value;
    uint64_t seconds = (v[CORDON_LIMIT_WALL_MS] + 999) / 1000, cores = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t cpu = seconds * (cores < 1 || cores > 1024 ? 1 : cores);
    return (struct script_limits){.wall_ms = v[CORDON_LIMIT_WALL_MS], .memory_bytes = v[CORDON_LIMIT_MEMORY_BYTES],
                                  .output_bytes = v[CORDON_LIMIT_OUTPUT_BYTES], .stderr_bytes = v[CORDON_LIMIT_LOG_BYTES],
                                  .file_bytes = SCRIPT_FILE_BYTES, .cpu_s = (unsigned)smaller(cpu, UINT32_MAX - 1), .processes = SCRIPT_PROCESSES,
                                  .files = SCRIPT_FILES};
}

static void fill_roots(const struct file_roots *from, struct script_root *to, size_t *ret_n)
{
    for (*ret_n = 0; from && *ret_n < from->n && *ret_n < SCRIPT_ROOTS_MAX; (*ret_n)++) {
        const struct file_root *r = from->item[*ret_n];
        to[*ret_n] = (struct script_root){.at = {.path = r->path, .dev = r->dev, .ino = r->ino}, .access = r->access};
    }
}

static void free_list(char ***list)
{
    for (char **p = *list; p && *p; p++)
        free(*p);
    free(*list);
}

static int make_env(const struct powers *p, char ***ret, cordon_error **err)
{
    cleanup(free_list) char **list = calloc(p->n_env + 1, sizeof *list);
    if (!list)
        return err_nomem(err);
    for (size_t i = 0; i < p->n_env; i++)
        if (asprintf(&list[i], "%s=%s", p->env[i].name, p->env[i].value) < 0) {
            list[i] = NULL;
            return err_nomem(err);
        }
    *ret = take(list);
    return 0;
}

static int run(const cordon_script *s, int cancel_fd, struct script_result *ret, cordon_error **err)
{
    const struct cordon_host_opts *o = &s->host->opts;
    struct script_root roots[SCRIPT_ROOTS_MAX];
    cleanup_free char *supervisor = NULL;
    cleanup(free_list) char **env = NULL;
    int rc = script_find_supervisor(o->supervisor, &supervisor, err);
    if (rc < 0 || (rc = make_env(s->powers, &env, err)) < 0)
        return rc;
    struct script_options options = {
        .supervisor = supervisor, .input = s->input, .input_len = s->input_len, .limits = limits_of(s), .roots = roots,
        .env = (const char *const *)env, .n_env = s->powers->n_env, .as_root = o->scripts_as_root,
        .without_landlock = o->scripts_without_landlock, .landlock_abi = -1, .cancel_fd = cancel_fd};
    fill_roots(s->powers->roots, roots, &options.n_roots);
    return script_run(&s->script, &options, ret, err);
}

/* What it may do beside running: the audit cannot see more of a process of this machine. */
static unsigned used_by(const cordon_script *s)
{
    static const unsigned of[] = {[GRANT_EXEC] = EFFECT_EXEC, [GRANT_ENV] = EFFECT_ENV};
    unsigned used = 0;
    for (size_t i = 0; i < s->powers->grants->n; i++) {
        const struct grant *g = &s->powers->grants->item[i];
        used |= g->kind == GRANT_FILES ? (g->access & FILE_READ ? EFFECT_READ : 0) | (g->access & FILE_WRITE ? EFFECT_WRITE : 0) : of[g->kind];
    }
    return used;
}

int cordon_script_run(cordon_script *s, int cancel_fd, cordon_outcome **ret, cordon_error **err)
{
    err_wanted(err);
    struct script_result result;
    cordon_outcome *outcome = NULL;
    cordon_error *why = NULL;
    char id[ID_TEXT];
    int rc = check_ready(s, err);
    if (rc < 0)
        return rc;
    id_next(&s->host->ids, clock_wall_ms(), id);
    if ((rc = audit_script_started(s, id, err)) < 0)
        return rc;
    if ((rc = run(s, cancel_fd, &result, &why)) == 0)
        rc = script_outcome(s, id, &result, &outcome, &why);
    audit_script_ended(s, id, used_by(s), outcome, why);
    if (rc == 0)
        *ret = outcome;
    else if (err)
        *err = take(why);
    cordon_error_free(why);
    return rc;
}
