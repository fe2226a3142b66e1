/* SPDX-License-Identifier: Apache-2.0
 * The registry: what is installed is there whole or not at all, whoever is killed, whatever the file holds, and whoever else is at it. */
#include "registry_ground.h"
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

Suite *suite_registry(void);

/* ---- versions ---- */

START_TEST(what_is_put_is_got)
{
    ck_assert_ptr_null(ground_open(REGISTRY_READ)); /* nothing was ever installed */
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("weather", "1.2.3", 1), got = {0};
    v.author = (char *)"A. Stranger";
    v.asks = (char *)"net=api.x.com\nread=/data\n";
    v.limit[CORDON_LIMIT_FUEL] = 5;
    v.limit[CORDON_LIMIT_WALL_MS] = 5000;
    ground_put(r, &v);
    ground_commit(r);
    r = ground_open(REGISTRY_READ);
    ck_assert_int_eq(registry_get(r, "weather", NULL, &got, NULL), 1);
    ck_assert_str_eq(got.name, "weather");
    ck_assert_str_eq(got.version, "1.2.3");
    ck_assert_str_eq(got.author, "A. Stranger");
    ck_assert_str_eq(got.asks, v.asks);
    ck_assert_str_eq(got.entry, "skill.wasm");
    ck_assert_ptr_null(got.body);
    ck_assert_str_eq(got.publisher, "");
    ck_assert_uint_eq(got.limit[CORDON_LIMIT_FUEL], 5);
    ck_assert_uint_eq(got.limit[CORDON_LIMIT_WALL_MS], 5000);
    ck_assert_uint_eq(got.limit[CORDON_LIMIT_MEMORY_BYTES], 0);
    ck_assert_mem_eq(got.bundle, v.bundle, sizeof got.bundle);
    ck_assert_uint_gt(got.installed_at_ms, 1600000000000ull);
    registry_version_finish(&got);
    ck_assert_int_eq(registry_get(r, "wether", NULL, &got, NULL), 0);
    ck_assert_int_eq(registry_get(r, "weather", "9", &got, NULL), 0);
    registry_close(r);
}
END_TEST

START_TEST(kept_versions_can_be_put_in_force_again)
{
    struct registry_versions kept;
    ground_install("a", "1.0.0", 1);
    ground_install("a", "2.0.0", 2);
    ck_assert_str_eq(ground_now("a"), "2.0.0");
    struct registry *r = ground_open(REGISTRY_WRITE);
    ck_assert_int_eq(registry_kept(r, "a", &kept, NULL), 0);
    ck_assert_uint_eq(kept.n, 2);
    ck_assert_str_eq(kept.item[0].version, "2.0.0");
    ck_assert_int_eq(registry_use(r, "a", kept.item[1].id, NULL), 0);
    ck_assert_int_eq(registry_use(r, "b", kept.item[1].id, NULL), -CORDON_E_NOT_FOUND);
    registry_versions_finish(&kept);
    ground_commit(r);
    ck_assert_str_eq(ground_now("a"), "1.0.0");
    ck_assert_int_eq(ground_count("store"), 2);
}
END_TEST

START_TEST(versions_beyond_those_that_are_kept_go_with_their_files)
{
    struct registry_versions kept;
    char version[16];
    for (int i = 1; i <= 9; i++) {
        snprintf(version, sizeof version, "%d.0.0", i);
        ground_install("a", version, (uint8_t)i);
    }
    struct registry *r = ground_open(REGISTRY_READ);
    ck_assert_int_eq(registry_kept(r, "a", &kept, NULL), 0);
    ck_assert_uint_eq(kept.n, REGISTRY_VERSIONS_KEPT);
    registry_versions_finish(&kept);
    registry_close(r);
    ck_assert_int_eq(ground_count("store"), REGISTRY_VERSIONS_KEPT);
    ck_assert_int_eq(ground_count("staging"), 0);
}
END_TEST

