/* SPDX-License-Identifier: Apache-2.0
 * What this machine has and lacks, and what follows from it. One row per check. */
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/bundle.h"
#include "child/filter.h"
#include "child/landlock.h"
#include "cordon/internal.h"
#include "keep/home.h"
#include "keep/sqlite.h"
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

enum status { GOOD, WARN, FAIL };

static void add(json_t *checks, const char *name, enum status status, const char *detail, const char *hint)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:o}", "name", name, "status", words[status], "detail", detail, "hint", hint ? json_string(hint) : json_null()));
}

static void check_landlock(json_t *checks)
{
    char text[96];
    int abi = landlock_abi();
    snprintf(text, sizeof text, abi > 0 ? "ABI %d" : "not in this kernel", abi);
    add(checks, "landlock", abi > 0 ? GOOD : WARN, text, abi > 0 ? NULL : "cordon run locks itself in with seccomp alone; a kernel of 5.13 or newer with Landlock enabled adds the second wall");
}

static void check_seccomp(json_t *checks)
{
    bool has = filter_available();
    add(checks, "seccomp", has ? GOOD : FAIL, has ? "filters are available" : "not in this kernel", has ? NULL : "the helper that compiles cannot be confined; use a kernel with CONFIG_SECCOMP_FILTER");
}

static void check_openat2(json_t *checks)
{
    long fd = syscall(SYS_openat2, -1, ".", NULL, 0);
    bool has = !(fd < 0 && errno == ENOSYS);
    add(checks, "openat2", has ? GOOD : WARN, has ? "available" : "not in this kernel (needs 5.6)", NULL);
}

static void check_maps(json_t *checks, unsigned sandboxes)
{
    enum { MAPPINGS_PER_SANDBOX = 5 };
    unsigned long max = 0;
    char text[128];
    cleanup_file FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
    if (!f || fscanf(f, "%lu", &max) != 1) { /* NOLINT(cert-err34-c): the kernel's own number */
        add(checks, "max_map_count", WARN, "cannot be read", NULL);
        return;
    }
    bool enough = max / MAPPINGS_PER_SANDBOX >= sandboxes;
    snprintf(text, sizeof text, "%lu mappings, enough for about %lu live sandboxes per tier; %u are set", max, max / MAPPINGS_PER_SANDBOX, sandboxes);
    add(checks, "max_map_count", enough ? GOOD : WARN, text, enough ? NULL : "raise it with: sysctl -w vm.max_map_count=262144");
}

static void add_error(json_t *checks, const char *name, cordon_error *why)
{
    add(checks, name, FAIL, cordon_error_message(why), cordon_error_hint(why));
    cordon_error_free(why);
}

static void check_cache(json_t *checks, cordon_host *h)
{
    struct cache *cache;
    cordon_error *why = NULL;
    if (host_cache(h, &cache, &why) < 0)
        add_error(checks, "cache", why);
    else
        add(checks, "cache", GOOD, "the folder for compiled code is there and ours alone", NULL);
}

static void check_home(json_t *checks, cordon_host *h)
{
    cleanup(home_finish) struct home home = HOME_NONE;
    cordon_error *why = NULL;
    int r = home_open(h->opts.home, &home, &why);
    if (r < 0)
        add_error(checks, "home", why);
    else
        add(checks, "home", GOOD, r ? "the folder for what is kept (secrets, memories) is there and ours alone" : "not there yet: nothing is kept", NULL);
}

/* While it cannot be kept, runs with grants are refused. */
static void check_audit(json_t *checks, cordon_host *h)
{
    cleanup(home_finish) struct home home = HOME_NONE;
    cleanup(audit_store_close) struct audit_store store = {.home = HOME_NONE, .head_fd = -1};
    cordon_error *why = NULL;
    int there = home_open(h->opts.home, &home, &why), r = there;
    if (there > 0 && faccessat(home.fd, ".", W_OK, 0) < 0)
        r = err_errno(&why, errno, "write in", home.path);
    if (r > 0)
        r = audit_store_open(h->opts.home, true, &store, &why);
    if (r < 0)
        add_error(checks, "audit", why);
    else
        add(checks, "audit", GOOD, r ? "the record of what was run is there, with its key; cordon audit --verify reads it all" : "none yet: it begins with the first run", NULL);
}

/* What a killed command left is told, and is no fault. */
static void check_registry(json_t *checks, cordon_host *h)
{
    struct registry *r = NULL;
    cleanup(registry_versions_finish) struct registry_versions all = {0};
    size_t orphans = 0;
    char text[160];
    cordon_error *why = NULL;
    int rc = registry_open(h->opts.home, REGISTRY_READ, &r, &why);
    if (rc > 0 && (rc = registry_all(r, &all, &why)) == 0 && (rc = registry_store_orphans(r, &orphans, &why)) == 0)
        rc = 1;
    registry_close(r);
    if (rc < 0) {
        add_error(checks, "registry", why);
        return;
    }
    if (!rc)
        snprintf(text, sizeof text, "nothing is installed");
    else if (!orphans)
        snprintf(text, sizeof text, "%zu installed, and nothing in the store that does not belong to them", all.n);
    else
        snprintf(text, sizeof text, "%zu installed; %zu that a stopped command left in the store: the next command that changes it removes them", all.n, orphans);
    add(checks, "registry", GOOD, text, NULL);
}

