/* SPDX-License-Identifier: Apache-2.0
 * What a manifest asks for, beside what is granted: only what is both is allowed. By example, then by many generated sets against plain models. */
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/grants.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_asked(void);

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static struct grant parse(const char *text, bool asked)
{
    const struct grant_source source = {.asked = asked};
    struct grant one = {0};
    cordon_error *err = NULL;
    ck_assert_msg(grant_parse(text, &source, &one, &err) == 0, "%s: %s", text, err ? cordon_error_message(err) : "");
    return one;
}

static void add(struct grants **g, const char *text, bool asked)
{
    struct grant one = parse(text, asked);
    ck_assert_int_eq(grants_add(g, &one, NULL), 0);
}

/* Grants and asks, each apart by blanks; `asks` NULL: no manifest. */
static struct grants *set_of(const char *list, bool asked)
{
    struct grants *g = grants_new();
    cleanup_free char *copy = strdup(list);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " "));)
        if (*word)
            add(&g, word, asked);
    return g;
}

static struct grants *narrowed(const char *grants, const char *asks)
{
    struct grants *g = set_of(grants, false);
    if (!asks)
        return g;
    struct grants *a = set_of(asks, true);
    ck_assert_int_eq(grants_narrow(&g, a, NULL), 0);
    grants_unref(a);
    return g;
}

static struct ask net(enum net_method method, enum net_scheme scheme, const char *host, uint16_t port)
{
    return (struct ask){.kind = ASK_NET, .method = method, .scheme = scheme, .host = host, .port = port, .path = "/v1/x"};
}

static void expect(const char *grants, const char *asks, struct ask a, enum denial why)
{
    struct grants *g = narrowed(grants, asks);
    const struct grant *found = grants_find(g, &a);
    ck_assert_msg(!found == (why != DENIAL_NONE), "grants %s, asks %s", grants, asks ? asks : "(none)");
    if (!found)
        ck_assert_int_eq(grants_why_not(g, &a), why);
    grants_unref(g);
}

START_TEST(without_a_manifest_the_grants_alone_decide)
{
    expect("net=x.com", NULL, net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NONE);
    expect("", NULL, net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NOT_GRANTED);
    ck_assert_int_eq(grants_why_not(NULL, &(struct ask){.kind = ASK_ENV, .name = "X"}), DENIAL_NOT_GRANTED);
}
END_TEST

START_TEST(what_is_granted_and_not_asked_for_is_not_asked)
{
    expect("net=x.com net=y.com", "net=x.com", net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NONE);
    expect("net=x.com net=y.com", "net=x.com", net(NET_GET, NET_HTTPS, "y.com", 443), DENIAL_NOT_ASKED);
    expect("env=HOME", "", (struct ask){.kind = ASK_ENV, .name = "HOME"}, DENIAL_NOT_ASKED);
    expect("read=/data", "write=/data", (struct ask){.kind = ASK_READ, .path = "/data/x"}, DENIAL_NOT_ASKED);
    expect("memory", "env", (struct ask){.kind = ASK_MEMORY, .name = "luna"}, DENIAL_NOT_ASKED);
    expect("exec", "net", (struct ask){.kind = ASK_EXEC}, DENIAL_NOT_ASKED);
}
END_TEST

START_TEST(what_is_asked_for_and_not_granted_is_not_granted)
{
    expect("", "net=x.com", net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NOT_GRANTED);
    expect("net=x.com", "net=.x.com", net(NET_GET, NET_HTTPS, "a.x.com", 443), DENIAL_NOT_GRANTED);
}
END_TEST