START_TEST(one_bundle_under_two_names_is_in_the_store_once_until_both_are_gone)
{
    ground_install("a", "1.0.0", 1);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("b", "1.0.0", 1);
    ground_put(r, &v);
    ground_commit(r);
    ck_assert_int_eq(ground_count("store"), 1);
    r = ground_open(REGISTRY_WRITE);
    ck_assert_int_eq(registry_remove(r, "a", NULL), 1);
    ck_assert_int_eq(registry_remove(r, "a", NULL), 0);
    ground_commit(r);
    ck_assert_int_eq(ground_count("store"), 1);
    r = ground_open(REGISTRY_WRITE);
    ck_assert_int_eq(registry_remove(r, "b", NULL), 1);
    ground_commit(r);
    ck_assert_int_eq(ground_count("store"), 0);
}
END_TEST

START_TEST(names_that_are_paths_flags_or_look_alikes_are_refused)
{
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "a.b", "-x", "a b", "w\xd0\xb5" "ather", "\xef\xbd\x81", "a\n", "a@1",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(registry_check_name(bad[i], NULL), -CORDON_E_USAGE);
    char long_name[301];
    memset(long_name, 'a', 300);
    long_name[300] = '\0';
    ck_assert_int_eq(registry_check_name(long_name, NULL), -CORDON_E_USAGE);
    static const char *const good[] = {"a", "My_Skill-2", "_x", "0"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_int_eq(registry_check_name(good[i], NULL), 0);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("../x", "1", 1), upper = ground_version("Weather", "1", 2), lower = ground_version("weather", "1", 3);
    ck_assert_int_eq(registry_put(r, &v, NULL), -CORDON_E_USAGE);
    ground_put(r, &lower);
    ck_assert_int_eq(registry_put(r, &upper, NULL), -CORDON_E_CONFLICT);
    registry_close(r);
}
END_TEST

/* ---- what others read ---- */

/* As a program of the other system's would: with SQLite and nothing of ours. */
static void ask(const char *sql, const char *answer)
{
    char command[1024], text[1024] = "";
    snprintf(command, sizeof command, "python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute(sys.argv[2]).fetchall())' %s/registry.db \"%s\"", ground_home, sql);
    FILE *f = popen(command, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    pclose(f);
    ck_assert_msg(n > 0 && !strncmp(text, answer, strlen(answer)), "%s: %s", sql, text);
}

START_TEST(a_query_that_works_on_the_skill_toml_registry_works_on_ours)
{
    char path[256];
    ground_install("weather", "1.0.0", 1);
    ask("SELECT name, version, description, author, manifest_toml, capabilities_json, verification_status, content_hash, signature, publisher_id FROM installed_skills WHERE name = 'weather'",
        "('weather', '1.0.0', 'does things', None, '[skill]\\nname = \"x\"\\n', '{\"network\":{\"domains\":[]},\"filesystem\":null,\"env\":[]}', 'unverified', "
        "'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0', None, None)");
    ask("SELECT count(*) FROM installed_skills WHERE installed_at LIKE '20__-__-__T__:__:__Z' AND updated_at >= installed_at", "(1,)");
    snprintf(path, sizeof path, "('%s/store/0101010101010101010101010101010101010101010101010101010101010101/skill.wasm',)", ground_home);
    ask("SELECT wasm_path FROM installed_skills", path);
    ask("SELECT publisher_id, public_key_hex, pinned, first_seen, last_used FROM publisher_keys", "");
}
END_TEST

/* ---- what the operator said ---- */

static size_t grants_of(struct registry *r, const struct registry_version *v)
{
    struct registry_grants g = {0};
    ck_assert_int_eq(registry_grants(r, v, &g, NULL), 0);
    size_t n = g.n;
    registry_grants_finish(&g);
    return n;
}

START_TEST(a_grant_says_who_when_and_how)
{
    struct registry_grants g = {0};
    ground_install("a", "1", 1);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1);
    ck_assert_int_eq(registry_grant(r, &v, "net=x.com", NULL, "install", NULL), 0);
    ck_assert_int_eq(registry_grant(r, &v, "net=x.com", NULL, "grant", NULL), 0); /* twice is once */
    ck_assert_int_eq(registry_grants(r, &v, &g, NULL), 0);
    ck_assert_uint_eq(g.n, 1);
    ck_assert_str_eq(g.item[0].grant, "net=x.com");
    ck_assert_str_eq(g.item[0].how, "install");
    ck_assert_ptr_nonnull(strstr(g.item[0].by, "uid "));
    ck_assert_uint_gt(g.item[0].at_ms, 1600000000000ull);
    registry_grants_finish(&g);
    ck_assert_int_eq(registry_revoke(r, &v, "net=y.com", NULL), 0);
    ck_assert_int_eq(registry_revoke(r, &v, "net=x.com", NULL), 1);
    ck_assert_uint_eq(grants_of(r, &v), 0);
    registry_close(r);
}
END_TEST

START_TEST(grants_belong_to_name_source_and_publisher_or_the_very_bytes)
{
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1), other = v;
    ground_put(r, &v);
    ck_assert_int_eq(registry_grant(r, &v, "net=x.com", NULL, "grant", NULL), 0);
    ck_assert_uint_eq(grants_of(r, &v), 1);
    other.source = (char *)"https://elsewhere.example/x.tar.gz";
    ck_assert_uint_eq(grants_of(r, &other), 0);
    other = v;
    other.bundle[0]++;
    ck_assert_uint_eq(grants_of(r, &other), 0);
    other = v;
    memset(other.publisher, 'a', REGISTRY_KEY);
    ck_assert_uint_eq(grants_of(r, &other), 0);
    ck_assert_int_eq(registry_grant(r, &other, "net=x.com", NULL, "grant", NULL), 0);
    other.bundle[0]++; /* signed: the next version of the same publisher */
    ck_assert_uint_eq(grants_of(r, &other), 1);
    other.name = (char *)"b";
    ck_assert_uint_eq(grants_of(r, &other), 0);
    registry_close(r);
}
END_TEST

