/* SPDX-License-Identifier: Apache-2.0
 * Sets of grants: what is shared is never changed, and what they allow is what one of them allows. */
#include "base/error.h"
#include "policy/grants.h"
#include <check.h>
#include <stdio.h>

Suite *suite_grants(void);

static void add(struct grants **g, const char *text)
{
    struct grant one = {0};
    cordon_error *err = NULL;
    ck_assert_msg(grant_parse(text, NULL, &one, &err) == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    ck_assert_int_eq(grants_add(g, &one, &err), 0);
    ck_assert_ptr_null(one.path);
}

START_TEST(what_one_of_them_allows_the_set_allows)
{
    struct grants *g = grants_new();
    const struct ask read = {.kind = ASK_READ, .path = "/data/a"}, write = {.kind = ASK_WRITE, .path = "/data/a"};
    const struct ask home = {.kind = ASK_ENV, .name = "HOME"}, lang = {.kind = ASK_ENV, .name = "LANG"};
    ck_assert_ptr_null(grants_find(g, &read));
    ck_assert_ptr_null(grants_find(NULL, &read));
    add(&g, "env=LANG");
    add(&g, "read=/data");
    ck_assert_ptr_nonnull(grants_find(g, &read));
    ck_assert_ptr_eq(grants_find(g, &lang), &g->item[0]);
    ck_assert_ptr_null(grants_find(g, &write));
    ck_assert_ptr_null(grants_find(g, &home));
    ck_assert(grants_any(g, ASK_READ) && grants_any(g, ASK_ENV));
    ck_assert(!grants_any(g, ASK_WRITE) && !grants_any(g, ASK_NET) && !grants_any(NULL, ASK_ENV));
    grants_unref(g);
}
END_TEST

START_TEST(a_set_that_others_hold_is_not_changed)
{
    struct grants *g = grants_new(), *held;
    add(&g, "net=https://x.com/v1");
    held = g;
    grants_ref(held);
    add(&g, "rw=/data::/d");
    ck_assert_ptr_ne(g, held);
    ck_assert_uint_eq(held->n, 1);
    ck_assert_uint_eq(g->n, 2);
    ck_assert_str_eq(g->item[0].net.prefix, "/v1");
    ck_assert_ptr_ne(g->item[0].net.prefix, held->item[0].net.prefix);
    grants_unref(held);
    ck_assert_str_eq(g->item[1].guest, "/d");
    grants_unref(g);
}
END_TEST

START_TEST(a_set_has_a_ceiling)
{
    struct grants *g = grants_new();
    char text[64];
    for (int i = 0; i < GRANTS_MAX; i++) {
        snprintf(text, sizeof text, "env=N%d", i);
        add(&g, text);
    }
    struct grant one = {0};
    cordon_error *err = NULL;
    ck_assert_int_eq(grant_parse("env=ONE_MORE", NULL, &one, &err), 0);
    ck_assert_int_eq(grants_add(&g, &one, &err), -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    grant_finish(&one);
    grants_unref(g);
}
END_TEST

Suite *suite_grants(void)
{
    Suite *s = suite_create("grants");
    TCase *c = tcase_create("sets");
    tcase_add_test(c, what_one_of_them_allows_the_set_allows);
    tcase_add_test(c, a_set_that_others_hold_is_not_changed);
    tcase_add_test(c, a_set_has_a_ceiling);
    suite_add_tcase(s, c);
    return s;
}