START_TEST(a_bare_kind_is_answered_with_any_scope_of_it)
{
    expect("net=x.com", "net", net(NET_POST, NET_HTTPS, "x.com", 443), DENIAL_NONE);
    expect("net=http://10.0.0.1:80", "net", net(NET_GET, NET_HTTP, "10.0.0.1", 80), DENIAL_NONE);
    expect("net=x.com", "net=GET,HEAD:*", net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NONE);
    expect("net=x.com", "net=GET,HEAD:*", net(NET_POST, NET_HTTPS, "x.com", 443), DENIAL_NOT_ASKED);
    expect("read=/srv/a::/a", "read", (struct ask){.kind = ASK_READ, .path = "/a/b"}, DENIAL_NONE);
    expect("rw=/srv/a::/a", "read", (struct ask){.kind = ASK_WRITE, .path = "/a/b"}, DENIAL_NOT_ASKED);
    expect("rw=/srv/a::/a", "read write", (struct ask){.kind = ASK_WRITE, .path = "/a/b"}, DENIAL_NONE);
    expect("read=/srv/a::/a", "read", (struct ask){.kind = ASK_READ, .path = "/a/../b"}, DENIAL_NOT_ASKED);
    expect("env=LANG", "env", (struct ask){.kind = ASK_ENV, .name = "LANG"}, DENIAL_NONE);
    expect("env=LANG", "env", (struct ask){.kind = ASK_ENV, .name = "HOME"}, DENIAL_NOT_GRANTED);
    expect("secret=KEY", "secret", (struct ask){.kind = ASK_SECRET, .name = "KEY"}, DENIAL_NONE);
    expect("secret=KEY", "env", (struct ask){.kind = ASK_SECRET, .name = "KEY"}, DENIAL_NOT_ASKED);
}
END_TEST

START_TEST(a_bare_kind_alone_allows_nothing)
{
    expect("", "net read write env secret", net(NET_GET, NET_HTTPS, "x.com", 443), DENIAL_NOT_GRANTED);
    expect("", "net read write env secret", (struct ask){.kind = ASK_READ, .path = "/data/x"}, DENIAL_NOT_GRANTED);
}
END_TEST

START_TEST(a_credential_goes_with_requests_that_are_asked_for)
{
    const struct ask x = {.kind = ASK_CREDENTIAL, .scheme = NET_HTTPS, .host = "x.com", .port = 443};
    expect("net=x.com bearer=K@x.com", "net=x.com", x, DENIAL_NONE);
    expect("net=x.com bearer=K@x.com", "net=https://x.com/v1", x, DENIAL_NONE);
    expect("net=x.com bearer=K@x.com", "net=POST:*", x, DENIAL_NONE);
    expect("net=x.com bearer=K@x.com", "net=y.com", x, DENIAL_NOT_ASKED);
    expect("net=x.com bearer=K@x.com", "secret=K", x, DENIAL_NOT_ASKED);
    expect("net=x.com bearer=K@x.com", "bearer=OTHER@x.com", x, DENIAL_NONE);
}
END_TEST

START_TEST(functions_of_the_program_are_asked_for_by_imports)
{
    expect("call=db", "", (struct ask){.kind = ASK_CALL, .name = "db"}, DENIAL_NONE);
    expect("", "net", (struct ask){.kind = ASK_CALL, .name = "db"}, DENIAL_NOT_GRANTED);
}
END_TEST

START_TEST(copies_keep_what_is_asked)
{
    struct grants *g = narrowed("net=x.com", "net=x.com"), *held = g;
    const struct ask home = {.kind = ASK_ENV, .name = "HOME"};
    grants_ref(held);
    add(&g, "env=HOME", false);
    ck_assert_ptr_ne(g, held);
    ck_assert_ptr_eq(g->asked, held->asked);
    ck_assert_ptr_null(grants_find(g, &home));
    ck_assert_int_eq(grants_why_not(g, &home), DENIAL_NOT_ASKED);
    grants_unref(held);
    ck_assert_ptr_nonnull(g->asked);
    grants_unref(g);
}
END_TEST

START_TEST(a_set_that_others_hold_is_not_narrowed)
{
    struct grants *g = set_of("env=HOME", false), *held = g, *nothing = grants_new();
    const struct ask home = {.kind = ASK_ENV, .name = "HOME"};
    grants_ref(held);
    ck_assert_int_eq(grants_narrow(&g, nothing, NULL), 0);
    ck_assert_ptr_nonnull(grants_find(held, &home));
    ck_assert_ptr_null(grants_find(g, &home));
    grants_unref(nothing);
    grants_unref(held);
    grants_unref(g);
}
END_TEST