START_TEST(what_is_removed_leaves_its_pin_and_highest_version_and_nothing_else)
{
    static const char key[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    char pin[REGISTRY_KEY + 1];
    cleanup_free char *highest = NULL;
    struct registry_limits limits;
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1);
    ground_put(r, &v);
    ck_assert_int_eq(registry_grant(r, &v, "exec", NULL, "grant", NULL), 0);
    ck_assert_int_eq(registry_set_limit(r, "a", CORDON_LIMIT_FUEL, 7, NULL), 0);
    ck_assert_int_eq(registry_set_pin(r, "a", key, NULL), 0);
    ck_assert_int_eq(registry_set_highest(r, "a", key, "1", NULL), 0);
    ck_assert_int_eq(registry_remove(r, "a", NULL), 1);
    ground_put(r, &v);
    ck_assert_uint_eq(grants_of(r, &v), 0);
    ck_assert_int_eq(registry_limits(r, "a", &limits, NULL), 0);
    ck_assert_uint_eq(limits.value[CORDON_LIMIT_FUEL], 0);
    ck_assert_int_eq(registry_pin(r, "a", pin, NULL), 1);
    ck_assert_str_eq(pin, key);
    ck_assert_int_eq(registry_highest(r, "a", key, &highest, NULL), 1);
    ck_assert_str_eq(highest, "1");
    ground_commit(r);
    ask("SELECT publisher_id, public_key_hex, pinned FROM publisher_keys",
        "('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 1)");
}
END_TEST

START_TEST(limits_are_set_and_unset)
{
    struct registry_limits limits;
    ground_install("a", "1", 1);
    struct registry *r = ground_open(REGISTRY_WRITE);
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        ck_assert_int_eq(registry_set_limit(r, "a", (enum cordon_limit)l, (uint64_t)l + 1, NULL), 0);
    ck_assert_int_eq(registry_set_limit(r, "a", CORDON_LIMIT_FUEL, 0, NULL), 0);
    ck_assert_int_eq(registry_set_limit(r, "a", CORDON_LIMIT_FUEL, UINT64_MAX, NULL), -CORDON_E_BAD_LIMIT);
    ck_assert_int_eq(registry_limits(r, "a", &limits, NULL), 0);
    ck_assert_uint_eq(limits.value[CORDON_LIMIT_FUEL], 0);
    ck_assert_uint_eq(limits.value[CORDON_LIMIT_MEMORY_BYTES], 1 + CORDON_LIMIT_MEMORY_BYTES);
    registry_close(r);
}
END_TEST

/* ---- trust ---- */

