/* SPDX-License-Identifier: Apache-2.0
 * A caller may want no error: the code that is returned is the same. Each of these sets a hint or wraps the error after it was made. */
#include "ground.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_no_err(void);

static char home[64];
static cordon_host *host;
static cordon_registry *reg;

static void setup(void)
{
    cordon_error *err = NULL;
    strcpy(home, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    cordon_host_opts *o = ground_opts(1, 16);
    expect_ok(cordon_host_opts_set_home(o, home, &err), err);
    host = ground_host_with(o);
    expect_ok(cordon_registry_open(host, &reg, &err), err);
}

static void teardown(void)
{
    char command[128];
    cordon_registry_close(reg);
    cordon_host_free(host);
    snprintf(command, sizeof command, "rm -rf %s", home);
    ck_assert_int_eq(system(command), 0);
}

/* The call without and with an error to set: both fail with `want`. */
#define EXPECT_BOTH(want, call)                   \
    do {                                          \
        cordon_error *err_of = NULL, **e = NULL;  \
        ck_assert_int_eq((call), -(int)(want));   \
        e = &err_of;                              \
        int rc_ = (call);                         \
        expect_error(rc_, err_of, want);          \
    } while (0)

START_TEST(codes_of_the_registry)
{
    bool is_script;
    char *text = NULL;
    cordon_skill *skill = NULL;
    cordon_install *install = NULL;
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_registry_show(reg, "nobody", &text, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_registry_remove(reg, "nobody", e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_registry_grant(reg, "nobody", "env=X", e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_registry_is_script(reg, "nobody", &is_script, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_skill_load_installed(reg, "nobody", &skill, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_update_new(reg, "nobody", &install, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_registry_trust(reg, "nobody", NULL, NULL, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_apply(reg, "/nowhere/skills.toml", true, false, &text, e));
}
END_TEST

START_TEST(codes_of_installing)
{
    cordon_install *install = NULL;
    cordon_error *err = NULL;
    char *json = NULL;
    expect_ok(cordon_install_new(reg, "https://example.org/skill.tar.gz", &install, &err), err);
    EXPECT_BOTH(CORDON_E_TIER_REFUSED, cordon_install_set_tier(install, CORDON_TIER_LOCAL, e));
    EXPECT_BOTH(CORDON_E_USAGE, cordon_install_commit(install, &json, e));
    cordon_install_free(install);
    expect_ok(cordon_install_new(reg, "/nowhere/at/all", &install, &err), err);
    ck_assert_int_eq(cordon_install_fetch(install, NULL), -(int)CORDON_E_NOT_FOUND);
    cordon_install_free(install);
}
END_TEST

START_TEST(codes_of_keys_and_pushing)
{
    char *json = NULL;
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_key_show(home, "nobody", &json, e));
    EXPECT_BOTH(CORDON_E_USAGE, cordon_key_make(home, "a b", &json, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_push(host, "/nowhere/at/all", "oci://localhost:1/x", -1, &json, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_push_installed(reg, "nobody", "oci://localhost:1/x", -1, &json, e));
}
END_TEST

START_TEST(codes_of_skills_and_requests)
{
    cordon_skill *skill = NULL;
    cordon_request *req = NULL;
    cordon_outcome *o = NULL;
    cordon_script *script = NULL;
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_skill_load(host, "/nowhere/skill.wasm", CORDON_TIER_UNTRUSTED, &skill, e));
    EXPECT_BOTH(CORDON_E_NOT_FOUND, cordon_script_load(host, "/nowhere/at/all", "x", &script, e));
    skill = ground_skill(host, "ways", CORDON_TIER_UNTRUSTED);
    EXPECT_BOTH(CORDON_E_NO_SUCH_EXPORT, cordon_request_new(skill, "nothing", &req, e));
    req = ground_request(skill, "add", NULL);
    EXPECT_BOTH(CORDON_E_BAD_ARGS, cordon_request_run(req, &o, e));
    EXPECT_BOTH(CORDON_E_USAGE, cordon_request_allow(req, "net=*", e));
    EXPECT_BOTH(CORDON_E_BAD_LIMIT, cordon_request_set_limit(req, CORDON_LIMIT_FUEL, 0, NULL, e));
    cordon_request_free(req);
    cordon_skill_free(skill);
}
END_TEST

Suite *suite_no_err(void)
{
    Suite *s = suite_create("no_err");
    TCase *tc = ground_case(s, "no_err", 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, codes_of_the_registry);
    tcase_add_test(tc, codes_of_installing);
    tcase_add_test(tc, codes_of_keys_and_pushing);
    tcase_add_test(tc, codes_of_skills_and_requests);
    return s;
}