START_TEST(a_kind_that_is_not_asked_for_has_no_grant_that_could_serve)
{
    struct grants *g = narrowed("net=x.com env=HOME bearer=K@x.com", "net");
    ck_assert(grants_any(g, ASK_NET) && grants_any(g, ASK_CREDENTIAL));
    ck_assert(!grants_any(g, ASK_ENV) && !grants_asks_any(g, ASK_ENV));
    ck_assert(grants_asks_any(g, ASK_CALL) && !grants_any(g, ASK_CALL));
    ck_assert(grants_asks_any(NULL, ASK_EXEC));
    grants_unref(g);
}
END_TEST

static const struct { const char *asks, *grant; bool answers; } pairs[] = {
    {"net=x.com", "net=x.com", true}, {"net=x.com", "net=y.com", false}, {"net=x.com", "net=http://x.com", false}, {"net=x.com", "net=x.com:8443", false},
    {"net=.x.com", "net=a.x.com", true}, {"net=.x.com", "net=x.com", true}, {"net=*.x.com", "net=x.com", false}, {"net=a.x.com", "net=.x.com", true},
    {"net=*.a.x.com", "net=*.x.com", true}, {"net=*.a.x.com", "net=*.b.x.com", false}, {"net=.x.com", "net=*.x.com", true}, {"net=ax.com", "net=.x.com", false},
    {"net=GET:x.com", "net=POST:x.com", false}, {"net=GET,POST:x.com", "net=POST:x.com", true},
    {"net=https://x.com/v1", "net=https://x.com/v2", false}, {"net=https://x.com/v1", "net=https://x.com/v1/users", true}, {"net=https://x.com/v1", "net=x.com", true},
    {"net=https://x.com/v1", "net=https://x.com/v10", false},
    {"net", "net=http://127.0.0.1:80", true}, {"net=POST:*", "net=GET:x.com", false}, {"net=POST:*", "net=x.com", true},
    {"net=x.com", "bearer=K@x.com", true}, {"net=x.com", "bearer=K@y.com", false}, {"net=http://x.com", "bearer=K@x.com", false}, {"secret=K", "bearer=K@x.com", false},
    {"header=x-k:K@x.com", "header=X-K:J@x.com", true}, {"header=x-k:K@x.com", "bearer=K@x.com", false},
    {"read=/data", "read=/srv::/data", true}, {"read=/data", "rw=/srv::/data/sub", true}, {"read=/data/sub", "read=/srv::/data", false}, {"read=/data", "read=/srv::/database", false},
    {"read=/data", "write=/srv::/data", false}, {"read=/", "read=/srv", true}, {"read", "read=/srv", true}, {"read", "write=/srv", false}, {"rw", "write=/srv", true},
    {"env=A", "env=A", true}, {"env=A", "env=B", false}, {"env", "env=B", true}, {"env", "secret=B", false}, {"secret", "secret=B", true}, {"secret=A", "secret=B", false},
    {"memory", "memory=luna", true}, {"memory=luna", "memory", true}, {"memory=luna", "memory=rex", false}, {"exec", "exec", true}, {"net env read", "exec", false},
    {"", "net=x.com", false}, {"", "call=db", true},
};

START_TEST(a_grant_answers_what_it_could_serve)
{
    struct grants *asks = set_of(pairs[_i].asks, true);
    struct grant g = parse(pairs[_i].grant, false);
    ck_assert_msg(grants_answers(asks, &g) == pairs[_i].answers, "asks %s, grant %s", pairs[_i].asks, pairs[_i].grant);
    ck_assert(grants_answers(NULL, &g));
    grant_finish(&g);
    grants_unref(asks);
}
END_TEST

/* ---- words ---- */