static void sign(struct registry_version *v, struct trust_secret *s)
{
    struct trust_signature sig;
    ck_assert_int_eq(trust_sign(s, v->signed_name, v->version, v->bundle, &sig, NULL), 0);
    memcpy(v->signature, sig.signature, sizeof v->signature);
    strcpy(v->publisher, sig.publisher.id);
}

static void stands(struct registry *r, const struct registry_version *v, enum registry_standing standing, enum cordon_tier tier)
{
    enum registry_standing s;
    ck_assert_int_eq(registry_standing(r, v, &s, NULL), 0);
    ck_assert_str_eq(registry_standing_words(s), registry_standing_words(standing));
    ck_assert_int_eq(registry_tier(v, s), tier);
}

START_TEST(a_tier_is_the_lower_of_what_was_recorded_and_what_the_keys_say_now)
{
    struct trust_secret *s;
    ck_assert_int_eq(trust_secret_make(&s, NULL), 0);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1);
    stands(r, &v, REGISTRY_UNSIGNED, CORDON_TIER_UNTRUSTED);
    sign(&v, s);
    ground_put(r, &v);
    stands(r, &v, REGISTRY_UNKNOWN_KEY, CORDON_TIER_UNTRUSTED);
    ck_assert_int_eq(registry_trust(r, v.publisher, "b*", NULL), 0);
    stands(r, &v, REGISTRY_UNKNOWN_KEY, CORDON_TIER_UNTRUSTED);
    ck_assert_int_eq(registry_trust(r, v.publisher, "a*", NULL), 0);
    stands(r, &v, REGISTRY_TRUSTED, CORDON_TIER_VERIFIED);
    v.tier = CORDON_TIER_UNTRUSTED;
    stands(r, &v, REGISTRY_TRUSTED, CORDON_TIER_UNTRUSTED);
    v.tier = CORDON_TIER_LOCAL;
    stands(r, &v, REGISTRY_TRUSTED, CORDON_TIER_LOCAL);
    ck_assert_int_eq(registry_untrust(r, v.publisher, NULL, NULL), 2);
    stands(r, &v, REGISTRY_UNKNOWN_KEY, CORDON_TIER_LOCAL);
    v.tier = CORDON_TIER_VERIFIED;
    stands(r, &v, REGISTRY_UNKNOWN_KEY, CORDON_TIER_UNTRUSTED);
    registry_close(r);
    trust_secret_free(s);
}
END_TEST

START_TEST(a_signature_of_other_bytes_another_name_or_version_does_not_hold)
{
    struct trust_secret *s;
    ck_assert_int_eq(trust_secret_make(&s, NULL), 0);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1), bad;
    sign(&v, s);
    ck_assert_int_eq(registry_trust(r, v.publisher, "*", NULL), 0);
    stands(r, &v, REGISTRY_TRUSTED, CORDON_TIER_VERIFIED);
    bad = v;
    bad.bundle[31] ^= 1;
    stands(r, &bad, REGISTRY_BAD_SIGNATURE, CORDON_TIER_UNTRUSTED);
    bad = v;
    bad.signed_name = (char *)"b";
    stands(r, &bad, REGISTRY_BAD_SIGNATURE, CORDON_TIER_UNTRUSTED);
    bad = v;
    bad.version = (char *)"2";
    stands(r, &bad, REGISTRY_BAD_SIGNATURE, CORDON_TIER_UNTRUSTED);
    bad = v;
    bad.signature[0] ^= 1;
    bad.tier = CORDON_TIER_LOCAL;
    stands(r, &bad, REGISTRY_BAD_SIGNATURE, CORDON_TIER_UNTRUSTED);
    bad = v;
    bad.name = (char *)"called-otherwise-here";
    stands(r, &bad, REGISTRY_TRUSTED, CORDON_TIER_VERIFIED);
    registry_close(r);
    trust_secret_free(s);
}
END_TEST

START_TEST(verification_status_follows_the_keys)
{
    struct trust_secret *s;
    ck_assert_int_eq(trust_secret_make(&s, NULL), 0);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "1", 1);
    sign(&v, s);
    ground_put(r, &v);
    ck_assert_int_eq(registry_trust(r, v.publisher, "*", NULL), 0);
    ground_commit(r);
    ask("SELECT verification_status, length(signature), length(publisher_id) FROM installed_skills", "('verified', 128, 64)");
    r = ground_open(REGISTRY_WRITE);
    ck_assert_int_eq(registry_untrust(r, v.publisher, "*", NULL), 1);
    ground_commit(r);
    ask("SELECT verification_status FROM installed_skills", "('unverified',)");
    trust_secret_free(s);
}
END_TEST

