/* SPDX-License-Identifier: Apache-2.0
 * What npm may be given of a stranger's project: packages of its registry, by version and digest. Each row that is refused is a way to have it do something else. */
#include "author/js_lock.h"
#include "author/templates.h"
#include <check.h>
#include <cordon/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_js_lock(void);

#define DIGEST "sha512-/Brt+/Ps7DQ1mYuUsDISTQTFSaZfCSoRHkHnh9Dm5WHCO6arc/vzVdD8TXssfyNex2Iv3UR8NHdahsqABPDh0w=="
#define GOOD_ENTRY "\"version\": \"1.2.3\", \"integrity\": \"" DIGEST "\""

static int check(const char *file, const char *text, json_t *items, cordon_error **err) { return js_lock_check(file, text, strlen(text), items, err); }

/* A lock with one more package: `key` and the members `entry`. */
static char *lock_with(const char *key, const char *entry)
{
    char *text;
    ck_assert_int_gt(asprintf(&text, "{\"lockfileVersion\": 3, \"requires\": true, \"packages\": {\"\": {\"devDependencies\": {\"a\": \"^1.0.0\"}}, \"node_modules/a\": {" GOOD_ENTRY "}, \"%s\": {%s}}}", key, entry), 0);
    return text;
}

static void assert_refused(const char *file, const char *text)
{
    json_t *items = json_array();
    cordon_error *err = NULL;
    int rc = check(file, text, items, &err);
    ck_assert_msg(rc == -CORDON_E_BAD_MANIFEST, "got %d for %s", rc, text);
    ck_assert_msg(strncmp(cordon_error_message(err), file, strlen(file)) == 0, "%s", cordon_error_message(err));
    cordon_error_free(err);
    json_decref(items);
}

static void assert_taken(const char *file, const char *text, size_t n_items)
{
    json_t *items = json_array();
    cordon_error *err = NULL;
    int rc = check(file, text, items, &err);
    ck_assert_msg(rc == 0, "%s for %s", rc ? cordon_error_message(err) : "", text);
    ck_assert_uint_eq(json_array_size(items), n_items);
    json_decref(items);
}

/* ---- package-lock.json ---- */

static const struct { const char *key, *entry; } good[] = {
    {"node_modules/b", GOOD_ENTRY},
    {"node_modules/@scope/b", GOOD_ENTRY ", \"dev\": true, \"license\": \"MIT\", \"engines\": {\"node\": \">=18\"}, \"bin\": {\"b\": \"bin/b\"}"},
    {"node_modules/a/node_modules/@s/b.js/node_modules/C_c-~", GOOD_ENTRY},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"^1 || >=2.0.0-rc.1 <3\", \"d\": \"*\", \"e\": \"latest\", \"f\": \"\", \"g\": \"~1.2\", \"h\": \"1.x - 2\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"name\": \"@real/one\", \"dependencies\": {\"c\": \"npm:d@^4.2.0\", \"e\": \"npm:@f/g@1\", \"h\": \"npm:i\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"peerDependencies\": {\"a\": \"1\"}, \"peerDependenciesMeta\": {\"a\": {\"optional\": true}}, \"peer\": true, \"optional\": true"},
};

