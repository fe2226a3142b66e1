/* SPDX-License-Identifier: Apache-2.0
 * The gateway and TLS: who is trusted, and who gets a secret. The servers are tls_server.py's. */
#include "egress_ground.h"

#include <sys/wait.h>

static const struct dns_name names[] = {{"tls.example", {"127.0.0.1"}}, {"wrong.example", {"127.0.0.1"}}, {NULL, {NULL}}};
static char folder[] = "/tmp/cordon-tls-XXXXXX", ca_file[64];
static pid_t servers;
static int stop_servers = -1;
static unsigned good, expired, stranger, old, plain;
static struct dns *dns;
static struct gateway *gateway;
static struct gateway_scope *scope;

static bool start_servers(void)
{
    int in[2], out[2];
    char line[64], name[32];
    unsigned port;
    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    if ((servers = fork()) == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execlp("python3", "python3", TEST_SOURCE_ROOT "/tests/unit/tls_server.py", folder, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    stop_servers = in[1];
    FILE *lines = fdopen(out[0], "r");
    bool ready = false;
    while (!ready && fgets(line, sizeof line, lines)) {
        ck_assert_int_eq(sscanf(line, "%31s %u", name, &port), 2);
        unsigned *which = !strcmp(name, "good") ? &good : !strcmp(name, "expired") ? &expired : !strcmp(name, "stranger") ? &stranger : !strcmp(name, "old") ? &old : &plain;
        ready = !strcmp(name, "ready");
        if (!ready)
            *which = port;
    }
    fclose(lines);
    return ready;
}

static void once_before(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_msg(start_servers(), "tls_server.py did not come up");
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
}

static void once_after(void)
{
    char command[64];
    close(stop_servers);
    waitpid(servers, NULL, 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void setup(void)
{
    struct gateway_opts o = {.ca_file = ca_file};
    dns = dns_start(names);
    gateway = make_gateway(dns->where, "127.0.0.0/8", &o);
    scope = gateway_scope_new(gateway);
}

static void teardown(void)
{
    gateway_scope_unref(scope);
    gateway_free(gateway);
    dns_stop(dns);
}

static int find_secret(void *data, const char *name, char **ret, size_t *ret_len)
{
    (void)data;
    const char *value = !strcmp(name, "token") ? "s3cret-value\n" : !strcmp(name, "broken") ? "s3cret\r\nInjected: yes" : NULL;
    if (!value)
        return -1;
    *ret = strdup(value);
    *ret_len = strlen(value);
    return 0;
}

static struct fetch *get_with_secret(const char *grants, const char *url)
{
    struct fetch *f = fetch_new("GET", url, grants);
    f->ask.secret = find_secret;
    return fetch_run(scope, f);
}

#define TEXT(buf, ...) snprintf(buf, sizeof buf, __VA_ARGS__)

START_TEST(a_private_authority_is_trusted_where_it_is_configured)
{
    char grant[128];
    TEXT(grant, "net=https://localhost:%u net=https://tls.example:%u", good, good);
    struct fetch *f = get(scope, grant, "https://localhost:%u/x", good);
    expect_end(f, GATEWAY_OK);
    ck_assert_ptr_nonnull(strstr(f->body, "GET /x HTTP/1.1"));
    fetch_free(f);
    f = get(scope, grant, "https://tls.example:%u/x", good);
    expect_end(f, GATEWAY_OK);
    fetch_free(f);
}
END_TEST

START_TEST(an_unknown_authority_is_trusted_by_no_one)
{
    char grant[128];
    unsigned ports[] = {stranger, expired, old};
    for (size_t i = 0; i < 3; i++) {
        TEXT(grant, "net=https://localhost:%u", ports[i]);
        struct fetch *f = get(scope, grant, "https://localhost:%u/?q=hidden", ports[i]);
        expect_end(f, GATEWAY_TLS);
        ck_assert_ptr_null(strstr(f->message, "hidden"));
        fetch_free(f);
    }
    /* another name than the certificate's */
    TEXT(grant, "net=https://wrong.example:%u", good);
    struct fetch *f = get(scope, grant, "https://wrong.example:%u/", good);
    expect_end(f, GATEWAY_TLS);
    fetch_free(f);
    /* the system's authorities know nothing of ours, and the environment adds none */
    setenv("SSL_CERT_FILE", ca_file, 1);
    setenv("CURL_CA_BUNDLE", ca_file, 1);
    struct gateway *g = make_gateway(dns->where, "127.0.0.0/8", NULL);
    struct gateway_scope *s = gateway_scope_new(g);
    TEXT(grant, "net=https://localhost:%u", good);
    f = get(s, grant, "https://localhost:%u/", good);
    expect_end(f, GATEWAY_TLS);
    fetch_free(f);
    gateway_scope_unref(s);
    gateway_free(g);
}
END_TEST

START_TEST(a_granted_secret_is_added_and_the_guests_own_goes)
{
    char grant[256], url[128];
    TEXT(grant, "net=https://localhost:%u bearer=token@localhost:%u header=X-Key:token@localhost:%u", good, good, good);
    TEXT(url, "https://localhost:%u/", good);
    struct gateway_field own[] = {{"Authorization", "Bearer guest", 13, 12}, {"x-key", "guest", 5, 5}, {"X-Other", "kept", 7, 4}};
    struct fetch *f = fetch_new("GET", url, grant);
    f->ask.secret = find_secret;
    f->ask.fields = own;
    f->ask.n_fields = 3;
    fetch_run(scope, f);
    expect_end(f, GATEWAY_OK);
    ck_assert_ptr_nonnull(strcasestr(f->body, "authorization: Bearer s3cret-value\n"));
    ck_assert_ptr_nonnull(strcasestr(f->body, "x-key: s3cret-value\n"));
    ck_assert_ptr_nonnull(strcasestr(f->body, "x-other: kept"));
    ck_assert_ptr_null(strstr(f->body, "guest"));
    fetch_free(f);
}
END_TEST

START_TEST(a_secret_goes_to_its_origin_alone)
{
    char grant[512], url[128];
    /* not over http */
    TEXT(grant, "net=localhost:%u bearer=token@localhost:%u", plain, plain);
    TEXT(url, "http://localhost:%u/", plain);
    struct fetch *f = get_with_secret(grant, url);
    expect_end(f, GATEWAY_OK);
    ck_assert_ptr_null(strstr(f->body, "s3cret"));
    fetch_free(f);
    /* not where a redirect leads, by https or http */
    TEXT(grant, "net=https://localhost:%u net=https://tls.example:%u net=http://tls.example:%u bearer=token@localhost:%u", good, good, plain, good);
    TEXT(url, "https://localhost:%u/to/%u/x", good, good);
    f = get_with_secret(grant, url);
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->redirects, 1);
    ck_assert_ptr_null(strstr(f->body, "s3cret"));
    fetch_free(f);
    TEXT(url, "https://localhost:%u/http/%u/x", good, plain);
    f = get_with_secret(grant, url);
    expect_end(f, GATEWAY_OK);
    ck_assert_ptr_null(strstr(f->body, "s3cret"));
    fetch_free(f);
    /* and of two origins each gets its own */
    TEXT(grant, "net=https://localhost:%u net=https://tls.example:%u header=x-a:token@localhost:%u bearer=token@tls.example:%u", good, good, good, good);
    TEXT(url, "https://localhost:%u/to/%u/x", good, good);
    f = get_with_secret(grant, url);
    expect_end(f, GATEWAY_OK);
    ck_assert_ptr_nonnull(strcasestr(f->body, "authorization: Bearer s3cret-value"));
    ck_assert_ptr_null(strcasestr(f->body, "x-a:"));
    fetch_free(f);
}
END_TEST

START_TEST(a_secret_that_is_missing_or_unfit_stops_the_request)
{
    static const char *const secrets[] = {"absent", "broken"};
    char grant[256], url[128];
    for (size_t i = 0; i < 2; i++) {
        TEXT(grant, "net=https://localhost:%u bearer=%s@localhost:%u", good, secrets[i], good);
        TEXT(url, "https://localhost:%u/", good);
        struct fetch *f = get_with_secret(grant, url);
        expect_end(f, GATEWAY_NO_SECRET);
        ck_assert_ptr_nonnull(strstr(f->message, secrets[i]));
        ck_assert_ptr_null(strstr(f->message, "s3cret"));
        fetch_free(f);
    }
}
END_TEST

START_TEST(a_secret_is_in_no_error)
{
    char grant[256], url[128];
    unsigned ports[] = {stranger, expired, old};
    for (size_t i = 0; i < 3; i++) {
        TEXT(grant, "net=https://localhost:%u bearer=token@localhost:%u", ports[i], ports[i]);
        TEXT(url, "https://localhost:%u/?key=also-hidden", ports[i]);
        struct fetch *f = get_with_secret(grant, url);
        expect_end(f, GATEWAY_TLS);
        ck_assert_ptr_null(strstr(f->message, "s3cret"));
        ck_assert_ptr_null(strstr(f->message, "hidden"));
        fetch_free(f);
    }
}
END_TEST

Suite *suite_egress_tls(void);
Suite *suite_egress_tls(void)
{
    Suite *s = suite_create("egress_tls");
    TCase *t = tcase_create("tls");
    suite_add_tcase(s, t);
    if (system("command -v openssl >/dev/null && command -v python3 >/dev/null") != 0) {
        puts("SKIPPED: the gateway's TLS: the commands openssl and python3 are needed");
        return s;
    }
    tcase_add_unchecked_fixture(t, once_before, once_after);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_private_authority_is_trusted_where_it_is_configured);
    tcase_add_test(t, an_unknown_authority_is_trusted_by_no_one);
    tcase_add_test(t, a_granted_secret_is_added_and_the_guests_own_goes);
    tcase_add_test(t, a_secret_goes_to_its_origin_alone);
    tcase_add_test(t, a_secret_that_is_missing_or_unfit_stops_the_request);
    tcase_add_test(t, a_secret_is_in_no_error);
    return s;
}