/* ---- killed ---- */

/* The hook of a child that is to die at the n-th point it passes. */
static int points_left;

static void die_there(void *data, const char *point)
{
    (void)data, (void)point;
    if (--points_left == 0)
        kill(getpid(), SIGKILL);
}

typedef void change_fn(struct registry *r);

static void change_update(struct registry *r)
{
    struct registry_version v = ground_version("a", "2.0.0", 2);
    cleanup_free char *staged = ground_stage(2);
    ck_assert_int_eq(registry_store_add(r, staged, v.bundle, NULL), 0);
    ground_put(r, &v);
    ck_assert_int_eq(registry_grant(r, &v, "net=new.example", NULL, "install", NULL), 0);
}

static void change_remove(struct registry *r) { ck_assert_int_eq(registry_remove(r, "a", NULL), 1); }

static void change_rollback(struct registry *r)
{
    struct registry_versions kept;
    ck_assert_int_eq(registry_kept(r, "a", &kept, NULL), 0);
    ck_assert_int_eq(registry_use(r, "a", kept.item[1].id, NULL), 0);
    registry_versions_finish(&kept);
}

/* True: it was killed. */
static bool killed_at(int n, change_fn *change)
{
    pid_t child = fork();
    if (child == 0) {
        points_left = n;
        struct registry *r = ground_open(REGISTRY_WRITE);
        registry_set_hook(r, die_there, NULL);
        change(r);
        registry_commit(r, NULL);
        registry_close(r);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static bool folder_is_there(uint8_t mark)
{
    char path[256], name[65];
    for (int i = 0; i < 32; i++)
        snprintf(name + 2 * i, 3, "%02x", mark);
    snprintf(path, sizeof path, "%s/store/%s/skill.wasm", ground_home, name);
    return access(path, R_OK) == 0;
}

/* As before, or as after; the next that writes leaves no orphan. */
static void survives(change_fn *change, const char *before, const char *after, bool has_second)
{
    int n = 1;
    for (bool killed = true; killed; n++) {
        ground_setup();
        ground_install("a", "1.0.0", 1);
        if (has_second)
            ground_install("a", "1.5.0", 3);
        killed = killed_at(n, change);
        const char *now = ground_now("a");
        ck_assert_msg(!strcmp(now, before) || !strcmp(now, after), "at point %d: %s", n, now);
        if (!strcmp(now, "2.0.0"))
            ck_assert(folder_is_there(2));
        if (*now)
            ck_assert(folder_is_there(1));
        ground_install("b", "1.0.0", 9);
        struct registry *r = ground_open(REGISTRY_READ);
        struct registry_versions kept = {0};
        ck_assert_int_eq(registry_kept(r, "a", &kept, NULL), 0);
        ck_assert_int_eq(ground_count("store"), (int)kept.n + 1);
        registry_versions_finish(&kept);
        registry_close(r);
        if (change != change_update) /* which stages by a name that no sweep takes */
            ck_assert_int_eq(ground_count("staging"), 0);
        ground_teardown();
    }
    ck_assert_int_gt(n, 4);
}

START_TEST(an_update_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be) { survives(change_update, "1.0.0", "2.0.0", false); }
END_TEST
START_TEST(a_removal_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be) { survives(change_remove, "1.0.0", "", false); }
END_TEST
START_TEST(a_rollback_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be) { survives(change_rollback, "1.5.0", "1.0.0", true); }
END_TEST

START_TEST(what_is_not_committed_was_never_there)
{
    ground_install("a", "1.0.0", 1);
    struct registry *r = ground_open(REGISTRY_WRITE);
    change_update(r);
    registry_close(r);
    ck_assert_str_eq(ground_now("a"), "1.0.0");
}
END_TEST

/* ---- the number ---- */

START_TEST(the_number_changes_with_each_commit_and_is_even_after_it)
{
    struct registry_gen g = {0}, none = {0};
    ck_assert_int_eq(registry_gen_open(ground_home, &none, NULL), 0);
    ground_install("a", "1", 1);
    ck_assert_int_eq(registry_gen_open(ground_home, &g, NULL), 1);
    uint64_t before = atomic_load(g.now);
    ck_assert_uint_eq(before & 1, 0);
    struct registry *r = ground_open(REGISTRY_WRITE);
    ck_assert_uint_eq(atomic_load(g.now), before);
    ground_commit(r);
    ck_assert_uint_gt(atomic_load(g.now), before);
    ck_assert_uint_eq(atomic_load(g.now) & 1, 0);
    registry_gen_close(&g);
}
END_TEST

START_TEST(the_number_of_a_writer_that_was_killed_while_it_committed_is_never_believed)
{
    struct registry_gen g = {0};
    ground_install("a", "1", 1);
    ck_assert_int_eq(registry_gen_open(ground_home, &g, NULL), 1);
    ck_assert(killed_at(2, change_remove)); /* behind the commit, before it is told */
    ck_assert_uint_eq(atomic_load(g.now) & 1, 1);
    registry_close(ground_open(REGISTRY_WRITE));
    ck_assert_uint_eq(atomic_load(g.now) & 1, 0);
    registry_gen_close(&g);
}
END_TEST

/* ---- two at once ---- */

START_TEST(a_reader_waits_for_no_writer_and_sees_one_state)
{
    ground_install("a", "1.0.0", 1);
    struct registry *w = ground_open(REGISTRY_WRITE), *r = ground_open(REGISTRY_READ);
    struct registry_version v = {0};
    ck_assert_int_eq(registry_get(r, "a", NULL, &v, NULL), 1);
    registry_version_finish(&v);
    change_remove(w);
    ground_commit(w);
    ck_assert_int_eq(registry_get(r, "a", NULL, &v, NULL), 1);
    registry_version_finish(&v);
    registry_close(r);
    ck_assert_str_eq(ground_now("a"), "");
}
END_TEST

START_TEST(a_second_writer_that_waits_too_long_is_told_who_is_at_it)
{
    char path[256];
    cordon_error *err = NULL;
    ground_install("a", "1.0.0", 1);
    snprintf(path, sizeof path, "%s/registry.lock", ground_home);
    pid_t child = fork();
    if (child == 0) {
        struct registry *r = ground_open(REGISTRY_WRITE);
        (void)r;
        pause();
        _exit(0);
    }
    struct registry *r = NULL;
    cleanup_fd int fd = open(path, O_RDWR);
    while (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        flock(fd, LOCK_UN);
        usleep(1000);
    }
    usleep(100000);
    ck_assert_int_eq(registry_open(ground_home, REGISTRY_WRITE, &r, &err), -CORDON_E_BUSY);
    char pid[32];
    snprintf(pid, sizeof pid, "process %d ", child);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), pid));
    cordon_error_free(err);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    r = ground_open(REGISTRY_WRITE); /* the kernel gave the lock back */
    registry_close(r);
}
END_TEST

