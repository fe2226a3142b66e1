/* SPDX-License-Identifier: Apache-2.0
 * Installed skills in a running host: what the registry says holds for the next call, and no call begins with more than that. */
#include "cordon/registry_parts.h"

#include "base/scratch.h"
#include "registry_hand.h"
#include <check.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_installed(void);

#define FIXTURES TEST_SOURCE_ROOT "/tests/fixtures/"

static char root[64], home[96], cache[96];
static cordon_host *host;
static cordon_registry *reg;

static void ok(int rc, cordon_error *err) { ck_assert_msg(rc >= 0, "%d %s", rc, err ? cordon_error_message(err) : ""); }

/* Of one text of compiled code for all tests: compiling costs most of their time. */
static void setup(void)
{
    cordon_error *err = NULL;
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    cordon_host_opts *o = cordon_host_opts_new();
    ok(cordon_host_opts_set_home(o, home, &err), err);
    ok(cordon_host_opts_set_cache_dir(o, cache, &err), err);
    ok(cordon_host_opts_set_helper(o, TEST_HELPER, &err), err);
    ok(cordon_host_opts_set_supervisor(o, TEST_SUPERVISOR, &err), err);
    ok(cordon_host_opts_set_workers(o, 1, &err), err);
    cordon_host_opts_set_audit(o, true);
    ok(cordon_host_opts_set_sandboxes(o, 16, &err), err);
    ok(cordon_host_new(o, &host, &err), err);
    cordon_host_opts_free(o);
    ok(cordon_registry_open(host, &reg, &err), err);
}

static void teardown(void)
{
    struct cordon_host_stats st;
    ck_assert_int_eq(cordon_host_quiesce(host, NULL), 0);
    cordon_host_stats(host, &st);
    ck_assert_uint_eq(st.sandboxes_in_use, 0);
    cordon_registry_close(reg);
    cordon_host_free(host);
    scratch_remove(strdup(root));
}

/* ---- shorthands ---- */

static struct hand of(const char *name, const char *version, const char *file)
{
    return (struct hand){.home = home, .name = name, .version = version, .file = file, .source = "https://example.org/x", .tier = CORDON_TIER_VERIFIED};
}

static cordon_skill *load(const char *name)
{
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    ok(cordon_skill_load_installed(reg, name, &s, &err), err);
    return s;
}

static cordon_request *request(cordon_skill *s, const char *input)
{
    cordon_error *err = NULL;
    cordon_request *r = NULL;
    ok(cordon_request_new(s, NULL, &r, &err), err);
    ok(cordon_request_set_input(r, input, strlen(input), &err), err);
    return r;
}

/* The answer, or what the skill said is wrong. */
static const char *run(cordon_request *r)
{
    static char text[512];
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    ok(cordon_request_run(r, &o, &err), err);
    size_t len = 0;
    enum cordon_output_kind kind;
    const char *out = cordon_outcome_output(o, &len, &kind);
    if (cordon_outcome_kind(o) == CORDON_OUTCOME_OK)
        snprintf(text, sizeof text, "%.*s", (int)len, out);
    else
        snprintf(text, sizeof text, "%s: %s", cordon_outcome_name(cordon_outcome_kind(o)), cordon_outcome_message(o));
    cordon_outcome_free(o);
    return text;
}

static void runs_as(cordon_request *r, const char *expected)
{
    const char *is = run(r);
    ck_assert_msg(strstr(is, expected) != NULL, "'%s' where '%s' was expected", is, expected);
}

static void refuses(cordon_request *r, enum cordon_errc code)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    int rc = cordon_request_run(r, &o, &err);
    ck_assert_msg(rc == -(int)code, "%d %s", rc, err ? cordon_error_message(err) : "");
    cordon_error_free(err);
}

/* As another process would. */
static void change(int (*what)(cordon_registry *, const char *, const char *, cordon_error **), const char *name, const char *value)
{
    cordon_error *err = NULL;
    ok(what(reg, name, value, &err), err);
}

/* ---- calls ---- */

