/* SPDX-License-Identifier: Apache-2.0
 * Installing and updating, killed at each named point: what is installed is as before or as after, and the next one that writes cleans up. Every step is a process of its own. */
#include "base/cleanup.h"
#include "base/scratch.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <check.h>
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

Suite *suite_install_kill(void);

enum { DIED = 9, FAILED = 3, POINTS_MAX = 40 };

static char root[64], home[96], skill[96];

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
    snprintf(skill, sizeof skill, "%s/weather", root);
    ck_assert_int_eq(mkdir(skill, 0755), 0);
}

static void teardown(void) { scratch_remove(strdup(root)); }

static void write_file(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", skill, name);
    FILE *f = fopen(path, "we");
    ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void write_skill(const char *version)
{
    char text[512];
    snprintf(text, sizeof text, "[skill]\nname = \"weather\"\nversion = \"%s\"\ndescription = \"d\"\n[capabilities]\nenv = [\"LANG\"]\n", version);
    write_file("skill.toml", text);
    write_file("skill.wasm", "{\"boternity_wasm_stub\": true, \"version\": 1, \"body\": \"hello\"}");
}

/* ---- in a child ---- */

static int points_left;
static bool is_seen[16];

static void die_there(void *data, const char *point)
{
    (void)data;
    for (size_t n = 0; install_points[n]; n++)
        is_seen[n] = is_seen[n] || !strcmp(point, install_points[n]);
    if (--points_left == 0)
        _exit(DIED);
}

static cordon_host *make_host(void)
{
    char cache[96];
    cordon_host *h = NULL;
    cordon_host_opts *o = cordon_host_opts_new();
    snprintf(cache, sizeof cache, "%s/cache", root);
    if (cordon_host_opts_set_home(o, home, NULL) < 0 || cordon_host_opts_set_cache_dir(o, cache, NULL) < 0 || cordon_host_opts_set_helper(o, TEST_HELPER, NULL) < 0 ||
        cordon_host_new(o, &h, NULL) < 0)
        _exit(FAILED);
    cordon_host_opts_free(o);
    return h;
}

static int install_it(cordon_registry *reg)
{
    cordon_install *i = NULL;
    cordon_error *err = NULL;
    char *json = NULL;
    int rc = cordon_install_new(reg, skill, &i, &err);
    if (rc == 0 && (rc = cordon_install_fetch(i, &err)) == 0 && (rc = cordon_install_allow_asked(i, &err)) == 0)
        rc = cordon_install_commit(i, &json, &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", cordon_error_message(err));
    free(json);
    cordon_error_free(err);
    cordon_install_free(i);
    return rc;
}

static void child(int die_at)
{
    cordon_registry *reg = NULL;
    points_left = die_at;
    cordon_host *h = make_host();
    if (cordon_registry_open(h, &reg, NULL) < 0)
        _exit(FAILED);
    reg->hook = die_there;
    int rc = install_it(reg);
    bool all = true;
    for (size_t n = 0; install_points[n]; n++)
        all = all && is_seen[n];
    cordon_registry_close(reg);
    cordon_host_free(h);
    _exit(rc < 0 || !all ? FAILED : 0);
}

/* Installs in a child that dies at the point of that number (0: at none); true: it died. */
static bool run(int die_at)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        child(die_at);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED), "at point %d: status %x", die_at, status);
    return WEXITSTATUS(status) == DIED;
}

/* ---- what is there ---- */

static void describe(char ret[256])
{
    cleanup(registry_drop) struct registry *r = NULL;
    cleanup(registry_version_finish) struct registry_version v = {0};
    cleanup(registry_grants_finish) struct registry_grants g = {0};
    cordon_error *err = NULL;
    int rc = registry_open(home, REGISTRY_READ, &r, &err);
    ck_assert_msg(rc >= 0, "%s", err ? cordon_error_message(err) : "");
    strcpy(ret, "nothing");
    if (rc == 0 || registry_get(r, "weather", NULL, &v, NULL) == 0)
        return;
    ck_assert_int_ge(registry_grants(r, &v, &g, NULL), 0);
    cleanup_fd int fd = -1;
    ck_assert_int_eq(registry_store_open(r, v.bundle, &fd, NULL, NULL), 1);
    struct bundle b = BUNDLE_NONE;
    ck_assert_int_eq(bundle_read(fd, "store", &b, NULL), 0);
    ck_assert_int_eq(memcmp(b.digest, v.bundle, sizeof b.digest), 0);
    bundle_finish(&b);
    snprintf(ret, 256, "%s %zu %s", v.version, g.n, g.n ? g.item[0].grant : "");
}

static size_t entries(const char *name)
{
    char path[128];
    size_t n = 0;
    struct dirent *e;
    snprintf(path, sizeof path, "%s/%s", home, name);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (d)
        closedir(d);
    return n;
}

static void forget(void)
{
    scratch_remove(strdup(home));
}

static void killed_at_each(const char *before_version, const char *after_version, const char *before, const char *after)
{
    char now[256];
    bool seen_before = false, seen_after = false;
    int n = 1;
    for (bool died = true; died; n++) {
        ck_assert_int_lt(n, POINTS_MAX);
        forget();
        if (before_version) {
            write_skill(before_version);
            ck_assert(!run(0));
        }
        describe(now);
        ck_assert_str_eq(now, before);
        write_skill(after_version);
        died = run(n);
        describe(now);
        ck_assert_msg(!strcmp(now, before) || !strcmp(now, after), "at point %d: %s", n, now);
        seen_before = seen_before || !strcmp(now, before);
        seen_after = seen_after || !strcmp(now, after);
        /* The next one finds nothing in its way, and leaves nothing behind. */
        ck_assert(!run(0));
        describe(now);
        ck_assert_str_eq(now, after);
        ck_assert_uint_eq(entries("staging"), 0);
        ck_assert_uint_eq(entries("store"), before_version ? 2 : 1);
    }
    ck_assert_int_gt(n, 8);
    ck_assert(seen_before && seen_after);
}

START_TEST(a_first_install_killed_at_each_point)
{
    killed_at_each(NULL, "1.0.0", "nothing", "1.0.0 1 env=LANG");
}
END_TEST

START_TEST(an_update_killed_at_each_point)
{
    killed_at_each("1.0.0", "1.1.0", "1.0.0 1 env=LANG", "1.1.0 1 env=LANG");
}
END_TEST

Suite *suite_install_kill(void)
{
    Suite *s = suite_create("install_kill");
    TCase *t = tcase_create("install_kill");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 240);
    tcase_add_test(t, a_first_install_killed_at_each_point);
    tcase_add_test(t, an_update_killed_at_each_point);
    suite_add_tcase(s, t);
    return s;
}