static const struct { bool asked; const char *grant, *words; bool own; } said[] = {
    {false, "net=api.x.com", "reach https://api.x.com", false},
    {false, "net=.x.com", "reach https://x.com and the names beneath it", true},
    {false, "net=*.x.com", "reach https://*.x.com", true},
    {false, "net=GET,HEAD:https://x.com/v1", "send GET,HEAD requests to https://x.com/v1", false},
    {false, "net=http://x.com:8080", "reach http://x.com:8080", false},
    {false, "net=x.com:8080", "reach x.com:8080", false},
    {false, "net=127.0.0.1:80", "reach 127.0.0.1:80", true},
    {false, "net=localhost:80", "reach localhost:80", true},
    {true, "net", "reach hosts that you name", true},
    {true, "net=GET,HEAD:*", "send GET,HEAD requests to hosts that you name", true},
    {false, "bearer=K@x.com", "send requests to https://x.com with the secret K, which it does not see", true},
    {false, "header=x-k:K@x.com", "send requests to https://x.com with the secret K as header x-k, which it does not see", true},
    {true, "read=/data", "read files beneath /data", false},
    {false, "read=/srv/papers::/data", "read files beneath /srv/papers, which it sees as /data", false},
    {true, "read=/home/ada", "read files beneath /home/ada", true},
    {true, "read=/etc", "read files beneath /etc", true},
    {true, "read=/data/.ssh", "read files beneath /data/.ssh", true},
    {true, "read=/", "read files beneath /", true},
    {true, "write=/data", "write files beneath /data", true},
    {true, "rw=/data", "read and write files beneath /data", true},
    {true, "read", "read files in folders that you name", true},
    {true, "rw", "read and write files in folders that you name", true},
    {true, "env=LANG", "read the environment variable LANG", false},
    {true, "env", "read environment variables that you name", true},
    {true, "secret=KEY", "read the secret KEY", true},
    {true, "secret", "read secrets that you name", true},
    {true, "memory", "recall what the bot that calls it remembers", false},
    {true, "memory=luna", "recall what the bot luna remembers", false},
    {true, "exec", "run as a script on this machine, outside of WebAssembly", true},
    {false, "call=db", "call functions of the program under db", false},
};

START_TEST(a_grant_is_said_in_a_line_and_sensitive_ones_want_their_own_word)
{
    cleanup(buf_finish) struct buf b;
    struct grant g = parse(said[_i].grant, said[_i].asked);
    buf_init(&b, 4096);
    ck_assert_int_eq(grant_words(&b, &g), 0);
    ck_assert_str_eq(b.data, said[_i].words);
    ck_assert_msg(grant_wants_own_word(&g) == said[_i].own, "%s", said[_i].grant);
    grant_finish(&g);
}
END_TEST

/* ---- many of them ---- */

static const char *const some_grants[] = {
    "net=x.com", "net=.x.com", "net=*.x.com", "net=http://x.com", "net=GET:x.com", "net=https://x.com/v1", "net=POST:https://a.x.com/v1/x", "bearer=K@x.com", "bearer=K@a.x.com",
    "read=/d", "rw=/s::/d/e", "write=/s::/d", "env=A", "env=B", "secret=A", "memory", "memory=luna", "exec", "call=db",
};
static const char *const some_asks[] = {
    "net=x.com", "net=.x.com", "net=a.x.com", "net=http://x.com", "net=GET,HEAD:*", "net", "net=POST:x.com", "net=https://x.com/v1/x", "bearer=J@x.com", "read=/d", "read", "rw=/d/e",
    "write", "env=A", "env", "secret", "secret=B", "memory=luna", "memory", "exec",
};
static const struct ask some_questions[] = {
    {.kind = ASK_NET, .method = NET_GET, .scheme = NET_HTTPS, .host = "x.com", .port = 443, .path = "/v1/x"},
    {.kind = ASK_NET, .method = NET_POST, .scheme = NET_HTTPS, .host = "a.x.com", .port = 443, .path = "/v1/x/y"},
    {.kind = ASK_NET, .method = NET_POST, .scheme = NET_HTTPS, .host = "x.com", .port = 443, .path = "/"},
    {.kind = ASK_NET, .method = NET_GET, .scheme = NET_HTTP, .host = "x.com", .port = 80, .path = "/"},
    {.kind = ASK_CREDENTIAL, .scheme = NET_HTTPS, .host = "x.com", .port = 443},
    {.kind = ASK_CREDENTIAL, .scheme = NET_HTTPS, .host = "a.x.com", .port = 443},
    {.kind = ASK_READ, .path = "/d/e/f"}, {.kind = ASK_WRITE, .path = "/d/e/f"}, {.kind = ASK_READ, .path = "/d"}, {.kind = ASK_WRITE, .path = "/other"},
    {.kind = ASK_ENV, .name = "A"}, {.kind = ASK_ENV, .name = "B"}, {.kind = ASK_SECRET, .name = "A"}, {.kind = ASK_MEMORY, .name = "luna"}, {.kind = ASK_MEMORY, .name = "rex"},
    {.kind = ASK_CALL, .name = "db"}, {.kind = ASK_EXEC},
};