START_TEST(writers_at_once_lose_nothing)
{
    enum { WRITERS = 4, EACH = 5 };
    pid_t child[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        if ((child[i] = fork()) == 0) {
            for (int k = 0; k < EACH; k++) {
                char name[16];
                snprintf(name, sizeof name, "s%d-%d", i, k);
                struct registry *r = ground_open(REGISTRY_WRITE);
                struct registry_version v = ground_version(name, "1", (uint8_t)(1 + i * EACH + k));
                ground_put(r, &v);
                ground_commit(r);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = 1;
        waitpid(child[i], &status, 0);
        ck_assert_int_eq(status, 0);
    }
    struct registry *r = ground_open(REGISTRY_READ);
    struct registry_versions all = {0};
    ck_assert_int_eq(registry_all(r, &all, NULL), 0);
    ck_assert_uint_eq(all.n, WRITERS * EACH);
    registry_versions_finish(&all);
    registry_close(r);
}
END_TEST

/* ---- what the file may be ---- */

static void run_sql(const char *sql)
{
    char command[1024];
    snprintf(command, sizeof command, "python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.close()' %s/registry.db \"%s\"", ground_home, sql);
    ck_assert_int_eq(system(command), 0);
}

static void opens_as(enum registry_mode mode, int code)
{
    struct registry *r = NULL;
    cordon_error *err = NULL;
    int rc = registry_open(ground_home, mode, &r, &err);
    ck_assert_msg(rc == code, "%d %s", rc, err ? cordon_error_message(err) : "");
    if (rc < 0)
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "registry"));
    cordon_error_free(err);
    if (rc > 0)
        registry_close(r);
}