START_TEST(an_installed_skill_runs_by_name)
{
    struct hand h = of("hello", "1.2.3", FIXTURES "echo.wat");
    hand_install(&h);
    cordon_skill *s = load("hello");
    ck_assert_str_eq(cordon_skill_name(s), "hello");
    ck_assert_int_eq(cordon_skill_tier(s), CORDON_TIER_UNTRUSTED); /* nobody signed it */
    cordon_request *r = request(s, "hi");
    runs_as(r, "hi");
    cordon_outcome *o = NULL;
    char *json = NULL;
    ck_assert_int_eq(cordon_request_run(r, &o, NULL), 0);
    ck_assert_int_eq(cordon_outcome_json(o, &json, NULL), 0);
    ck_assert_ptr_nonnull(strstr(json, "\"skill\":\"hello\",\"version\":\"1.2.3\""));
    cordon_free(json);
    cordon_outcome_free(o);
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(the_audit_of_an_installed_skill_names_its_version_and_what_its_grants_were_used_for)
{
    struct hand h = of("vars", "2.0.1", FIXTURES "env.wat");
    char *rows = NULL;
    hand_install(&h);
    setenv("COLOUR", "green", 1);
    change(cordon_registry_grant, "vars", "env=COLOUR");
    cordon_skill *s = load("vars");
    cordon_request *r = request(s, "COLOUR");
    runs_as(r, "green");
    cordon_request_free(r);
    cordon_skill_free(s);
    ck_assert_int_eq(cordon_audit_flush(host, NULL), 0);
    ck_assert_int_eq(cordon_audit_query(home, "vars", NULL, 10, &rows, NULL), 0);
    ck_assert_msg(strstr(rows, "\"seq\":2,\"kind\":\"call\"") != NULL, "%s", rows); /* 1: that it started */
    ck_assert_ptr_nonnull(strstr(rows, "\"skill_name\":\"vars\",\"skill_version\":\"2.0.1\",\"trust_tier\":\"untrusted\",\"capabilities_used\":[\"env\"]"));
    cordon_free(rows);
}
END_TEST

START_TEST(a_grant_and_its_revocation_hold_for_the_next_call_of_a_request_that_is_there)
{
    struct hand h = of("e", "1", FIXTURES "env.wat");
    hand_install(&h);
    setenv("COLOUR", "green", 1);
    cordon_skill *s = load("e");
    cordon_request *r = request(s, "COLOUR");
    runs_as(r, "capability denied");
    change(cordon_registry_grant, "e", "env=COLOUR");
    runs_as(r, "green");
    change(cordon_registry_revoke, "e", "env=COLOUR");
    runs_as(r, "capability denied");
    change(cordon_registry_grant, "e", "env=COLOUR");
    change(cordon_registry_revoke, "e", NULL);
    runs_as(r, "capability denied");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(what_a_program_gave_a_request_stays_when_the_registry_changes)
{
    cordon_error *err = NULL;
    struct hand h = of("e", "1", FIXTURES "env.wat");
    hand_install(&h);
    cordon_skill *s = load("e");
    cordon_request *r = request(s, "MINE");
    ok(cordon_request_set_env(r, "MINE", "given", &err), err);
    ok(cordon_request_set_limit(r, CORDON_LIMIT_FUEL, 7000000, "test", &err), err);
    runs_as(r, "given");
    change(cordon_registry_grant, "e", "env=OTHER");
    runs_as(r, "given");
    change(cordon_registry_revoke, "e", NULL);
    runs_as(r, "given");
    ck_assert_uint_eq(r->spec->limits.value[CORDON_LIMIT_FUEL], 7000000);
    cordon_request_free(r);
    r = request(s, "MINE");
    runs_as(r, "capability denied");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(a_limit_holds_for_the_next_call)
{
    cordon_error *err = NULL;
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    hand_install(&h);
    cordon_skill *s = load("hello");
    cordon_request *r = request(s, "hi");
    runs_as(r, "hi");
    ok(cordon_registry_set_limit(reg, "hello", CORDON_LIMIT_FUEL, 3, &err), err);
    runs_as(r, "limit 3 (cordon limit)");
    ok(cordon_registry_set_limit(reg, "hello", CORDON_LIMIT_FUEL, 0, &err), err);
    runs_as(r, "hi");
    ck_assert_int_eq(cordon_registry_set_limit(reg, "hello", CORDON_LIMIT_FUEL, 101000000000ull, NULL), -CORDON_E_BAD_LIMIT);
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(limits_come_from_the_operator_then_the_manifest_then_its_format_then_the_tier)
{
    cordon_error *err = NULL;
    struct hand h = of("t", "1", FIXTURES "echo.wat");
    h.format = "skill.toml";
    h.manifest = "x";
    h.asks = "";
    h.limit[CORDON_LIMIT_FUEL] = 20000000;
    h.limit[CORDON_LIMIT_WALL_MS] = 999000000; /* beyond the ceiling */
    hand_install(&h);
    cordon_skill *s = load("t");
    cordon_request *r = request(s, "x");
    const struct limit_set *l = &r->spec->limits;
    ck_assert_uint_eq(l->value[CORDON_LIMIT_FUEL], 20000000);
    ck_assert_str_eq(l->origin[CORDON_LIMIT_FUEL], "skill.toml");
    ck_assert_uint_eq(l->value[CORDON_LIMIT_WALL_MS], 60000);
    ck_assert_ptr_nonnull(strstr(l->origin[CORDON_LIMIT_WALL_MS], "cut to the ceiling"));
    ck_assert_uint_eq(l->value[CORDON_LIMIT_MEMORY_BYTES], 16 << 20); /* skill.toml's own default */
    ck_assert_uint_eq(l->value[CORDON_LIMIT_OUTPUT_BYTES], 1 << 20);
    ck_assert_ptr_nonnull(strstr(l->origin[CORDON_LIMIT_OUTPUT_BYTES], "untrusted tier"));
    ok(cordon_registry_set_limit(reg, "t", CORDON_LIMIT_FUEL, 30000000, &err), err);
    runs_as(r, "x");
    ck_assert_uint_eq(r->spec->limits.value[CORDON_LIMIT_FUEL], 30000000);
    ck_assert_str_eq(r->spec->limits.origin[CORDON_LIMIT_FUEL], "cordon limit");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

/* ---- asks ---- */

START_TEST(nothing_is_used_that_is_not_asked_for)
{
    cordon_error *err = NULL;
    struct hand h = of("e", "1", FIXTURES "env.wat");
    h.format = "skill.toml";
    h.manifest = "x";
    h.asks = "env=ASKED\n";
    h.grant[0] = "env=ASKED";
    h.grant[1] = "env=OTHER"; /* as if an older version had asked for it */
    hand_install(&h);
    setenv("ASKED", "yes", 1);
    setenv("OTHER", "no", 1);
    cordon_skill *s = load("e");
    cordon_request *r = request(s, "ASKED"), *other = request(s, "OTHER");
    runs_as(r, "yes");
    runs_as(other, "capability denied");
    ck_assert_int_eq(cordon_request_allow(other, "env=OTHER", &err), -CORDON_E_NOT_ASKED);
    cordon_error_free(err);
    ck_assert_int_eq(cordon_registry_grant(reg, "e", "env=OTHER", NULL), -CORDON_E_NOT_ASKED);
    ck_assert_int_eq(cordon_registry_grant(reg, "e", "net=x.com", NULL), -CORDON_E_NOT_ASKED);
    cordon_request_free(r);
    cordon_request_free(other);
    cordon_skill_free(s);
}
END_TEST

START_TEST(a_granted_folder_that_is_gone_is_said_and_can_be_taken_back)
{
    char folder[128], grant[160];
    cordon_error *err = NULL;
    struct hand h = of("e", "1", FIXTURES "env.wat");
    hand_install(&h);
    snprintf(folder, sizeof folder, "%s/data", root);
    snprintf(grant, sizeof grant, "read=%s", folder);
    ck_assert_int_eq(cordon_registry_grant(reg, "e", grant, &err), -CORDON_E_USAGE); /* not there yet */
    cordon_error_free(err);
    err = NULL;
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    change(cordon_registry_grant, "e", grant);
    cordon_skill *s = load("e");
    ck_assert_int_eq(rmdir(folder), 0);
    cordon_skill_free(s);
    ck_assert_int_lt(cordon_skill_load_installed(reg, "e", &s, &err), 0);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), grant));
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "cordon revoke e read="));
    cordon_error_free(err);
    change(cordon_registry_revoke, "e", grant);
    cordon_skill_free(load("e"));
}
END_TEST