static const struct { const char *key, *entry; } bad[] = {
    /* an address, whatever it is */
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": \"https://registry.example/b/-/b-1.2.3.tgz\""},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": \"http://127.0.0.1/b.tgz\""},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": \"git+ssh://git@example.com/b.git#0123\""},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": \"file:../../secret.tgz\""},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": \"\""},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": null"},
    {"node_modules/b", GOOD_ENTRY ", \"resolved\": true"},
    /* folders of the machine, and links to them */
    {"node_modules/b", GOOD_ENTRY ", \"link\": true"},
    {"../b", GOOD_ENTRY},
    {"packages/b", GOOD_ENTRY},
    {"/etc", GOOD_ENTRY},
    {"node_modules/../b", GOOD_ENTRY},
    {"node_modules/b/../../../c", GOOD_ENTRY},
    {"node_modules/..", GOOD_ENTRY},
    {"node_modules/", GOOD_ENTRY},
    {"node_modules", GOOD_ENTRY},
    {"node_modules/b/", GOOD_ENTRY},
    {"node_modules//b", GOOD_ENTRY},
    {"node_modules/node_modules", GOOD_ENTRY},
    {"node_modules/b/c", GOOD_ENTRY},
    {"node_modules/b/node_modules", GOOD_ENTRY},
    {"node_modules/b/node_modules/", GOOD_ENTRY},
    {"node_modules/@b", GOOD_ENTRY},
    {"node_modules/@/b", GOOD_ENTRY},
    {"node_modules/@b/", GOOD_ENTRY},
    {"node_modules/@b/c/d", GOOD_ENTRY},
    {"node_modules/.bin", GOOD_ENTRY},
    {"node_modules/_b", GOOD_ENTRY},
    {"node_modules/b c", GOOD_ENTRY},
    {"node_modules/b\\\\c", GOOD_ENTRY},
    {"node_modules/b\\nc", GOOD_ENTRY},
    {"node_modules/--ignore-scripts=false", GOOD_ENTRY ", \"link\": true"},
    {"node_modules/b", GOOD_ENTRY ", \"name\": \"../c\""},
    {"node_modules/b", GOOD_ENTRY ", \"name\": 7"},
    {"node_modules/b", GOOD_ENTRY ", \"workspaces\": [\"c\"]"},
    /* what has no digest of its own */
    {"node_modules/b", "\"version\": \"1.2.3\""},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": \"\""},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": null"},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": [\"" DIGEST "\"]"},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": \"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=\""},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": \"" DIGEST " sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=\""},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": \"" DIGEST "?x\""},
    {"node_modules/b", "\"version\": \"1.2.3\", \"integrity\": \"sha512-" "AAAA==\""},
    {"node_modules/b", GOOD_ENTRY ", \"inBundle\": true"},
    {"node_modules/b", GOOD_ENTRY ", \"hasShrinkwrap\": true"},
    {"node_modules/b", GOOD_ENTRY ", \"bundleDependencies\": [\"c\"]"},
    /* what is run */
    {"node_modules/b", GOOD_ENTRY ", \"hasInstallScript\": true"},
    {"node_modules/b", GOOD_ENTRY ", \"scripts\": {\"postinstall\": \"sh x\"}"},
    /* versions that are none */
    {"node_modules/b", "\"integrity\": \"" DIGEST "\""},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": \"\""},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": 1"},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": \"latest\""},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": \"1.0.0/../x\""},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": \"file:x.tgz\""},
    {"node_modules/b", "\"integrity\": \"" DIGEST "\", \"version\": \"git+https://example.com/b.git\""},
    /* dependencies that lead elsewhere: npm fetches what the lock lacks */
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"git+ssh://git@example.com/c.git\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"https://example.com/c.tgz\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"optionalDependencies\": {\"c\": \"file:../c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"peerDependencies\": {\"c\": \"someone/c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"github:someone/c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"./c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"~/c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"c.tgz\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"c.TAR.GZ\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"npm:../c@1\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"npm:c@git+https://x/c\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"npm:\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"npm:@1\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": \"workspace:*\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"../c\": \"1\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"\": \"1\"}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": 1}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": {\"c\": {\"version\": \"1\"}}"},
    {"node_modules/b", GOOD_ENTRY ", \"dependencies\": [\"c\"]"},
    /* what is not known here; two of a kind, of which npm may take the other */
    {"node_modules/b", GOOD_ENTRY ", \"fromTheFuture\": 1"},
    {"node_modules/b", GOOD_ENTRY ", \"version\": \"2.0.0\""},
    {"node_modules/a", GOOD_ENTRY},
};

static const char *const no_locks[] = {
    "", "x", "[]", "7", "null", "{", "{}", "{\"lockfileVersion\": 3}", "{\"lockfileVersion\": 3, \"packages\": []}", "{\"lockfileVersion\": 2, \"packages\": {}}",
    "{\"lockfileVersion\": \"3\", \"packages\": {}}", "{\"lockfileVersion\": 3, \"packages\": {}} x", "{\"lockfileVersion\": 3, \"packages\": {}, \"dependencies\": {\"b\": {\"version\": \"file:b\"}}}",
    "{\"lockfileVersion\": 3, \"packages\": {\"\": 1}}", "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": 1}}", "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"workspaces\": [\"x\"]}}}",
    "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"hasInstallScript\": true}}}", "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"b\": \"file:b\"}}}}",
    "{\"lockfileVersion\": 3, \"packages\": {\"a\\u0000b\": {}}}", "\xef\xbb\xbf{\"lockfileVersion\": 3, \"packages\": {}}",
};

START_TEST(a_lock_of_pinned_packages_is_taken)
{
    char *text = lock_with(good[_i].key, good[_i].entry);
    assert_taken(JS_LOCK, text, 2);
    free(text);
}
END_TEST

START_TEST(a_lock_that_leads_elsewhere_is_refused)
{
    char *text = lock_with(bad[_i].key, bad[_i].entry);
    assert_refused(JS_LOCK, text);
    free(text);
}
END_TEST

START_TEST(what_is_no_lock_is_refused) { assert_refused(JS_LOCK, no_locks[_i]); }
END_TEST

START_TEST(what_is_for_other_systems_is_not_said_to_be_fetched)
{
    static const char *const others[] = {"\"os\": [\"darwin\"]", "\"os\": [\"linux\"], \"cpu\": [\"s390x\"]", "\"libc\": [\"musl\"]"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char entry[400];
        snprintf(entry, sizeof entry, GOOD_ENTRY ", %s", others[i]);
        char *text = lock_with("node_modules/b", entry);
        assert_taken(JS_LOCK, text, 1);
        free(text);
    }
}
END_TEST

