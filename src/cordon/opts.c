/* SPDX-License-Identifier: Apache-2.0
 * The builder of hosts. */
#include "base/error.h"
#include "cordon/internal.h"

#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, SANDBOXES_MIN = 16, SANDBOXES_DEFAULT = 1000 };

void host_opts_init(cordon_host_opts *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct settings shipped;
    settings_shipped(&shipped);
    *o = (cordon_host_opts){
        .workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (unsigned)cores,
        .sandboxes = SANDBOXES_DEFAULT,
        .bounds = {.memory_bytes = shipped.key[SETTINGS_COMPILE_MEMORY].value,
                   .cpu_s = (unsigned)shipped.key[SETTINGS_COMPILE_CPU].value,
                   .wall_s = (unsigned)shipped.key[SETTINGS_COMPILE_WALL].value},
        .cache_max = shipped.key[SETTINGS_CACHE_MAX].value,
        .audit_keep = shipped.key[SETTINGS_AUDIT_KEEP].value,
        .audit_rows = shipped.key[SETTINGS_AUDIT_ROWS].value,
        .settings = shipped,
        .egress = shipped.egress,
    };
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            o->ceiling[t][l] = shipped.ceiling[t][l].value;
            o->deflt[t][l] = shipped.by_default[t][l].value;
        }
}

cordon_host_opts *cordon_host_opts_new(void)
{
    cordon_host_opts *o = malloc(sizeof *o);
    if (o)
        host_opts_init(o);
    return o;
}

void cordon_host_opts_free(cordon_host_opts *o)
{
    if (!o)
        return;
    free(o->cache_dir);
    free(o->helper);
    free(o->supervisor);
    free(o->home);
    own_set_finish(&o->own);
    for (int f = 0; f < SETTINGS_FROM_COUNT; f++)
        free(o->settings_file[f]);
    free(o);
}

int cordon_host_opts_set_workers(cordon_host_opts *o, unsigned workers, cordon_error **err)
{
    err_wanted(err);
    if (workers > WORKERS_MAX)
        return err_set(err, CORDON_E_USAGE, "workers", "%u workers are too many (ceiling %d)", workers, WORKERS_MAX);
    o->workers = workers;
    return 0;
}

int cordon_host_opts_set_sandboxes(cordon_host_opts *o, unsigned n, cordon_error **err)
{
    err_wanted(err);
    if (n < SANDBOXES_MIN || n > ENGINE_SANDBOXES_MAX)
        return err_set(err, CORDON_E_USAGE, "sandboxes", "%u sandboxes: must be %d to %d", n, SANDBOXES_MIN, ENGINE_SANDBOXES_MAX);
    o->sandboxes = n;
    return 0;
}

static int set_path(char **where, const char *what, const char *path, cordon_error **err)
{
    if (path[0] != '/')
        return err_set(err, CORDON_E_USAGE, path, "the %s must be an absolute path, got %s", what, path);
    char *copy = strdup(path);
    if (!copy)
        return err_nomem(err);
    free(*where);
    *where = copy;
    return 0;
}

int cordon_host_opts_set_cache_dir(cordon_host_opts *o, const char *path, cordon_error **err)
{
    err_wanted(err);
    return set_path(&o->cache_dir, "cache folder", path, err);
}

int cordon_host_opts_set_helper(cordon_host_opts *o, const char *path, cordon_error **err)
{
    err_wanted(err);
    return set_path(&o->helper, "helper program", path, err);
}

int cordon_host_opts_set_supervisor(cordon_host_opts *o, const char *path, cordon_error **err)
{
    err_wanted(err);
    return set_path(&o->supervisor, "supervisor program", path, err);
}

void cordon_host_opts_set_scripts(cordon_host_opts *o, bool as_root, bool without_landlock)
{
    o->scripts_as_root = as_root;
    o->scripts_without_landlock = without_landlock;
}

void cordon_host_opts_set_audit(cordon_host_opts *o, bool keep) { o->audit = keep; }

int cordon_host_opts_set_audit_keep(cordon_host_opts *o, uint64_t seconds, uint64_t rows, cordon_error **err)
{
    err_wanted(err);
    uint64_t s = seconds ? seconds : SETTINGS_FOREVER, n = rows ? rows : SETTINGS_FOREVER;
    if (!settings_fits(SETTINGS_AUDIT_KEEP, s) || !settings_fits(SETTINGS_AUDIT_ROWS, n))
        return err_set(err, CORDON_E_USAGE, "audit", "an audit is kept for an hour at least, and for 100 rows at least");
    o->audit_keep = s;
    o->audit_rows = n;
    return 0;
}

