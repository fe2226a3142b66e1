/* SPDX-License-Identifier: Apache-2.0
 * Parents, dependencies and conflicts: each rule and message of the contracts. */
#include "base/error.h"
#include "engine/shim_semver.h"
#include "manifest/family.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_family(void);

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
enum { SKILLS_MAX = 300 };

/* ---- a registry of skills in a few words ---- */

static struct { struct manifest m; bool bare; } skills[SKILLS_MAX];
static size_t n_skills;

/* `more` stands under metadata: "parents: [a]". */
static const struct manifest *skill(const char *name, const char *more)
{
    char text[1024];
    cordon_error *err = NULL;
    int len = snprintf(text, sizeof text, "---\nname: %s\ndescription: d\nmetadata:\n  version: 1.0.0\n  %s\n---\n", name, more);
    ck_assert_msg(manifest_parse(MANIFEST_SKILL_MD, text, (size_t)len, &skills[n_skills].m, &err) == 0, "%s", err ? cordon_error_message(err) : "");
    return &skills[n_skills++].m;
}

static int find(void *data, const char *name, const struct manifest **ret, cordon_error **err)
{
    (void)data, (void)err;
    for (size_t i = 0; i < n_skills; i++) {
        if (strcmp(skills[i].m.name, name) != 0)
            continue;
        *ret = skills[i].bare ? NULL : &skills[i].m;
        return 1;
    }
    return 0;
}

static const struct family_source source = {.find = find};

static void teardown(void)
{
    while (n_skills)
        manifest_finish(&skills[--n_skills].m);
}

typedef int family_fn(const char *, const struct manifest *, const struct family_source *, struct family *, cordon_error **);

/* The names in their order, a blank behind each. */
static void gives(family_fn *fn, const struct manifest *m, const char *expected)
{
    struct family f = {0};
    char names[1024] = "";
    cordon_error *err = NULL;
    ck_assert_msg(fn(m->name, m, &source, &f, &err) == 0, "%s", err ? cordon_error_message(err) : "");
    for (size_t i = 0; i < f.n; i++)
        sprintf(names + strlen(names), "%s%s ", f.kin[i].name, f.kin[i].is_there ? "" : "(missing)");
    ck_assert_str_eq(names, expected);
    family_finish(&f);
}

static void fails(family_fn *fn, const struct manifest *m, enum cordon_errc code, const char *message)
{
    struct family f = {0};
    cordon_error *err = NULL;
    ck_assert_int_eq(fn(m->name, m, &source, &f, &err), -(int)code);
    ck_assert_str_eq(cordon_error_message(err), message);
    ck_assert_ptr_null(f.kin);
    cordon_error_free(err);
}

/* ---- parents ---- */

START_TEST(a_skill_without_parents_has_no_ancestors)
{
    gives(family_ancestors, skill("a", "categories: []"), "");
}
END_TEST

START_TEST(parents_of_parents_are_ancestors_each_once)
{
    skill("d", "categories: []");
    skill("b", "parents: [d]");
    skill("c", "parents: [d]");
    gives(family_ancestors, skill("a", "parents: [b, c]"), "b d c ");
}
END_TEST

START_TEST(inheritance_is_at_most_three_deep)
{
    skill("d", "categories: []");
    skill("c", "parents: [d]");
    skill("b", "parents: [c]");
    const struct manifest *a = skill("a", "parents: [b]");
    gives(family_ancestors, a, "b c d ");
    fails(family_ancestors, skill("z", "parents: [a]"), CORDON_E_BAD_MANIFEST, "parents go at most 3 deep: z -> a -> b -> c -> d");
}
END_TEST

START_TEST(what_is_too_deep_by_one_way_is_refused_though_another_is_short)
{
    skill("e", "categories: []");
    skill("d", "parents: [e]");
    skill("c", "parents: [d]");
    skill("b", "parents: [c]");
    fails(family_ancestors, skill("a", "parents: [d, b]"), CORDON_E_BAD_MANIFEST, "parents go at most 3 deep: a -> b -> c -> d -> e");
}
END_TEST

START_TEST(circular_inheritance_is_told_with_its_circle)
{
    skill("b", "parents: [a]");
    fails(family_ancestors, skill("a", "parents: [b]"), CORDON_E_BAD_MANIFEST, "Circular inheritance detected: a -> b -> a");
}
END_TEST

START_TEST(a_circle_above_the_skill_is_told_without_the_skill)
{
    skill("c", "parents: [b]");
    skill("b", "parents: [c]");
    fails(family_ancestors, skill("a", "parents: [b]"), CORDON_E_BAD_MANIFEST, "Circular inheritance detected: b -> c -> b");
}
END_TEST