static bool one_allows(const struct grants *g, const struct ask *a)
{
    for (size_t i = 0; i < g->n; i++)
        if (grant_allows(&g->item[i], a))
            return true;
    return false;
}

static struct grants *pick(const char *const *from, int n, unsigned *seed, bool asked)
{
    struct grants *g = grants_new();
    for (int left = rand_r(seed) % 5; left > 0; left--)
        add(&g, from[rand_r(seed) % n], asked);
    return g;
}

START_TEST(never_more_than_is_granted_and_never_more_than_is_asked_for)
{
    unsigned seed = 7, allowed = 0;
    for (int round = 0; round < 3000; round++) {
        struct grants *plain = pick(some_grants, COUNT(some_grants), &seed, false), *asks = pick(some_asks, COUNT(some_asks), &seed, true), *both = plain;
        grants_ref(plain);
        ck_assert_int_eq(grants_narrow(&both, asks, NULL), 0);
        for (int q = 0; q < COUNT(some_questions); q++) {
            const struct ask *a = &some_questions[q];
            const struct grant *found = grants_find(both, a);
            bool exempt = a->kind == ASK_CALL || a->kind == ASK_CREDENTIAL;
            ck_assert_int_eq(!grants_find(plain, a), !one_allows(plain, a));
            ck_assert(!found || one_allows(plain, a));
            if (!exempt)
                ck_assert_int_eq(found != NULL, one_allows(plain, a) && one_allows(asks, a));
            if (!found)
                continue;
            allowed++;
            ck_assert(grants_any(both, a->kind));
            ck_assert(grant_allows(found, a));
            ck_assert(found->kind == GRANT_FILES || grants_answers(asks, found));
        }
        grants_unref(plain);
        grants_unref(both);
        grants_unref(asks);
    }
    ck_assert_uint_gt(allowed, 1000);
}
END_TEST

/* A grant that answers nothing serves nothing: refusing to give it loses nothing. */
START_TEST(a_grant_that_answers_nothing_serves_nothing)
{
    for (int g = 0; g < COUNT(some_grants); g++) {
        for (int k = 0; k < COUNT(some_asks); k++) {
            struct grant grant = parse(some_grants[g], false), ask = parse(some_asks[k], true);
            for (int q = 0; q < COUNT(some_questions) && grant.kind != GRANT_FILES && !grant_answers(&ask, &grant); q++)
                ck_assert_msg(!grant_allows(&grant, &some_questions[q]) || !grant_allows(&ask, &some_questions[q]), "%s, %s", some_grants[g], some_asks[k]);
            grant_finish(&grant);
            grant_finish(&ask);
        }
    }
}
END_TEST

Suite *suite_asked(void)
{
    Suite *s = suite_create("asked");
    TCase *c = tcase_create("asked");
    tcase_add_test(c, without_a_manifest_the_grants_alone_decide);
    tcase_add_test(c, what_is_granted_and_not_asked_for_is_not_asked);
    tcase_add_test(c, what_is_asked_for_and_not_granted_is_not_granted);
    tcase_add_test(c, a_bare_kind_is_answered_with_any_scope_of_it);
    tcase_add_test(c, a_bare_kind_alone_allows_nothing);
    tcase_add_test(c, a_credential_goes_with_requests_that_are_asked_for);
    tcase_add_test(c, functions_of_the_program_are_asked_for_by_imports);
    tcase_add_test(c, copies_keep_what_is_asked);
    tcase_add_test(c, a_set_that_others_hold_is_not_narrowed);
    tcase_add_test(c, a_kind_that_is_not_asked_for_has_no_grant_that_could_serve);
    tcase_add_loop_test(c, a_grant_answers_what_it_could_serve, 0, COUNT(pairs));
    tcase_add_loop_test(c, a_grant_is_said_in_a_line_and_sensitive_ones_want_their_own_word, 0, COUNT(said));
    tcase_add_test(c, never_more_than_is_granted_and_never_more_than_is_asked_for);
    tcase_add_test(c, a_grant_that_answers_nothing_serves_nothing);
    suite_add_tcase(s, c);
    return s;
}