/* ---- versions ---- */

START_TEST(an_update_a_rollback_and_a_removal_hold_for_the_next_call)
{
    cordon_error *err = NULL;
    char *version = NULL;
    struct hand h = of("a", "1", FIXTURES "echo.wat");
    hand_install(&h);
    cordon_skill *s = load("a"), *kept = load("a@1");
    cordon_request *r = request(s, "hi"), *old = request(kept, "hi");
    runs_as(r, "hi");
    h = of("a", "2", FIXTURES "err.wat");
    hand_install(&h);
    ck_assert(strcmp(run(r), "hi") != 0);
    runs_as(old, "hi"); /* it named its version */
    ok(cordon_registry_rollback(reg, "a", NULL, &version, &err), err);
    ck_assert_str_eq(version, "1");
    cordon_free(version);
    runs_as(r, "hi");
    ok(cordon_registry_remove(reg, "a", &err), err);
    refuses(r, CORDON_E_NOT_FOUND);
    refuses(old, CORDON_E_NOT_FOUND);
    hand_install(&(struct hand){.home = home, .name = "a", .version = "3", .file = FIXTURES "echo.wat", .source = "x", .tier = CORDON_TIER_VERIFIED});
    runs_as(r, "hi");
    cordon_request_free(r);
    cordon_request_free(old);
    cordon_skill_free(s);
    cordon_skill_free(kept);
}
END_TEST