START_TEST(a_registry_of_a_newer_cordon_is_left_alone)
{
    ground_install("a", "1.0.0", 1);
    run_sql("PRAGMA user_version = 99");
    opens_as(REGISTRY_READ, -CORDON_E_NEWER_HOME);
    opens_as(REGISTRY_WRITE, -CORDON_E_NEWER_HOME);
    ask("PRAGMA user_version", "(99,)");
    ask("SELECT count(*) FROM installed_skills", "(1,)");
}
END_TEST

START_TEST(another_programs_database_is_refused_and_left_alone)
{
    char path[256];
    ck_assert_int_eq(mkdir(ground_home, 0700), 0);
    run_sql("CREATE TABLE installed_skills (name TEXT)");
    snprintf(path, sizeof path, "%s/registry.db", ground_home);
    ck_assert_int_eq(chmod(path, 0600), 0);
    opens_as(REGISTRY_READ, -CORDON_E_DAMAGED);
    opens_as(REGISTRY_WRITE, -CORDON_E_DAMAGED);
}
END_TEST

START_TEST(a_change_of_any_byte_is_borne)
{
    char path[256], wal[300];
    ground_install("a", "1.0.0", 1);
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    snprintf(path, sizeof path, "%s/registry.db", ground_home);
    snprintf(wal, sizeof wal, "%s-wal", path);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    for (off_t at = 0; at < st.st_size; at += 97) {
        cleanup_fd int fd = open(path, O_RDWR);
        uint8_t was, is;
        ck_assert_int_eq(pread(fd, &was, 1, at), 1);
        is = (uint8_t)~was;
        ck_assert_int_eq(pwrite(fd, &is, 1, at), 1);
        struct registry *r = NULL;
        struct registry_versions all = {0};
        if (registry_open(ground_home, REGISTRY_READ, &r, NULL) > 0 && registry_all(r, &all, NULL) == 0)
            registry_versions_finish(&all);
        registry_close(r);
        ck_assert_int_eq(pwrite(fd, &was, 1, at), 1);
    }
    ck_assert_str_eq(ground_now("a"), "1.0.0");
}
END_TEST

START_TEST(rows_that_make_no_sense_are_damage)
{
    static const char *const bad[] = {"UPDATE versions SET bundle = x'00'", "UPDATE versions SET kind = 9", "UPDATE versions SET tier = 7", "UPDATE versions SET publisher = 'x'",
                                      "UPDATE versions SET limits = 'fuel=-1'", "UPDATE versions SET version = NULL WHERE 0; UPDATE versions SET description = x'fffe'",
                                      "UPDATE versions SET publisher = '../../../../../../../../../../../../../../../../../../../../../../etc/'",
                                      "UPDATE versions SET name = '../x'; UPDATE installed_skills SET name = '../x'"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ground_install("a", "1.0.0", 1);
        run_sql(bad[i]);
        struct registry *r = ground_open(REGISTRY_READ);
        struct registry_versions all = {0};
        ck_assert_msg(registry_all(r, &all, NULL) == -CORDON_E_DAMAGED, "%s", bad[i]);
        registry_close(r);
        ground_teardown();
        ground_setup();
    }
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
    ground_install("a", "1.0.0", 1);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit was, little = {64 << 10, 64 << 10};
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    little.rlim_max = was.rlim_max;
    cleanup_free char *big = malloc(600 << 10);
    memset(big, 'x', (600 << 10) - 1);
    big[(600 << 10) - 1] = '\0';
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version("a", "2.0.0", 2);
    v.manifest = big;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    cordon_error *err = NULL;
    int rc = registry_put(r, &v, &err);
    if (rc == 0)
        rc = registry_commit(r, &err);
    ck_assert(rc == -CORDON_E_IO || rc == -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    registry_close(r);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    ck_assert_str_eq(ground_now("a"), "1.0.0");
    ground_install("a", "3.0.0", 3);
    ck_assert_str_eq(ground_now("a"), "3.0.0");
}
END_TEST

START_TEST(a_home_that_others_can_write_is_refused)
{
    ground_install("a", "1.0.0", 1);
    ck_assert_int_eq(chmod(ground_home, 0770), 0);
    struct registry *r = NULL;
    ck_assert_int_eq(registry_open(ground_home, REGISTRY_READ, &r, NULL), -CORDON_E_UNSAFE_PATH);
    ck_assert_int_eq(registry_open(ground_home, REGISTRY_WRITE, &r, NULL), -CORDON_E_UNSAFE_PATH);
    char path[256];
    ck_assert_int_eq(chmod(ground_home, 0700), 0);
    snprintf(path, sizeof path, "%s/registry.db", ground_home);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(registry_open(ground_home, REGISTRY_READ, &r, NULL), -CORDON_E_UNSAFE_PATH);
}
END_TEST

START_TEST(its_files_are_this_users_alone)
{
    static const char *const files[] = {"registry.db", "registry.lock", "registry.gen", "registry.db-wal", "registry.db-shm"};
    ground_install("a", "1.0.0", 1);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", ground_home, files[i]);
        ck_assert_msg(stat(path, &st) == 0, "%s", path);
        ck_assert_uint_eq(st.st_mode & 0777, 0600);
    }
}
END_TEST