START_TEST(a_package_of_another_name_is_named_by_what_it_is)
{
    char *text = lock_with("node_modules/b", GOOD_ENTRY ", \"name\": \"@real/one\"");
    json_t *items = json_array();
    ck_assert_int_eq(check(JS_LOCK, text, items, NULL), 0);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 1), "name")), "@real/one");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 1), "version")), "1.2.3");
    json_decref(items);
    free(text);
}
END_TEST

START_TEST(too_many_packages_are_too_many)
{
    json_t *packages = json_object(), *lock = json_pack("{s:i, s:o}", "lockfileVersion", 3, "packages", packages), *items = json_array();
    for (int i = 0; i <= 5000; i++) {
        char key[64];
        snprintf(key, sizeof key, "node_modules/p%d", i);
        json_object_set_new(packages, key, json_pack("{s:s, s:s}", "version", "1.0.0", "integrity", DIGEST));
    }
    char *text = json_dumps(lock, 0);
    cordon_error *err = NULL;
    ck_assert_int_eq(check(JS_LOCK, text, items, &err), -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    free(text);
    json_decref(lock);
    json_decref(items);
}
END_TEST

START_TEST(the_templates_own_locks_are_taken)
{
    static const enum cordon_template which[] = {CORDON_TEMPLATE_JS, CORDON_TEMPLATE_JS_SKILL, CORDON_TEMPLATE_TS, CORDON_TEMPLATE_TS_SKILL};
    size_t seen = 0;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++)
        for (const struct template_file *f = template_of(which[i])->files; f->path; f++) {
            if (strcmp(f->path, JS_LOCK) != 0 && strcmp(f->path, JS_MANIFEST) != 0)
                continue;
            cordon_error *err = NULL;
            json_t *items = json_array();
            ck_assert_msg(check(f->path, f->text, items, &err) == 0, "%s", err ? cordon_error_message(err) : "");
            json_decref(items);
            seen++;
        }
    ck_assert_uint_eq(seen, 8);
}
END_TEST

/* ---- package.json ---- */

static const char *const bad_manifests[] = {
    "", "[]", "{\"workspaces\": [\"x\"]}", "{\"overrides\": {\"a\": \"file:x\"}}", "{\"dependencies\": {\"a\": \"file:x\"}}", "{\"dependencies\": {\"a\": \"link:../x\"}}",
    "{\"devDependencies\": {\"a\": \"git://example.com/a.git\"}}", "{\"optionalDependencies\": {\"a\": \"../a\"}}", "{\"peerDependencies\": {\"a\": \"a/b\"}}", "{\"dependencies\": [\"a\"]}",
    "{\"dependencies\": {\"a\": \"1\", \"a\": \"file:x\"}}", "{\"dependencies\": {\"a\": \"1\"}, \"dependencies\": {\"a\": \"file:x\"}}",
};

START_TEST(a_package_json_that_leads_elsewhere_is_refused) { assert_refused(JS_MANIFEST, bad_manifests[_i]); }
END_TEST

START_TEST(npm_sees_of_a_package_json_its_dependencies_alone)
{
    static const char text[] = "{\"name\": \"x\", \"scripts\": {\"preinstall\": \"touch /tmp/x\"}, \"config\": {}, \"bin\": \"x\", \"devDependencies\": {\"a\": \"^1\"}, \"dependencies\": {\"b\": \"2\"}}";
    assert_taken(JS_MANIFEST, text, 0);
    char *reduced;
    ck_assert_int_eq(js_lock_reduce(text, strlen(text), &reduced, NULL), 0);
    json_t *j = json_loads(reduced, 0, NULL), *wanted = json_pack("{s:b, s:{s:s}, s:{s:s}}", "private", 1, "devDependencies", "a", "^1", "dependencies", "b", "2");
    ck_assert(json_equal(j, wanted));
    json_decref(j);
    json_decref(wanted);
    free(reduced);
}
END_TEST

Suite *suite_js_lock(void)
{
    Suite *s = suite_create("js_lock");
    TCase *c = tcase_create("lock files of JavaScript");
    tcase_add_loop_test(c, a_lock_of_pinned_packages_is_taken, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(c, a_lock_that_leads_elsewhere_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(c, what_is_no_lock_is_refused, 0, sizeof no_locks / sizeof *no_locks);
    tcase_add_test(c, what_is_for_other_systems_is_not_said_to_be_fetched);
    tcase_add_test(c, a_package_of_another_name_is_named_by_what_it_is);
    tcase_add_test(c, the_templates_own_locks_are_taken);
    tcase_add_test(c, too_many_packages_are_too_many);
    tcase_add_loop_test(c, a_package_json_that_leads_elsewhere_is_refused, 0, sizeof bad_manifests / sizeof *bad_manifests);
    tcase_add_test(c, npm_sees_of_a_package_json_its_dependencies_alone);
    suite_add_tcase(s, c);
    return s;
}