int cordon_host_opts_set_home(cordon_host_opts *o, const char *path, cordon_error **err)
{
    err_wanted(err);
    return set_path(&o->home, "home folder", path, err);
}

/* From the program: no file, no line. */
static const struct setting by_program = {.from = SETTINGS_UNSET};

static int refuse_egress(const char *why, const char *what, const char *text, cordon_error **err)
{
    return why ? err_set(err, CORDON_E_USAGE, what, "%s: '%.200s' %s", what, text, why) : 0;
}

int cordon_host_opts_allow_private(cordon_host_opts *o, const char *range, cordon_error **err)
{
    err_wanted(err);
    return refuse_egress(settings_add_private(&o->egress, range, &by_program), "the range of addresses", range, err);
}

int cordon_host_opts_set_proxy(cordon_host_opts *o, const char *url, cordon_error **err)
{
    err_wanted(err);
    return refuse_egress(settings_set_proxy(&o->egress, url, &by_program), "the proxy", url, err);
}

int cordon_host_opts_set_ca_file(cordon_host_opts *o, const char *path, cordon_error **err)
{
    err_wanted(err);
    return refuse_egress(settings_set_ca_file(&o->egress, path, &by_program), "the file of authorities", path, err);
}

int cordon_host_opts_set_cache_max(cordon_host_opts *o, uint64_t bytes, cordon_error **err)
{
    err_wanted(err);
    if (!settings_fits(SETTINGS_CACHE_MAX, bytes))
        return err_set(err, CORDON_E_USAGE, "cache", "the cache's size must be %s", settings_expected(SETTINGS_CACHE_MAX));
    o->cache_max = bytes;
    return 0;
}

int cordon_host_opts_set_compile_bounds(cordon_host_opts *o, uint64_t memory_bytes, unsigned cpu_s, unsigned wall_s, cordon_error **err)
{
    err_wanted(err);
    if (memory_bytes && !settings_fits(SETTINGS_COMPILE_MEMORY, memory_bytes))
        return err_set(err, CORDON_E_BAD_LIMIT, "compile memory", "the helper's memory must be 64 MiB to 64 GiB");
    if ((cpu_s && !settings_fits(SETTINGS_COMPILE_CPU, cpu_s)) || (wall_s && !settings_fits(SETTINGS_COMPILE_WALL, wall_s)))
        return err_set(err, CORDON_E_BAD_LIMIT, "compile time", "the helper's time must be at most an hour");
    if (memory_bytes)
        o->bounds.memory_bytes = memory_bytes;
    if (cpu_s)
        o->bounds.cpu_s = cpu_s;
    if (wall_s)
        o->bounds.wall_s = wall_s;
    return 0;
}

/* What a ceiling may be raised to: sums of such values must not wrap. Fuel is only ever counted down. */
static uint64_t most(enum cordon_limit limit)
{
    static const uint64_t DAY_MS = 24 * 3600 * 1000ull, TERA = 1ull << 40;
    return limit == CORDON_LIMIT_FUEL ? UINT64_MAX : limit == CORDON_LIMIT_WALL_MS ? 30 * DAY_MS : TERA;
}

static int set_limit(uint64_t table[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT], enum cordon_tier tier, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    if ((unsigned)tier >= CORDON_TIER_COUNT || (unsigned)limit >= CORDON_LIMIT_COUNT)
        return err_set(err, CORDON_E_USAGE, NULL, "no such tier or limit");
    if (value == 0)
        return err_set(err, CORDON_E_BAD_LIMIT, cordon_limit_name(limit), "%s must be above zero", cordon_limit_name(limit));
    if (value > most(limit))
        return err_set(err, CORDON_E_BAD_LIMIT, cordon_limit_name(limit), "%s cannot be that high", cordon_limit_name(limit));
    table[tier][limit] = value;
    return 0;
}

int cordon_host_opts_set_ceiling(cordon_host_opts *o, enum cordon_tier tier, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    err_wanted(err);
    return set_limit(o->ceiling, tier, limit, value, err);
}

int cordon_host_opts_set_default(cordon_host_opts *o, enum cordon_tier tier, enum cordon_limit limit, uint64_t value, cordon_error **err)
{
    err_wanted(err);
    return set_limit(o->deflt, tier, limit, value, err);
}