START_TEST(a_request_whose_export_is_gone_says_so_and_recovers)
{
    cordon_error *err = NULL;
    struct hand h = of("a", "1", FIXTURES "echo.wat");
    hand_install(&h);
    cordon_skill *s = load("a");
    cordon_request *r = request(s, "hi");
    runs_as(r, "hi");
    h = of("a", "2", FIXTURES "adder.wat");
    hand_install(&h);
    refuses(r, CORDON_E_NO_SUCH_EXPORT);
    refuses(r, CORDON_E_NO_SUCH_EXPORT);
    ok(cordon_registry_rollback(reg, "a", "1", NULL, &err), err);
    runs_as(r, "hi");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

/* ---- trust ---- */

START_TEST(untrusting_a_key_acts_at_the_next_call)
{
    cordon_error *err = NULL;
    struct trust_secret *key;
    ok(trust_secret_make(&key, &err), err);
    const char *id = trust_secret_key(key)->id;
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    h.key = key;
    hand_install(&h);
    cordon_skill *s = load("hello");
    cordon_request *r = request(s, "hi");
    runs_as(r, "hi");
    ck_assert_int_eq(r->skill->tier, CORDON_TIER_UNTRUSTED);
    ok(cordon_registry_trust(reg, id, "hel*", NULL, &err), err);
    runs_as(r, "hi");
    ck_assert_int_eq(r->skill->tier, CORDON_TIER_VERIFIED);
    ck_assert_int_eq(cordon_skill_tier(s), CORDON_TIER_VERIFIED);
    ok(cordon_request_set_limit(r, CORDON_LIMIT_FUEL, 200000000000ull, NULL, &err), err); /* above the untrusted ceiling */
    ok(cordon_registry_untrust(reg, id, NULL, &err), err);
    refuses(r, CORDON_E_BAD_LIMIT);
    cordon_request_free(r);
    r = request(s, "hi");
    runs_as(r, "hi");
    ck_assert_int_eq(r->skill->tier, CORDON_TIER_UNTRUSTED);
    cordon_request_free(r);
    cordon_skill_free(s);
    trust_secret_free(key);
}
END_TEST

START_TEST(a_row_that_was_changed_behind_a_signature_is_not_run)
{
    char command[512];
    cordon_skill *s = NULL;
    cordon_error *err = NULL;
    struct trust_secret *key;
    ok(trust_secret_make(&key, &err), err);
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    h.key = key;
    hand_install(&h);
    snprintf(command, sizeof command, "python3 -c 'import sqlite3; c = sqlite3.connect(\"%s/registry.db\"); c.execute(\"UPDATE versions SET version = 9\"); c.commit()'", home);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(cordon_skill_load_installed(reg, "hello", &s, NULL), -CORDON_E_TRUST_REFUSED);
    trust_secret_free(key);
}
END_TEST

/* ---- files ---- */

static void empty_cache(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s/code-v1/*", cache);
    ck_assert_int_eq(system(command), 0);
}

static void alter_store(void)
{
    char command[512];
    snprintf(command, sizeof command, "chmod -R u+w %s/store && printf '(component)' > $(echo %s/store/*/skill.wasm)", home, home);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(what_is_run_is_what_was_installed_whatever_became_of_the_file)
{
    cordon_skill *s = NULL;
    cordon_error *err = NULL;
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    hand_install(&h);
    cordon_skill_free(load("hello")); /* compiled and kept */
    alter_store();
    s = load("hello"); /* its code is found by the digest of the row */
    cordon_request *r = request(s, "hi");
    runs_as(r, "hi");
    cordon_request_free(r);
    cordon_skill_free(s);
    empty_cache();
    ck_assert_int_eq(cordon_skill_load_installed(reg, "hello", &s, &err), -CORDON_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "cordon verify hello"));
    cordon_error_free(err);
}
END_TEST