static void check_sqlite(json_t *checks)
{
    struct sqlite api;
    bool has = sqlite_load(&api, NULL) == 0;
    add(checks, "sqlite", has ? GOOD : WARN, has ? "available" : "not found: nothing can be remembered, recalled, installed or audited", has ? NULL : "apt-get install libsqlite3-0");
}

static void check_archives(json_t *checks)
{
    cordon_error *why = NULL;
    if (bundle_tools(&why) == 0) {
        add(checks, "archives", GOOD, "libarchive and libunistring are there", NULL);
        return;
    }
    add(checks, "archives", WARN, cordon_error_message(why), cordon_error_hint(why));
    cordon_error_free(why);
}

/* All that the first request to the network would open. */
static void check_network(json_t *checks, cordon_host *h)
{
    struct gateway *g;
    cordon_error *why = NULL;
    if (host_gateway(h, &g, &why) < 0 || gateway_prepare(g, &why) < 0) {
        add(checks, "network", WARN, cordon_error_message(why), "without it, grants of the network (net=) come to nothing");
        cordon_error_free(why);
        return;
    }
    add(checks, "network", GOOD, "libcurl and c-ares are there", NULL);
}

static void check_helper(json_t *checks, cordon_host *h)
{
    cordon_error *why = NULL;
    cleanup_free char *path = NULL;
    if (helper_find(h->opts.helper, &path, &why) < 0)
        add_error(checks, "helper", why);
    else
        add(checks, "helper", GOOD, path, NULL);
}

/* Would a local script run here? */
static void check_scripts(json_t *checks, const cordon_host *h)
{
    cordon_error *why = NULL;
    cleanup_free char *path = NULL;
    if (script_find_supervisor(h->opts.supervisor, &path, &why) < 0) {
        add_error(checks, "scripts", why);
        return;
    }
    if (script_check_machine(h->opts.scripts_as_root, h->opts.scripts_without_landlock, landlock_abi(), &why) < 0)
        add(checks, "scripts", WARN, cordon_error_message(why), cordon_error_hint(why));
    else
        add(checks, "scripts", GOOD, path, NULL);
    cordon_error_free(why);
}

static void check_engines(json_t *checks, cordon_host *h)
{
    for (enum cordon_tier t = CORDON_TIER_UNTRUSTED; t <= CORDON_TIER_VERIFIED; t++) {
        struct engine *e;
        cordon_error *why = NULL;
        char name[32];
        snprintf(name, sizeof name, "engine %s", cordon_tier_name(t));
        if (host_engine(h, t, &e, &why) < 0)
            add_error(checks, name, why);
        else
            add(checks, name, GOOD, e->identity, NULL);
    }
}

static void check_toolchain(json_t *checks)
{
    static const char *const clang[] = {"/usr/bin/clang-14", "/usr/bin/clang-19", "/usr/bin/clang-16", "/usr/bin/clang", "/usr/local/bin/clang"};
    const char *found = NULL;
    for (size_t i = 0; !found && i < sizeof clang / sizeof *clang; i++)
        if (access(clang[i], X_OK) == 0)
            found = clang[i];
    add(checks, "clang", found ? GOOD : WARN, found ? found : "not found: cordon build cannot compile C", found ? NULL : "apt-get install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32");
}

static json_t *limits_json(const cordon_host *h)
{
    json_t *tiers = json_object();
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        json_t *rows = json_object();
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            uint64_t d = h->opts.deflt[t][l], c = h->opts.ceiling[t][l];
            json_object_set_new(rows, cordon_limit_name((enum cordon_limit)l), json_pack("{s:o, s:o}", "default", d > INT64_MAX ? json_null() : json_integer((json_int_t)d), "ceiling",
                                                                                         c > INT64_MAX ? json_null() : json_integer((json_int_t)c)));
        }
        json_object_set_new(tiers, cordon_tier_name((enum cordon_tier)t), rows);
    }
    return tiers;
}

static bool none_failed(const json_t *checks)
{
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (!strcmp(json_string_value(json_object_get(json_array_get(checks, i), "status")), "fail"))
            return false;
    return true;
}

int cordon_doctor(const cordon_host_opts *opts, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cordon_host *h;
    struct cordon_host_opts shipped;
    host_opts_init(&shipped);
    int rc = cordon_host_new(opts, &h, err);
    if (rc < 0)
        return rc;
    json_t *checks = json_array();
    check_landlock(checks);
    check_seccomp(checks);
    check_openat2(checks);
    check_maps(checks, h->opts.sandboxes);
    check_cache(checks, h);
    check_home(checks, h);
    check_registry(checks, h);
    check_audit(checks, h);
    check_sqlite(checks);
    check_archives(checks);
    check_network(checks, h);
    check_helper(checks, h);
    check_scripts(checks, h);
    check_engines(checks, h);
    check_toolchain(checks);
    json_t *j = json_pack("{s:i, s:b, s:s, s:s, s:o, s:o, s:o}", "cordon", 1, "ok", (int)none_failed(checks), "version", cordon_version(), "wasmtime", cordon_engine_version(), "checks",
                          checks, "limits", limits_json(h), "settings", doctor_settings(opts ? opts : &shipped));
    *ret_json = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    cordon_host_free(h);
    return *ret_json ? 0 : err_nomem(err);
}