Suite *suite_registry(void)
{
    Suite *s = suite_create("registry");
    TCase *t = tcase_create("registry");
    tcase_add_checked_fixture(t, ground_setup, ground_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_put_is_got);
    tcase_add_test(t, kept_versions_can_be_put_in_force_again);
    tcase_add_test(t, versions_beyond_those_that_are_kept_go_with_their_files);
    tcase_add_test(t, one_bundle_under_two_names_is_in_the_store_once_until_both_are_gone);
    tcase_add_test(t, names_that_are_paths_flags_or_look_alikes_are_refused);
    tcase_add_test(t, a_query_that_works_on_the_skill_toml_registry_works_on_ours);
    tcase_add_test(t, a_grant_says_who_when_and_how);
    tcase_add_test(t, grants_belong_to_name_source_and_publisher_or_the_very_bytes);
    tcase_add_test(t, what_is_removed_leaves_its_pin_and_highest_version_and_nothing_else);
    tcase_add_test(t, limits_are_set_and_unset);
    tcase_add_test(t, a_tier_is_the_lower_of_what_was_recorded_and_what_the_keys_say_now);
    tcase_add_test(t, a_signature_of_other_bytes_another_name_or_version_does_not_hold);
    tcase_add_test(t, verification_status_follows_the_keys);
    tcase_add_test(t, what_is_not_committed_was_never_there);
    tcase_add_test(t, the_number_changes_with_each_commit_and_is_even_after_it);
    tcase_add_test(t, the_number_of_a_writer_that_was_killed_while_it_committed_is_never_believed);
    tcase_add_test(t, a_reader_waits_for_no_writer_and_sees_one_state);
    tcase_add_test(t, a_second_writer_that_waits_too_long_is_told_who_is_at_it);
    tcase_add_test(t, writers_at_once_lose_nothing);
    tcase_add_test(t, a_registry_of_a_newer_cordon_is_left_alone);
    tcase_add_test(t, another_programs_database_is_refused_and_left_alone);
    tcase_add_test(t, a_change_of_any_byte_is_borne);
    tcase_add_test(t, rows_that_make_no_sense_are_damage);
    tcase_add_test(t, a_full_disk_loses_nothing);
    tcase_add_test(t, a_home_that_others_can_write_is_refused);
    tcase_add_test(t, its_files_are_this_users_alone);
    suite_add_tcase(s, t);
    TCase *k = tcase_create("killed");
    tcase_set_timeout(k, 60);
    tcase_add_test(k, an_update_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be);
    tcase_add_test(k, a_removal_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be);
    tcase_add_test(k, a_rollback_that_is_killed_anywhere_leaves_what_was_or_what_is_to_be);
    suite_add_tcase(s, k);
    return s;
}