START_TEST(a_skill_is_not_its_own_parent)
{
    fails(family_ancestors, skill("a", "parents: [a]"), CORDON_E_BAD_MANIFEST, "Circular inheritance detected: a -> a");
}
END_TEST

START_TEST(a_missing_parent_is_not_found_in_the_skill_registry)
{
    fails(family_ancestors, skill("a", "parents: [gone]"), CORDON_E_NOT_FOUND, "Skill 'gone' not found in skill registry");
}
END_TEST

START_TEST(a_parent_without_manifest_is_an_ancestor)
{
    skill("b", "parents: [gone]");
    skills[0].bare = true;
    gives(family_ancestors, skill("a", "parents: [b]"), "b ");
}
END_TEST

START_TEST(many_parents_of_many_parents_are_bounded)
{
    char more[512], name[16];
    strcpy(more, "parents: [");
    for (int i = 0; i < 80; i++)
        sprintf(more + strlen(more), "c%d,", i);
    strcat(more, "]");
    for (int i = 0; i < 80; i++) {
        sprintf(name, "c%d", i);
        skill(name, "categories: []");
    }
    for (int i = 0; i < 80; i++) {
        sprintf(name, "b%d", i);
        skill(name, more);
    }
    for (char *c = more + 9; (c = strchr(c, 'c')) != NULL;)
        *c = 'b';
    struct family f = {0};
    cordon_error *err = NULL;
    const struct manifest *a = skill("a", more);
    ck_assert_int_eq(family_ancestors("a", a, &source, &f, &err), -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
}
END_TEST

/* ---- conflicts ---- */

static int conflicts_of(const struct manifest *m, struct manifest *ret, cordon_error **err)
{
    struct family f = {0};
    ck_assert_int_eq(family_ancestors(m->name, m, &source, &f, NULL), 0);
    int rc = family_conflicts(m->name, m, &f, &ret->conflicts, err);
    family_finish(&f);
    return rc;
}

static void conflict(const struct manifest *m, const char *message)
{
    struct manifest all = {0};
    cordon_error *err = NULL;
    ck_assert_int_eq(conflicts_of(m, &all, &err), -CORDON_E_CONFLICT);
    ck_assert_str_eq(cordon_error_message(err), message);
    cordon_error_free(err);
}

START_TEST(conflicts_are_collected_over_the_chain)
{
    struct manifest all = {0};
    skill("c", "conflicts-with: [x, y]");
    skill("b", "parents: [c]\n  conflicts-with: [y, z]");
    ck_assert_int_eq(conflicts_of(skill("a", "parents: [b]\n  conflicts-with: [x, w]"), &all, NULL), 0);
    ck_assert_uint_eq(all.conflicts.n, 4);
    ck_assert_str_eq(all.conflicts.item[0], "x");
    ck_assert_str_eq(all.conflicts.item[1], "w");
    ck_assert_str_eq(all.conflicts.item[2], "y");
    ck_assert_str_eq(all.conflicts.item[3], "z");
    manifest_finish(&all);
}
END_TEST

START_TEST(a_skill_may_not_conflict_with_itself)
{
    conflict(skill("a", "conflicts-with: [a]"), "Skill 'a' conflicts with itself");
}
END_TEST

START_TEST(a_skill_may_not_conflict_with_itself_by_way_of_a_parent)
{
    skill("b", "conflicts-with: [a]");
    conflict(skill("a", "parents: [b]"), "Skill 'a' conflicts with itself");
}
END_TEST

START_TEST(a_skill_may_not_conflict_with_what_it_inherits_from)
{
    skill("b", "categories: []");
    conflict(skill("a", "parents: [b]\n  conflicts-with: [b]"), "Skill 'a' conflicts with 'b', which it inherits from");
}
END_TEST

/* ---- dependencies ---- */

START_TEST(what_is_needed_comes_behind_what_it_needs_itself)
{
    skill("c", "categories: []");
    skill("b", "dependencies: [c]");
    skill("d", "dependencies: [b, c]");
    gives(family_needs, skill("a", "dependencies: [d, b]"), "c b d ");
}
END_TEST

START_TEST(what_is_needed_and_not_there_is_told)
{
    gives(family_needs, skill("a", "dependencies: [\"gone@^1.0\"]"), "gone(missing) ");
}
END_TEST

START_TEST(a_circle_of_dependencies_names_the_skill)
{
    skill("c", "dependencies: [b]");
    skill("b", "dependencies: [c]");
    fails(family_needs, skill("a", "dependencies: [b]"), CORDON_E_BAD_MANIFEST, "Circular dependency detected: b -> c -> b");
    fails(family_needs, skill("s", "dependencies: [s]"), CORDON_E_BAD_MANIFEST, "Circular dependency detected: s -> s");
}
END_TEST

START_TEST(a_long_line_of_dependencies_is_walked)
{
    char name[16], more[48];
    for (int i = 0; i < SKILLS_MAX - 1; i++) {
        sprintf(name, "s%d", i);
        sprintf(more, i ? "dependencies: [s%d]" : "categories: []", i - 1);
        skill(name, more);
    }
    struct family f = {0};
    ck_assert_int_eq(family_needs("top", skill("top", "dependencies: [s298]"), &source, &f, NULL), 0);
    ck_assert_uint_eq(f.n, SKILLS_MAX - 1);
    ck_assert_str_eq(f.kin[0].name, "s0");
    family_finish(&f);
}
END_TEST

START_TEST(two_requirements_that_no_version_meets_are_a_conflict)
{
    const struct family_want wants[] = {{"z", "y", "^1.0"}, {"a", "x", "^1.0"}, {"z", "x", NULL}, {"b", "x", "^2.0"}};
    cordon_error *err = NULL;
    ck_assert_int_eq(family_agree(wants, COUNT(wants), &err), -CORDON_E_CONFLICT);
    ck_assert_str_eq(cordon_error_message(err), "Skill 'a' requires x ^1.0, but Skill 'b' requires x ^2.0. Cannot install both.");
    cordon_error_free(err);
}
END_TEST

START_TEST(requirements_that_some_version_meets_agree)
{
    const struct family_want wants[] = {{"a", "x", "^1.0"}, {"b", "x", "1.4"}, {"c", "x", NULL}, {"d", "x", "<2"}, {"e", "y", "^2.0"}};
    ck_assert_int_eq(family_agree(wants, COUNT(wants), NULL), 0);
}
END_TEST

START_TEST(a_version_serves_what_asks_for_it)
{
    ck_assert(family_serves(&(struct family_want){"a", "x", "^1.2"}, "1.4.0"));
    ck_assert(family_serves(&(struct family_want){"a", "x", NULL}, "0.0.0"));
    ck_assert(!family_serves(&(struct family_want){"a", "x", "^1.2"}, "1.1.9"));
    ck_assert(!family_serves(&(struct family_want){"a", "x", "^1.2"}, "2.0.0"));
    ck_assert(!family_serves(&(struct family_want){"a", "x", "^1.2"}, "new"));
}
END_TEST

/* ---- versions ---- */

static const struct { const char *version, *requirement; int is; } satisfied[] = {
    {"1.2.3", "1.2", 1}, {"1.2.3", "^1", 1}, {"2.0.0", "^1", 0}, {"0.2.9", "^0.2", 1}, {"0.3.0", "^0.2", 0}, {"1.2.9", "~1.2.3", 1}, {"1.3.0", "~1.2.3", 0},
    {"1.9.0", ">=1, <3", 1}, {"3.0.0", ">=1, <3", 0}, {"1.0.0", "=1.0.0", 1}, {"1.0.1", "=1.0.0", 0}, {"7.0.0", "*", 1}, {"1.5.0", "1.*", 1}, {"2.0.0", "1.*", 0},
    {"1.0.0-rc.1", "^1.0", 0}, {"1.0.0-rc.2", "^1.0.0-rc.1", 1}, {"1.0.0+b", "=1.0.0", 1}, {"1.0", "*", -1}, {"1.0.0", "new", -1}, {"1.0.0", "", -1}, {"", "*", -1},
};

START_TEST(a_requirement_is_read_as_cargo_reads_it)
{
    ck_assert_msg(shim_semver_satisfies(satisfied[_i].version, satisfied[_i].requirement) == satisfied[_i].is, "%s %s", satisfied[_i].version, satisfied[_i].requirement);
}
END_TEST

static const struct { const char *a, *b; int meet; } met[] = {
    {"^1.0", "^2.0", 0}, {"^1.0", "^1.5", 1}, {"*", "^9", 1}, {">1.0", "<1.1", 0}, {">1.0.0", "<1.0.2", 1}, {">1.0.0", "<1.0.1", 0}, {">=2", "<=2.0.0", 1}, {"=1.0.0", "=1.0.1", 0},
    {"~1.2", "~1.3", 0}, {"<1", "<2", 1}, {">3", "<2", 0}, {">1, <2", "^1.9", 0}, {">1.0, <2", "^1.9", 1}, {"1.0.0-rc.1", "1.0.0", 1}, {"=1.0.0-rc.1", "^1.0", 0}, {">=1.0.0-a, <1.0.0-b", "<2", 0},
    {">1.0.0-a, <1.0.0-b", "*", 0}, {">1.0.0-a, <1.0.0-b", ">=1.0.0-a", 1}, {"x", "*", 1}, {"new", "*", -1}, {"*", "new", -1}, {">18446744073709551615", "*", 0},
};

START_TEST(requirements_meet_where_one_version_satisfies_both)
{
    ck_assert_msg(shim_semver_meet(met[_i].a, met[_i].b) == met[_i].meet, "%s and %s: %d", met[_i].a, met[_i].b, shim_semver_meet(met[_i].a, met[_i].b));
    ck_assert_int_eq(shim_semver_meet(met[_i].b, met[_i].a), met[_i].meet);
}
END_TEST

START_TEST(versions_have_an_order)
{
    static const char *const order[] = {"0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"};
    for (int i = 0; i < COUNT(order); i++)
        for (int k = 0; k < COUNT(order); k++)
            ck_assert_int_eq(shim_semver_compare(order[i], order[k]), i < k ? -1 : i > k);
    ck_assert_int_eq(shim_semver_compare("1.0.0+a", "1.0.0+b"), 0);
    ck_assert_int_eq(shim_semver_compare("1.0", "1.0.0"), -2);
    ck_assert_int_eq(shim_semver_compare("\xff", "1.0.0"), -2);
}
END_TEST

/* What a manifest accepts as a version is one. */
START_TEST(versions_of_manifests_are_versions)
{
    static const char *const some[] = {"0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0-0.3.7", "1.0.0-x-y-z.4", "1.0.0+20130313144700", "1.0.0-beta+exp.sha.5114f85", "999999999999999999.0.0"};
    for (int i = 0; i < COUNT(some); i++) {
        char text[256];
        struct manifest m;
        int len = snprintf(text, sizeof text, "[skill]\nname = \"a\"\nversion = \"%s\"\ndescription = \"d\"\n", some[i]);
        ck_assert_int_eq(manifest_parse(MANIFEST_SKILL_TOML, text, (size_t)len, &m, NULL), 0);
        ck_assert_int_eq(shim_semver_compare(m.version, some[i]), 0);
        manifest_finish(&m);
    }
}
END_TEST

Suite *suite_family(void)
{
    Suite *s = suite_create("family");
    TCase *c = tcase_create("family");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, a_skill_without_parents_has_no_ancestors);
    tcase_add_test(c, parents_of_parents_are_ancestors_each_once);
    tcase_add_test(c, inheritance_is_at_most_three_deep);
    tcase_add_test(c, what_is_too_deep_by_one_way_is_refused_though_another_is_short);
    tcase_add_test(c, circular_inheritance_is_told_with_its_circle);
    tcase_add_test(c, a_circle_above_the_skill_is_told_without_the_skill);
    tcase_add_test(c, a_skill_is_not_its_own_parent);
    tcase_add_test(c, a_missing_parent_is_not_found_in_the_skill_registry);
    tcase_add_test(c, a_parent_without_manifest_is_an_ancestor);
    tcase_add_test(c, many_parents_of_many_parents_are_bounded);
    tcase_add_test(c, conflicts_are_collected_over_the_chain);
    tcase_add_test(c, a_skill_may_not_conflict_with_itself);
    tcase_add_test(c, a_skill_may_not_conflict_with_itself_by_way_of_a_parent);
    tcase_add_test(c, a_skill_may_not_conflict_with_what_it_inherits_from);
    tcase_add_test(c, what_is_needed_comes_behind_what_it_needs_itself);
    tcase_add_test(c, what_is_needed_and_not_there_is_told);
    tcase_add_test(c, a_circle_of_dependencies_names_the_skill);
    tcase_add_test(c, a_long_line_of_dependencies_is_walked);
    tcase_add_test(c, two_requirements_that_no_version_meets_are_a_conflict);
    tcase_add_test(c, requirements_that_some_version_meets_agree);
    tcase_add_test(c, a_version_serves_what_asks_for_it);
    tcase_add_loop_test(c, a_requirement_is_read_as_cargo_reads_it, 0, COUNT(satisfied));
    tcase_add_loop_test(c, requirements_meet_where_one_version_satisfies_both, 0, COUNT(met));
    tcase_add_test(c, versions_have_an_order);
    tcase_add_test(c, versions_of_manifests_are_versions);
    suite_add_tcase(s, c);
    return s;
}