START_TEST(an_artifact_that_is_installed_too_uses_no_grant_of_it)
{
    cordon_error *err = NULL;
    cordon_skill *s = NULL;
    struct hand h = of("e", "1", FIXTURES "env.wat");
    h.grant[0] = "env=COLOUR";
    hand_install(&h);
    setenv("COLOUR", "green", 1);
    ok(cordon_skill_load(host, FIXTURES "env.wat", CORDON_TIER_UNTRUSTED, &s, &err), err);
    cordon_request *r = request(s, "COLOUR");
    runs_as(r, "capability denied");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(a_local_skill_runs_with_the_local_limits)
{
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    h.tier = CORDON_TIER_LOCAL;
    hand_install(&h);
    cordon_skill *s = load("hello");
    ck_assert_int_eq(cordon_skill_tier(s), CORDON_TIER_LOCAL);
    cordon_request *r = request(s, "hi");
    ck_assert_uint_eq(r->spec->limits.value[CORDON_LIMIT_FUEL], UINT64_MAX);
    ck_assert_uint_eq(r->spec->limits.value[CORDON_LIMIT_WALL_MS], 300000);
    runs_as(r, "hi");
    cordon_request_free(r);
    cordon_skill_free(s);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_said_with_one_that_is_near)
{
    cordon_skill *s = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(cordon_skill_load_installed(reg, "hello", &s, &err), -CORDON_E_NOT_FOUND);
    cordon_error_free(err);
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    hand_install(&h);
    static const struct { const char *name, *message; } bad[] = {
        {"helo", "no skill named helo is installed; did you mean hello?"}, {"../x", "no skill named ../x is installed"}, {"hello@2", "hello has no version 2 any more; there are: 1"},
        {"hello@", "no skill named hello@ is installed"}, {"", "no skill named  is installed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = NULL;
        ck_assert_int_eq(cordon_skill_load_installed(reg, bad[i].name, &s, &err), -CORDON_E_NOT_FOUND);
        ck_assert_str_eq(cordon_error_message(err), bad[i].message);
        cordon_error_free(err);
    }
}
END_TEST

/* ---- scripts ---- */

static void make_script(char folder[128], const char *text)
{
    char path[160];
    snprintf(folder, 128, "%s/script", root);
    snprintf(path, sizeof path, "%s/scripts", folder);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/scripts/run.sh", folder);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

START_TEST(a_script_is_loaded_only_as_local_and_whole)
{
    char folder[128], command[512];
    cordon_script *script = NULL;
    cordon_skill *s = NULL;
    cordon_error *err = NULL;
    make_script(folder, "cat\n");
    struct hand h = of("sh", "1", folder);
    h.kind = REGISTRY_SCRIPT;
    hand_install(&h);
    ck_assert_int_eq(cordon_script_load_installed(reg, "sh", &script, NULL), -CORDON_E_TIER_REFUSED);
    h.tier = CORDON_TIER_LOCAL;
    h.version = "2";
    h.grant[0] = "exec";
    h.limit[CORDON_LIMIT_WALL_MS] = 5000;
    hand_install(&h);
    ok(cordon_script_load_installed(reg, "sh", &script, &err), err);
    cordon_script_free(script);
    ck_assert_int_eq(cordon_skill_load_installed(reg, "sh", &s, NULL), -CORDON_E_USAGE);
    snprintf(command, sizeof command, "chmod -R u+w %s/store && for f in %s/store/*/scripts/run.sh; do echo rm >> $f; done", home, home);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(cordon_script_load_installed(reg, "sh", &script, NULL), -CORDON_E_DAMAGED);
}
END_TEST

/* ---- the registry as JSON ---- */

START_TEST(the_prompt_block_has_the_form_of_the_contracts)
{
    char *text = NULL, name[16];
    cordon_error *err = NULL;
    ok(cordon_registry_prompt(reg, 0, &text, &err), err);
    ck_assert_str_eq(text, "");
    cordon_free(text);
    for (int i = 0; i < 23; i++) {
        snprintf(name, sizeof name, "s%02d", i);
        struct hand h = of(name, "1", FIXTURES "echo.wat");
        h.description = i ? "does things" : "two\nlines\tof \x1b[31mred\xe2\x80\xae  text ";
        hand_install(&h);
    }
    ok(cordon_registry_prompt(reg, 0, &text, &err), err);
    ck_assert_int_eq(strncmp(text, "## Available Tools\ns00: two lines of [31mred text\ns01: does things\n", 66), 0);
    ck_assert_ptr_nonnull(strstr(text, "\ns19: does things\n... and 3 more tools available\n"));
    ck_assert_ptr_null(strstr(text, "s20"));
    cordon_free(text);
    ok(cordon_registry_prompt(reg, 23, &text, &err), err);
    ck_assert_ptr_null(strstr(text, "..."));
    cordon_free(text);
}
END_TEST

START_TEST(a_description_is_one_line_of_at_most_300_characters)
{
    char text[1201];
    for (int i = 0; i < 400; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    text[1200] = '\0';
    cleanup_free char *line = registry_one_line(text, 300), *none = registry_one_line("\n \x1b\n", 300), *gap = registry_one_line(" a \n\n b\\c ", 300);
    ck_assert_uint_eq(strlen(line), 900);
    ck_assert_str_eq(none, "");
    ck_assert_str_eq(gap, "a b\\c");
}
END_TEST

START_TEST(verify_finds_what_was_changed_and_says_what_it_checked)
{
    char *json = NULL;
    cordon_error *err = NULL;
    struct hand h = of("hello", "1", FIXTURES "echo.wat");
    hand_install(&h);
    ok(cordon_registry_verify(reg, NULL, &json, &err), err);
    ck_assert_ptr_nonnull(strstr(json, "\"ok\":true"));
    ck_assert_ptr_nonnull(strstr(json, "\"files\":1"));
    cordon_free(json);
    alter_store();
    ok(cordon_registry_verify(reg, "hello", &json, &err), err);
    ck_assert_ptr_nonnull(strstr(json, "\"ok\":false"));
    ck_assert_ptr_nonnull(strstr(json, "is not what was installed"));
    cordon_free(json);
    ck_assert_int_eq(cordon_registry_verify(reg, "other", &json, NULL), -CORDON_E_NOT_FOUND);
}
END_TEST

Suite *suite_installed(void)
{
    Suite *s = suite_create("installed");
    TCase *t = tcase_create("installed");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_installed_skill_runs_by_name);
    tcase_add_test(t, the_audit_of_an_installed_skill_names_its_version_and_what_its_grants_were_used_for);
    tcase_add_test(t, a_grant_and_its_revocation_hold_for_the_next_call_of_a_request_that_is_there);
    tcase_add_test(t, what_a_program_gave_a_request_stays_when_the_registry_changes);
    tcase_add_test(t, a_limit_holds_for_the_next_call);
    tcase_add_test(t, limits_come_from_the_operator_then_the_manifest_then_its_format_then_the_tier);
    tcase_add_test(t, nothing_is_used_that_is_not_asked_for);
    tcase_add_test(t, a_granted_folder_that_is_gone_is_said_and_can_be_taken_back);
    tcase_add_test(t, an_update_a_rollback_and_a_removal_hold_for_the_next_call);
    tcase_add_test(t, a_request_whose_export_is_gone_says_so_and_recovers);
    tcase_add_test(t, untrusting_a_key_acts_at_the_next_call);
    tcase_add_test(t, a_row_that_was_changed_behind_a_signature_is_not_run);
    tcase_add_test(t, what_is_run_is_what_was_installed_whatever_became_of_the_file);
    tcase_add_test(t, an_artifact_that_is_installed_too_uses_no_grant_of_it);
    tcase_add_test(t, a_local_skill_runs_with_the_local_limits);
    tcase_add_test(t, a_name_that_is_not_there_is_said_with_one_that_is_near);
    tcase_add_test(t, a_script_is_loaded_only_as_local_and_whole);
    tcase_add_test(t, the_prompt_block_has_the_form_of_the_contracts);
    tcase_add_test(t, a_description_is_one_line_of_at_most_300_characters);
    tcase_add_test(t, verify_finds_what_was_changed_and_says_what_it_checked);
    suite_add_tcase(s, t);
    return s;
}
