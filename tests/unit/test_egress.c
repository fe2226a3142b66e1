/* SPDX-License-Identifier: Apache-2.0
 * The gateway against servers on the loopback and a resolver of the tests' own. */
#include "egress_ground.h"
#include "egress/authorities.h"
#include "egress/internal.h"

#include <dirent.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

static const struct route routes[] = {
    {.path = "/hello", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\nSet-Cookie: a=b\r\n\r\nhello"},
    {.path = "/interim", .answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
    {.path = "/teapot", .answer = "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 3\r\n\r\ntea"},
    {.path = "/empty", .answer = "HTTP/1.1 204 No Content\r\n\r\n"},
    {.path = "/switch", .answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nxxxxx"},
    {.path = "/nul", .answer = "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", .len = 46},
    {.path = "/old", .answer = "hello there", .hang_up = true},
    {.path = "/short", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot a hundred", .hang_up = true},
    {.path = "/long", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nthree hundred"},
    {.path = "/two-lengths", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 300\r\n\r\nabc", .hang_up = true},
    {.path = "/huge", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc"},
    {.path = "/nothing", .answer = "", .hang_up = true},
    {.path = "/silent"},
    {.path = "/slow", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .delay_ms = 300},
    {.path = "/drip", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", .drip_ms = 20},
    {.path = "/307", .answer = "HTTP/1.1 307 Elsewhere\r\nLocation: /hello\r\nContent-Length: 4\r\n\r\ngone"},
    {.path = "/302", .answer = "HTTP/1.1 302 Elsewhere\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/loop", .answer = "HTTP/1.1 302 Round\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/off", .answer = "HTTP/1.1 302 Off\r\nLocation: https://evil.example/x?stolen=1\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-file", .answer = "HTTP/1.1 302 Off\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-hex", .answer = "HTTP/1.1 302 Off\r\nLocation: http://0x7f.1:80/\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-user", .answer = "HTTP/1.1 302 Off\r\nLocation: http://a:b@127.0.0.1/\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/up", .answer = "HTTP/1.1 302 Off\r\nLocation: /v1/../secret\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/nowhere", .answer = "HTTP/1.1 302 Off\r\nContent-Length: 2\r\n\r\nok"},
    {.path = "/v1/a", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv1"},
    {.path = "/trailers", .answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"},
    {.path = "/unknown-encoding", .answer = "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\nbx"},
    {0},
};

static struct server *server;
static struct gateway *gateway;
static struct gateway_scope *scope;
static char local_grant[64];

static void setup(void)
{
    server = server_start("127.0.0.1", 0, routes);
    gateway = make_gateway(NULL, NULL, NULL);
    scope = gateway_scope_new(gateway);
    snprintf(local_grant, sizeof local_grant, "net=127.0.0.1:%u", server->port);
}

static void teardown(void)
{
    gateway_scope_unref(scope);
    gateway_free(gateway);
    server_stop(server);
}

#define get_local(path) get(scope, local_grant, "http://127.0.0.1:%u%s", server->port, path)

/* ---- what works ---- */

START_TEST(a_granted_url_is_fetched)
{
    struct fetch *f = get_local("/hello");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->status, 200);
    ck_assert_str_eq(f->body, "hello");
    ck_assert_ptr_nonnull(strstr(f->fields, "x-one: 1\n"));
    ck_assert_uint_eq(f->dones, 1);
    ck_assert_str_eq(f->message, "");
    fetch_free(f);
}
END_TEST

START_TEST(an_answer_that_is_no_success_is_an_answer)
{
    struct fetch *f = get_local("/teapot");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->status, 418);
    ck_assert_str_eq(f->body, "tea");
    fetch_free(f);
    f = get_local("/empty");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->status, 204);
    ck_assert_uint_eq(f->body_len, 0);
    fetch_free(f);
    f = get_local("/interim");
    expect_end(f, GATEWAY_OK);
    ck_assert_str_eq(f->body, "ok");
    ck_assert_ptr_null(strstr(f->fields, "link"));
    fetch_free(f);
    f = get_local("/trailers");
    expect_end(f, GATEWAY_OK);
    ck_assert_str_eq(f->body, "ok");
    ck_assert_ptr_null(strstr(f->fields, "late"));
    fetch_free(f);
}
END_TEST

START_TEST(localhost_is_this_machine_without_a_resolver)
{
    char grant[64];
    snprintf(grant, sizeof grant, "net=localhost:%u", server->port);
    struct fetch *f = get(scope, grant, "http://localhost:%u/hello", server->port);
    struct gateway_stats st;
    expect_end(f, GATEWAY_OK);
    gateway_stats(gateway, &st);
    ck_assert_uint_eq(st.lookups, 0);
    fetch_free(f);
    /* and the other family is tried where the first has nobody */
    struct server *six = server_start("::1", 0, routes);
    snprintf(grant, sizeof grant, "net=localhost:%u", six->port);
    f = get(scope, grant, "http://localhost:%u/hello", six->port);
    expect_end(f, GATEWAY_OK);
    fetch_free(f);
    snprintf(grant, sizeof grant, "net=[::1]:%u", six->port);
    f = get(scope, grant, "http://[::1]:%u/hello", six->port);
    expect_end(f, GATEWAY_OK);
    fetch_free(f);
    server_stop(six);
}
END_TEST

START_TEST(each_method_sends_what_it_should)
{
    static const struct { const char *method, *body, *expect; } cases[] = {
        {"GET", "", "GET /hello HTTP/1.1\r\n"}, {"DELETE", "", "DELETE /hello HTTP/1.1\r\n"}, {"OPTIONS", "", "OPTIONS /hello HTTP/1.1\r\n"},
        {"POST", "some text", "\r\n\r\nsome text"}, {"PUT", "put this", "\r\n\r\nput this"}, {"PATCH", "patch it", "\r\n\r\npatch it"}, {"POST", "", "POST /hello HTTP/1.1\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
        struct fetch *f = fetch_new(cases[i].method, url, local_grant);
        f->ask.body = cases[i].body;
        f->ask.body_len = strlen(cases[i].body);
        fetch_run(scope, f);
        expect_end(f, GATEWAY_OK);
        ck_assert_str_eq(f->body, "hello");
        ck_assert_msg(server_heard(server, cases[i].expect), "%s: %s", cases[i].method, server->heard);
        fetch_free(f);
    }
    ck_assert(!server_heard(server, "Expect") && !server_heard(server, "urlencoded") && !server_heard(server, "Cookie"));
    ck_assert(server_heard(server, "Content-Length: 0\r\n"));
    ck_assert(server_heard(server, "User-Agent: cordon/"));
}
END_TEST

START_TEST(a_head_request_has_a_head_alone)
{
    char url[64];
    static const struct route head[] = {{.path = "/h", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}, {0}};
    server->routes = head;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/h", server->port);
    struct fetch *f = fetch_run(scope, fetch_new("HEAD", url, local_grant));
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->body_len, 0);
    ck_assert_ptr_nonnull(strstr(f->fields, "content-length: 99999999"));
    fetch_free(f);
}
END_TEST

/* ---- the allow-list ---- */

START_TEST(what_is_not_granted_is_denied_and_named)
{
    static const struct { const char *grants, *url, *wanted; } cases[] = {
        {"", "https://api.example.com/v1?key=secret#frag", "https://api.example.com"},
        {"net=api.example.com", "http://api.example.com/", "http://api.example.com"},
        {"net=api.example.com", "https://api.example.com:8443/", "https://api.example.com:8443"},
        {"net=api.example.com", "https://api.example.com.evil.example/", "https://api.example.com.evil.example"},
        {"net=https://api.example.com/v1", "https://api.example.com/v10/x", "GET:https://api.example.com/v10/x"},
        {"net=https://api.example.com/v1", "https://api.example.com/v1/../secret?q=1", "GET:https://api.example.com/secret"},
        {"net=https://api.example.com/v1", "https://api.example.com/v1/%2e%2e/secret", "GET:https://api.example.com"},
        {"net=https://api.example.com/v1", "https://api.example.com/v1%2f..%2fsecret", "GET:https://api.example.com"},
        {"net=https://api.example.com/v1", "https://api.example.com/v1/%00", "GET:https://api.example.com"},
        {"net=POST:https://api.example.com/v1", "https://api.example.com/v1", "GET:https://api.example.com/v1"},
        {"net=127.0.0.1:8080", "http://127.0.0.1:8081/", "http://127.0.0.1:8081"},
        {"net=127.0.0.1:8080", "http://127.0.0.2:8080/", "http://127.0.0.2:8080"},
        {"net=127.0.0.1:8080", "http://[::1]:8080/", "http://[::1]:8080"},
        {"net=localhost:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
        {"", "http://[::1]/", "http://[::1]:80"},
        {"", "https://localhost/", "https://localhost:443"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fetch *f = get(scope, cases[i].grants, "%s", cases[i].url);
        struct grant again;
        char text[1100];
        expect_end(f, GATEWAY_DENIED);
        ck_assert_int_eq(f->denial, DENIAL_NOT_GRANTED);
        ck_assert_str_eq(f->wanted, cases[i].wanted);
        ck_assert_ptr_null(strstr(f->message, "secret?"));
        ck_assert_ptr_null(strstr(f->message, "key="));
        snprintf(text, sizeof text, "net=%s", f->wanted);
        ck_assert_msg(grant_parse(text, NULL, &again, NULL) == 0, "%s is no grant", text);
        grant_finish(&again);
        fetch_free(f);
    }
    struct gateway_stats st;
    gateway_stats(gateway, &st);
    ck_assert_uint_eq(st.lookups, 0);
    ck_assert_uint_eq(st.connections_opened, 0);
}
END_TEST

START_TEST(a_url_in_any_other_notation_is_never_sent)
{
    static const char *const urls[] = {
        "http://0x7f.1/", "http://127.1/", "http://2130706433/", "http://017700000001/", "http://0177.0.0.1/", "http://127.0.0.1.:80/", "http://0x7f000001:80/",
        "http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1%25lo]/", "http://[::1/", "http://[]/", "http://%31%32%37.0.0.1/",
        "http://127.0.0.1%2f@evil.example/", "http://user@127.0.0.1/", "http://user:password@127.0.0.1/", "http://:@127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/",
        "http:127.0.0.1/", "//127.0.0.1/", "127.0.0.1/", "/x", "", "http://", "http:///", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "dict://127.0.0.1/",
        "ws://127.0.0.1/", "unix:/run/x", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:http/", "http://127.0.0.1 /", "http://127.0.0.1/a b",
        "http://127.0.0.1\\@evil.example/", "http://127.0.0.1/a\r\nX: y", "http://127.0.0.1/\t", "http://b\xc3\xbc" "cher.example/", "http://evil\xe3\x80\x82" "example/", "http://a..example/",
        "http://-a.example/", "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", "http://127.0.0.1#@evil.example:80\\/", "http://127.0.0.1;x/", "http://*.example/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fetch *f = get(scope, "net=127.0.0.1:80 net=evil.example net=http://evil.example", "%s", urls[i]);
        expect_end(f, GATEWAY_BAD_REQUEST);
        ck_assert_msg(!strstr(f->message, "password") || strstr(f->message, "user name or password"), "%s", f->message);
        fetch_free(f);
    }
    struct gateway_stats st;
    gateway_stats(gateway, &st);
    ck_assert_uint_eq(st.lookups, 0);
    ck_assert_uint_eq(st.connections_opened, 0);
}
END_TEST

START_TEST(a_url_has_a_ceiling)
{
    char *url = malloc(GATEWAY_URL_MAX + 100);
    memset(url, 'a', GATEWAY_URL_MAX + 99);
    url[GATEWAY_URL_MAX + 99] = '\0';
    memcpy(url, "http://127.0.0.1/", 17);
    struct fetch *f = get(scope, "net=http://127.0.0.1:80", "%s", url);
    expect_end(f, GATEWAY_BAD_REQUEST);
    fetch_free(f);
    free(url);
}
END_TEST

START_TEST(methods_that_open_tunnels_or_that_nobody_knows_are_never_sent)
{
    static const char *const methods[] = {"CONNECT", "TRACE", "get", "FOO", "", "GET /x HTTP/1.1\r\nHost: y\r\n\r\nGET", "PRI", "TRACK"};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct fetch *f = fetch_run(scope, fetch_new(methods[i], url, local_grant));
        expect_end(f, GATEWAY_BAD_REQUEST);
        fetch_free(f);
    }
    ck_assert_int_eq(server->accepted, 0);
}
END_TEST

START_TEST(a_header_that_would_be_two_or_frame_the_message_is_never_sent)
{
    static const struct { const char *name, *value; } cases[] = {
        {"X", "a\r\nInjected: b"}, {"X", "a\nb"}, {"X", "a\rb"}, {"X\r\nInjected", "b"}, {"X:", "b"}, {"", "b"}, {"X Y", "b"}, {"X\t", "b"}, {"X", "a\x01"}, {"X", "\x7f"}, {"H\xc3\xa4", "b"},
        {"Host", "evil.example"}, {"hOsT", "evil.example"}, {"Content-Length", "0"}, {"Transfer-Encoding", "chunked"}, {"Connection", "close"}, {"Upgrade", "h2c"},
        {"Proxy-Authorization", "x"}, {"proxy-connection", "x"}, {"Expect", "100-continue"}, {"TE", "trailers"}, {"Trailer", "X"}, {"Keep-Alive", "x"}, {"HTTP2-Settings", "x"},
        {"Accept-Encoding", "gzip"},
    };
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gateway_field field = {cases[i].name, cases[i].value, strlen(cases[i].name), strlen(cases[i].value)};
        struct fetch *f = fetch_new("GET", url, local_grant);
        f->ask.fields = &field;
        f->ask.n_fields = 1;
        expect_end(fetch_run(scope, f), GATEWAY_BAD_REQUEST);
        fetch_free(f);
    }
    struct gateway_field nul = {"X", "a\0b", 1, 3};
    struct fetch *f = fetch_new("GET", url, local_grant);
    f->ask.fields = &nul;
    f->ask.n_fields = 1;
    expect_end(fetch_run(scope, f), GATEWAY_BAD_REQUEST);
    fetch_free(f);
    ck_assert_int_eq(server->accepted, 0);
}
END_TEST

START_TEST(a_guests_headers_are_sent_as_they_are)
{
    struct gateway_field fields[] = {{"X-Empty", "", 7, 0}, {"Accept", "text/plain", 6, 10}, {"X-Blank", "  a b ", 7, 6}, {"Content-Type", "text/x", 12, 6}, {"Authorization", "Basic x", 13, 7}};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
    struct fetch *f = fetch_new("POST", url, local_grant);
    f->ask.fields = fields;
    f->ask.n_fields = 5;
    f->ask.body = "x";
    f->ask.body_len = 1;
    expect_end(fetch_run(scope, f), GATEWAY_OK);
    ck_assert(server_heard(server, "\r\nX-Empty:\r\n"));
    ck_assert(server_heard(server, "\r\nAccept: text/plain\r\n"));
    ck_assert(server_heard(server, "\r\nX-Blank: a b"));
    ck_assert(server_heard(server, "\r\nContent-Type: text/x\r\n"));
    ck_assert(server_heard(server, "\r\nAuthorization: Basic x\r\n"));
    fetch_free(f);
}
END_TEST

/* ---- redirects ---- */

START_TEST(a_redirect_is_followed_and_its_body_dropped)
{
    struct fetch *f = get_local("/307");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->redirects, 1);
    ck_assert_str_eq(f->body, "hello");
    fetch_free(f);
    f = get_local("/nowhere");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->status, 302);
    ck_assert_str_eq(f->body, "ok");
    fetch_free(f);
}
END_TEST

START_TEST(a_redirect_off_the_list_is_denied)
{
    struct fetch *f = get_local("/off");
    expect_end(f, GATEWAY_DENIED);
    ck_assert_int_eq(f->denial, DENIAL_NOT_GRANTED);
    ck_assert_str_eq(f->wanted, "https://evil.example");
    ck_assert_uint_eq(f->status, 0);
    ck_assert_ptr_null(strstr(f->message, "stolen"));
    fetch_free(f);
    char grant[64];
    snprintf(grant, sizeof grant, "net=http://127.0.0.1:%u/up net=http://127.0.0.1:%u/v1", server->port, server->port);
    f = get(scope, grant, "http://127.0.0.1:%u/up", server->port);
    expect_end(f, GATEWAY_DENIED);
    fetch_free(f);
}
END_TEST

START_TEST(a_redirect_to_what_is_no_url_of_ours_is_refused)
{
    static const char *const paths[] = {"/to-file", "/to-hex", "/to-user"};
    for (size_t i = 0; i < 3; i++) {
        struct fetch *f = get_local(paths[i]);
        expect_end(f, GATEWAY_REDIRECTS);
        fetch_free(f);
    }
}
END_TEST

START_TEST(ten_redirects_are_enough)
{
    struct fetch *f = get_local("/loop");
    expect_end(f, GATEWAY_REDIRECTS);
    ck_assert_uint_eq(f->redirects, GATEWAY_REDIRECTS_MAX);
    ck_assert_int_eq(server->requests, GATEWAY_REDIRECTS_MAX + 1);
    fetch_free(f);
}
END_TEST

START_TEST(a_post_becomes_a_get_where_browsers_do_that)
{
    char url[64];
    struct gateway_field type = {"Content-Type", "text/x", 12, 6};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/302", server->port);
    struct fetch *f = fetch_new("POST", url, local_grant);
    f->ask.body = "body one";
    f->ask.body_len = 8;
    f->ask.fields = &type;
    f->ask.n_fields = 1;
    expect_end(fetch_run(scope, f), GATEWAY_OK);
    ck_assert(server_heard(server, "GET /hello"));
    ck_assert_ptr_null(strstr(strstr(server->heard, "GET /hello"), "text/x"));
    fetch_free(f);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/307", server->port);
    f = fetch_new("POST", url, local_grant);
    f->ask.body = "body two";
    f->ask.body_len = 8;
    expect_end(fetch_run(scope, f), GATEWAY_OK);
    ck_assert(server_heard(server, "POST /hello"));
    ck_assert_ptr_nonnull(strstr(strstr(server->heard, "POST /hello"), "body two"));
    fetch_free(f);
}
END_TEST

START_TEST(what_a_guest_says_to_one_origin_is_not_told_to_another)
{
    static char location[128];
    static struct route away[] = {{.path = "/away", .answer = location}, {0}};
    struct server *other = server_start("127.0.0.1", 0, routes);
    struct gateway_field fields[] = {{"Authorization", "Bearer mine", 13, 11}, {"Cookie", "id=mine", 6, 7}, {"X-Kept", "yes", 6, 3}};
    char url[64], grants[128];
    snprintf(location, sizeof location, "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:%u/hello\r\nContent-Length: 0\r\n\r\n", other->port);
    server->routes = away;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/away", server->port);
    snprintf(grants, sizeof grants, "net=127.0.0.1:%u net=127.0.0.1:%u", server->port, other->port);
    struct fetch *f = fetch_new("GET", url, grants);
    f->ask.fields = fields;
    f->ask.n_fields = 3;
    expect_end(fetch_run(scope, f), GATEWAY_OK);
    ck_assert(server_heard(server, "Bearer mine") && server_heard(server, "id=mine"));
    ck_assert(!server_heard(other, "mine") && server_heard(other, "X-Kept: yes"));
    fetch_free(f);
    server_stop(other);
}
END_TEST

/* ---- names and addresses ---- */

static const struct dns_name names[] = {
    {"good.example", {"127.0.0.2"}},
    {"rebinds.example", {"127.0.0.2", "127.0.0.1"}},
    {"loop4.example", {"127.0.0.1"}}, {"loop6.example", {"::1"}}, {"ten.example", {"10.0.0.1"}}, {"mapped.example", {"::ffff:127.0.0.1"}},
    {"nat64.example", {"64:ff9b::7f00:1"}}, {"metadata.example", {"169.254.169.254"}}, {"many.example", {"10.0.0.1 127.0.0.2 ::1"}},
    {"silent.example", {NULL}}, {"empty.example", {""}}, {"local.example", {"fe80::1 fd00:ec2::254"}}, {"zero.example", {"0.0.0.0 ::"}}, {"multicast.example", {"224.0.0.1 ff02::1"}},
    {NULL, {NULL}},
};
static struct dns *dns;
static struct server *two; /* on 127.0.0.2, which the settings let in */
static char names_grant[512];

static void setup_names(void)
{
    dns = dns_start(names);
    two = server_start("127.0.0.2", 0, routes);
    gateway = make_gateway(dns->where, "127.0.0.2", NULL);
    scope = gateway_scope_new(gateway);
    names_grant[0] = '\0';
    for (const struct dns_name *n = names; n->name; n++)
        snprintf(names_grant + strlen(names_grant), sizeof names_grant - strlen(names_grant), "net=%s:%u ", n->name, two->port);
}

static void teardown_names(void)
{
    gateway_scope_unref(scope);
    gateway_free(gateway);
    server_stop(two);
    dns_stop(dns);
}

START_TEST(a_granted_name_is_looked_up_once_and_pinned)
{
    struct fetch *f = get(scope, names_grant, "http://good.example:%u/hello", two->port);
    expect_end(f, GATEWAY_OK);
    ck_assert_str_eq(f->body, "hello");
    ck_assert_int_eq(dns->questions, 2); /* an address of each family */
    ck_assert(server_heard(two, "Host: good.example:"));
    fetch_free(f);
}
END_TEST

START_TEST(a_name_that_was_not_granted_is_not_looked_up)
{
    struct fetch *f = get(scope, names_grant, "http://other.example:%u/?data=leaks", two->port);
    expect_end(f, GATEWAY_DENIED);
    fetch_free(f);
    ck_assert_int_eq(dns->questions, 0);
}
END_TEST

START_TEST(a_name_that_leads_to_a_private_address_is_denied)
{
    static const char *const hosts[] = {"loop4", "loop6", "ten", "mapped", "nat64", "metadata", "local", "zero", "multicast"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct fetch *f = get(scope, names_grant, "http://%s.example:%u/hello", hosts[i], two->port);
        expect_end(f, GATEWAY_DENIED);
        ck_assert_int_eq(f->denial, DENIAL_PRIVATE_ADDRESS);
        ck_assert_ptr_null(strstr(f->message, "127.0.0.1"));
        ck_assert_ptr_null(strstr(f->message, "10.0.0.1"));
        fetch_free(f);
    }
    struct gateway_stats st;
    gateway_stats(gateway, &st);
    ck_assert_uint_eq(st.connections_opened, 0);
}
END_TEST

START_TEST(of_several_addresses_only_those_that_may_be_reached_are_used)
{
    struct fetch *f = get(scope, names_grant, "http://many.example:%u/hello", two->port);
    expect_end(f, GATEWAY_OK);
    fetch_free(f);
}
END_TEST

START_TEST(a_name_that_rebinds_between_hops_is_caught)
{
    static char location[128];
    static struct route again[] = {{.path = "/start", .answer = location}, {.path = "/hello", .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {0}};
    two->routes = again;
    snprintf(location, sizeof location, "HTTP/1.1 302 Again\r\nLocation: http://rebinds.example:%u/hello\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", two->port);
    struct server *inside = server_start("127.0.0.1", two->port, again);
    struct fetch *f = get(scope, names_grant, "http://rebinds.example:%u/start", two->port);
    expect_end(f, GATEWAY_DENIED);
    ck_assert_int_eq(f->denial, DENIAL_PRIVATE_ADDRESS);
    ck_assert_int_eq(two->requests, 1);
    ck_assert_int_eq(inside->accepted, 0);
    fetch_free(f);
    server_stop(inside);
}
END_TEST

START_TEST(the_socket_goes_to_the_pin_or_nowhere)
{
    struct gateway_request r = {.n_pins = 1, .pin_port = 80};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    address_parse("127.0.0.2", &r.pins[0]);
    inet_pton(AF_INET, "127.0.0.2", &in.sin_addr);
    int fd = transfer_socket(&r, (struct sockaddr *)&in, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(transfer_socket(&r, (struct sockaddr *)&in, SOCK_DGRAM, 0), -1);
    in.sin_port = htons(81);
    ck_assert_int_eq(transfer_socket(&r, (struct sockaddr *)&in, SOCK_STREAM, 0), -1);
    in.sin_port = htons(80);
    inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
    ck_assert_int_eq(transfer_socket(&r, (struct sockaddr *)&in, SOCK_STREAM, 0), -1);
    inet_pton(AF_INET6, "::ffff:127.0.0.2", &in6.sin6_addr);
    ck_assert_int_eq(transfer_socket(&r, (struct sockaddr *)&in6, SOCK_STREAM, 0), -1);
    ck_assert_int_eq(transfer_socket(&r, (struct sockaddr *)&other, SOCK_STREAM, 0), -1);
}
END_TEST

START_TEST(a_name_without_an_address_is_no_host)
{
    struct fetch *f = get(scope, names_grant, "http://empty.example:%u/", two->port);
    expect_end(f, GATEWAY_NO_NAME);
    fetch_free(f);
    f = get(scope, "net=nowhere.example", "https://nowhere.example/");
    expect_end(f, GATEWAY_NO_NAME);
    ck_assert_ptr_nonnull(strstr(f->message, "nowhere.example"));
    fetch_free(f);
}
END_TEST

START_TEST(a_silent_resolver_does_not_outlive_the_deadline)
{
    char url[64];
    snprintf(url, sizeof url, "http://silent.example:%u/", two->port);
    struct fetch *f = fetch_new("GET", url, names_grant);
    f->ask.deadline_ns = clock_now_ns() + 200000000;
    expect_end(fetch_run(scope, f), GATEWAY_DEADLINE);
    fetch_free(f);
}
END_TEST

START_TEST(this_machines_own_addresses_are_not_the_internet)
{
    struct address a;
    address_parse("127.0.0.1", &a);
    ck_assert(own_address(&a));
    address_parse("::1", &a);
    ck_assert(own_address(&a) || access("/proc/net/if_inet6", R_OK) != 0);
    address_parse("192.0.2.55", &a);
    ck_assert(!own_address(&a));
    address_parse("93.184.215.14", &a);
    ck_assert(!own_address(&a));
}
END_TEST

/* A network of its own, with nothing but the loopback in it, whose kernel lets any address be bound. */
static bool enter_network_where_all_can_be_bound(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    close(fd);
    FILE *f = fopen("/proc/sys/net/ipv4/ip_nonlocal_bind", "w");
    return up && f && fputs("1", f) >= 0 && fclose(f) == 0;
}

START_TEST(where_every_address_can_be_bound_the_list_of_interfaces_says_whose_it_is)
{
    struct address a;
    if (!enter_network_where_all_can_be_bound()) {
        puts("SKIPPED: no network of its own can be made here");
        return;
    }
    address_parse("127.0.0.1", &a);
    ck_assert(own_address(&a));
    address_parse("93.184.215.14", &a);
    ck_assert(!own_address(&a));
    address_parse("192.0.2.1", &a);
    ck_assert(!own_address(&a));
}
END_TEST

static const char *file_of(char path[64], const char *text, size_t len)
{
    snprintf(path, 64, "/tmp/cordon-test-authorities-XXXXXX");
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
    return path;
}

START_TEST(what_is_no_file_of_authorities_is_refused_by_name)
{
    cordon_error *err = NULL;
    void *pem = NULL;
    size_t len = 0;
    char path[64];
    static const char *const none[] = {"/nowhere/ca.pem", "/tmp", "/dev/null", "/dev/zero"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_int_lt(authorities_read(none[i], NULL, &pem, &len, &err), 0);
        ck_assert_ptr_nonnull(strstr(cordon_error_message(err), none[i]));
        cordon_error_free(err);
    }
    ck_assert_int_eq(authorities_read(file_of(path, "", 0), NULL, &pem, &len, &err), -CORDON_E_IO);
    cordon_error_free(err);
    unlink(path);
    ck_assert_int_eq(authorities_read(file_of(path, "a key\n", 6), NULL, &pem, &len, &err), -CORDON_E_IO);
    cordon_error_free(err);
    ck_assert_int_eq(truncate(path, AUTHORITIES_MAX + 1), 0);
    ck_assert_int_eq(authorities_read(path, NULL, &pem, &len, &err), -CORDON_E_TOO_LARGE);
    cordon_error_free(err);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);   /* nobody writes: whoever waits for it waits for ever */
    ck_assert_int_eq(authorities_read(path, NULL, &pem, &len, &err), -CORDON_E_IO);
    cordon_error_free(err);
    unlink(path);
    ck_assert_ptr_null(pem);
}
END_TEST

START_TEST(the_systems_authorities_are_the_usual_ones_else_those_that_are_there)
{
    static const char text[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    void *pem = NULL;
    size_t len = 0;
    char path[64];
    ck_assert_int_eq(authorities_read(NULL, file_of(path, text, sizeof text - 1), &pem, &len, NULL), 0);
    ck_assert_uint_eq(len, sizeof text - 1);
    ck_assert_mem_eq(pem, text, len);
    free(pem);
    unlink(path);
    ck_assert_int_eq(authorities_read(NULL, path, &pem, &len, NULL), 0);   /* gone: one of the places known, or none */
    ck_assert(len != sizeof text - 1);
    ck_assert((len != 0) == (pem != NULL));
    free(pem);
}
END_TEST

START_TEST(the_file_of_hosts_is_read_as_the_system_reads_it)
{
    static const char text[] = "127.0.0.1\tlocalhost\n# 10.0.0.9 commented\n 10.0.0.1  db DB.example # db2\n\n::1 db\nnonsense db\n10.0.0.2\n10.0.0.3 x db";
    struct address a[4];
    char shown[ADDRESS_TEXT];
    ck_assert_uint_eq(hosts_find(text, "db", a, 4), 3);
    address_print(&a[0], shown);
    ck_assert_str_eq(shown, "10.0.0.1");
    address_print(&a[2], shown);
    ck_assert_str_eq(shown, "10.0.0.3");
    ck_assert_uint_eq(hosts_find(text, "db.example", a, 4), 1);
    ck_assert_uint_eq(hosts_find(text, "db2", a, 4), 0);
    ck_assert_uint_eq(hosts_find(text, "commented", a, 4), 0);
    ck_assert_uint_eq(hosts_find(text, "db", a, 1), 1);
    ck_assert_uint_eq(hosts_find(NULL, "db", a, 1), 0);
}
END_TEST

/* ---- servers that mean no good ---- */

START_TEST(a_server_that_lies_about_its_length_is_found_out)
{
    struct fetch *f = get_local("/short");
    expect_end(f, GATEWAY_PROTOCOL);
    fetch_free(f);
    f = get_local("/long");
    expect_end(f, GATEWAY_OK);
    ck_assert_str_eq(f->body, "thr");
    fetch_free(f);
    f = get_local("/hello"); /* what was left over is no answer to this one */
    expect_end(f, GATEWAY_OK);
    ck_assert_str_eq(f->body, "hello");
    fetch_free(f);
    f = get_local("/huge");
    expect_end(f, GATEWAY_TOO_LARGE);
    ck_assert_uint_eq(f->body_len, 0);
    fetch_free(f);
}
END_TEST

START_TEST(an_answer_that_is_not_http_is_refused)
{
    static const char *const paths[] = {"/old", "/switch", "/nul", "/nothing", "/two-lengths", "/unknown-encoding"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct fetch *f = get_local(paths[i]);
        expect_end(f, GATEWAY_PROTOCOL);
        fetch_free(f);
    }
}
END_TEST

static char endless_body[2000], endless_head[2000];

START_TEST(an_endless_answer_ends_at_the_ceiling)
{
    static struct route endless[] = {{.path = "/body", .answer = endless_body, .endless = true}, {.path = "/head", .answer = endless_head, .endless = true}, {0}};
    int n = snprintf(endless_body, sizeof endless_body, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    memset(endless_body + n, 'x', 1500);
    n = snprintf(endless_head, sizeof endless_head, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 500; i++)
        n += snprintf(endless_head + n, sizeof endless_head - (size_t)n, "%s", i < 499 ? "a:b" : "");
    for (size_t i = 17; i + 5 < sizeof endless_head; i += 5)
        memcpy(endless_head + i, "a:b\r\n", 5);
    endless_head[17 + 5 * 300] = '\0';
    server->routes = endless;
    struct fetch *f = get_local("/body");
    expect_end(f, GATEWAY_TOO_LARGE);
    ck_assert_uint_le(f->body_len, 1 << 20);
    fetch_free(f);
    f = get_local("/head");
    expect_end(f, GATEWAY_TOO_LARGE);
    fetch_free(f);
}
END_TEST

/* 1 GiB of zeros in three layers of deflate would fit here; a plain gzip of 16 MiB shows it as well. */
static size_t gzip_of_zeros(const char *path, unsigned mib)
{
    char command[256];
    snprintf(command, sizeof command, "head -c %uM /dev/zero | gzip -9 -n > %s", mib, path);
    ck_assert_int_eq(system(command), 0);
    FILE *f = fopen(path, "rb");
    static char gz[1 << 20];
    size_t n = fread(gz, 1, sizeof gz, f);
    fclose(f);
    unlink(path);
    static char answer[(1 << 20) + 200];
    int head = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", n);
    memcpy(answer + head, gz, n);
    static struct route bomb[2] = {{.path = "/bomb", .answer = answer}};
    bomb[0].len = (size_t)head + n;
    server->routes = bomb;
    return n;
}

START_TEST(a_body_that_decodes_to_a_flood_is_cut_off)
{
    char path[] = "/tmp/cordon-bomb-XXXXXX";
    close(mkstemp(path));
    ck_assert_uint_lt(gzip_of_zeros(path, 16), 1 << 20);
    struct fetch *f = get_local("/bomb");
    expect_end(f, GATEWAY_TOO_LARGE);
    ck_assert_uint_le(f->body_len, 1 << 20);
    fetch_free(f);
}
END_TEST

START_TEST(a_body_that_was_packed_is_unpacked)
{
    char path[] = "/tmp/cordon-small-XXXXXX";
    close(mkstemp(path));
    gzip_of_zeros(path, 1);
    struct fetch *f = get_local("/bomb");
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->body_len, 1 << 20);
    ck_assert(server_heard(server, "Accept-Encoding: gzip"));
    fetch_free(f);
}
END_TEST

START_TEST(a_body_that_decodes_to_nothing_is_counted_too)
{
    /* gzip members of nothing, one behind the other: 2 MiB that decode to 0 bytes */
    static const unsigned char empty[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    /* and a deflate stream of empty stored blocks, which never ends */
    static char answer[1200];
    static struct route nothing[] = {{.path = "/nothing", .answer = answer, .endless = true}, {0}};
    int n = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
    memcpy(answer + n, empty, 10);
    for (int i = 0; i < 200; i++)
        memcpy(answer + n + 10 + i * 5, "\0\0\0\xff\xff", 5);
    nothing[0].len = (size_t)n + 10 + 1000;
    server->routes = nothing;
    struct fetch *f = get_local("/nothing");
    expect_end(f, GATEWAY_TOO_LARGE);
    ck_assert_uint_eq(f->body_len, 0);
    fetch_free(f);
}
END_TEST

START_TEST(nobody_there_is_said_in_plain_words)
{
    uint16_t port = server->port;
    char grant[64], message[64];
    struct server *gone = server_start("127.0.0.1", 0, routes);
    port = gone->port;
    server_stop(gone);
    snprintf(grant, sizeof grant, "net=127.0.0.1:%u", port);
    struct fetch *f = get(scope, grant, "http://127.0.0.1:%u/?q=hidden", port);
    expect_end(f, GATEWAY_NO_CONNECTION);
    snprintf(message, sizeof message, "cannot connect to 127.0.0.1:%u", port);
    ck_assert_str_eq(f->message, message);
    fetch_free(f);
}
END_TEST

/* ---- time and cancelling ---- */

START_TEST(a_slow_server_does_not_outlive_the_deadline)
{
    static const char *const paths[] = {"/silent", "/drip"};
    for (size_t i = 0; i < 2; i++) {
        char url[64];
        uint64_t start = clock_now_ns();
        snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server->port, paths[i]);
        struct fetch *f = fetch_new("GET", url, local_grant);
        f->ask.deadline_ns = start + 200000000;
        expect_end(fetch_run(scope, f), GATEWAY_DEADLINE);
        ck_assert_uint_ge(clock_now_ns() - start, 200000000);
        ck_assert_uint_lt(clock_now_ns() - start, 10000000000);
        fetch_free(f);
    }
    struct fetch *f = fetch_new("GET", "http://127.0.0.1:1/", "net=127.0.0.1:1");
    f->ask.deadline_ns = clock_now_ns();
    expect_end(fetch_run(scope, f), GATEWAY_DEADLINE);
    fetch_free(f);
}
END_TEST

START_TEST(a_transfer_can_be_cancelled_at_any_moment)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/drip", server->port);
    struct fetch *f = fetch_new("GET", url, local_grant);
    fetch_start(scope, f);
    gateway_cancel(f->request);
    fetch_wait(f);
    expect_end(f, GATEWAY_CANCELLED);
    fetch_free(f);
    f = fetch_new("GET", url, local_grant);
    fetch_start(scope, f);
    sem_wait_long(&f->headed); /* in mid-transfer */
    gateway_cancel(f->request);
    gateway_cancel(f->request);
    fetch_wait(f);
    expect_end(f, GATEWAY_CANCELLED);
    gateway_cancel(f->request);
    struct fetch *last = get_local("/hello"); /* the thread has seen the late one */
    expect_end(last, GATEWAY_OK);
    ck_assert_uint_eq(f->dones, 1);
    struct gateway_stats st;
    gateway_stats(gateway, &st);
    ck_assert_uint_eq(st.on_their_way + st.waiting, 0);
    fetch_free(f);
    fetch_free(last);
}
END_TEST

START_TEST(a_gateway_that_goes_ends_what_is_on_its_way)
{
    struct fetch *f[20];
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/silent", server->port);
    for (int i = 0; i < 20; i++)
        fetch_start(scope, f[i] = fetch_new("GET", url, local_grant));
    while (server->requests < 5)
        usleep(1000);
    gateway_free(gateway);
    for (int i = 0; i < 20; i++) {
        expect_end(f[i], GATEWAY_CANCELLED);
        ck_assert_uint_eq(f[i]->dones, 1);
        gateway_cancel(f[i]->request);
        fetch_free(f[i]);
    }
    gateway_scope_unref(scope);
    gateway = NULL;
    scope = NULL;
}
END_TEST

/* ---- bodies that stream ---- */

START_TEST(a_body_can_be_given_piece_by_piece)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
    struct fetch *f = fetch_new("POST", url, local_grant);
    f->ask.streams = true;
    f->more = "a piece";
    f->more_later = true;
    fetch_start(scope, f);
    while (server->n == 0)
        usleep(1000);
    usleep(20000);
    ck_assert_int_eq(server->requests, 0);
    f->more_later = false;
    gateway_resume(f->request, GATEWAY_SEND);
    fetch_wait(f);
    expect_end(f, GATEWAY_OK);
    ck_assert(server_heard(server, "Transfer-Encoding: chunked") && server_heard(server, "7\r\na piece\r\n0\r\n"));
    fetch_free(f);
    f = fetch_new("PUT", url, local_grant);
    f->ask.streams = true;
    f->ask.stream_len = 5;
    f->more = "12345";
    expect_end(fetch_run(scope, f), GATEWAY_OK);
    ck_assert(server_heard(server, "Content-Length: 5\r\n"));
    fetch_free(f);
}
END_TEST

START_TEST(a_body_that_streams_keeps_to_its_length_and_ceiling)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", server->port);
    struct fetch *f = fetch_new("POST", url, local_grant);
    f->ask.streams = true;
    f->ask.request_max = 3;
    f->more = "four";
    expect_end(fetch_run(scope, f), GATEWAY_TOO_LARGE);
    fetch_free(f);
    f = fetch_new("POST", url, local_grant);
    f->ask.streams = true;
    f->ask.stream_len = 10;
    f->more = "four";
    expect_end(fetch_run(scope, f), GATEWAY_CANCELLED);
    fetch_free(f);
    f = fetch_new("POST", url, local_grant);
    f->ask.body = "four";
    f->ask.body_len = 4;
    f->ask.request_max = 3;
    expect_end(fetch_run(scope, f), GATEWAY_TOO_LARGE);
    fetch_free(f);
    f = fetch_new("GET", url, local_grant);
    f->ask.body = "four";
    f->ask.body_len = 4;
    expect_end(fetch_run(scope, f), GATEWAY_BAD_REQUEST);
    fetch_free(f);
}
END_TEST

START_TEST(a_body_waits_for_who_reads_it)
{
    static char large[300 << 10];
    static struct route whole[] = {{.path = "/large", .answer = large}, {0}};
    int n = snprintf(large, sizeof large, "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n");
    memset(large + n, 'y', 262144);
    server->routes = whole;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/large", server->port);
    struct fetch *f = fetch_new("GET", url, local_grant);
    f->ask.decode = false;
    f->pause_after = 1;
    fetch_start(scope, f);
    sem_wait_long(&f->headed);
    usleep(50000);
    ck_assert_int_le(f->pieces, 1);
    while (sem_trywait(&f->over) != 0) {
        int before = f->pieces;
        gateway_resume(f->request, GATEWAY_RECEIVE);
        for (int i = 0; i < 1000 && f->pieces == before && f->dones == 0; i++)
            usleep(100);
        ck_assert_int_le(f->pieces, before + 1);
    }
    expect_end(f, GATEWAY_OK);
    ck_assert_uint_eq(f->body_len, 262144);
    ck_assert_int_ge(f->pieces, 16);
    fetch_free(f);
}
END_TEST

/* ---- together ---- */

START_TEST(a_scope_keeps_its_connections_to_itself)
{
    struct gateway_scope *other = gateway_scope_new(gateway);
    for (int i = 0; i < 3; i++)
        fetch_free(get_local("/hello"));
    ck_assert_int_eq(server->accepted, 1);
    struct fetch *f = get(other, local_grant, "http://127.0.0.1:%u/hello", server->port);
    expect_end(f, GATEWAY_OK);
    ck_assert_int_eq(server->accepted, 2);
    fetch_free(f);
    f = get(other, "", "http://127.0.0.1:%u/hello", server->port); /* nor is a connection that is open a grant */
    expect_end(f, GATEWAY_DENIED);
    fetch_free(f);
    gateway_scope_unref(other);
    for (int i = 0; i < 1000 && server->n > 1; i++)
        usleep(1000);
    ck_assert_int_eq(server->n, 1); /* what it had is closed */
}
END_TEST

START_TEST(a_scope_with_many_requests_leaves_the_others_their_turn)
{
    struct gateway_opts o = {.per_scope = 4, .total = 6};
    struct gateway *g = make_gateway(NULL, NULL, &o);
    struct gateway_scope *greedy = gateway_scope_new(g), *modest = gateway_scope_new(g);
    struct fetch *f[100];
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/silent", server->port);
    for (int i = 0; i < 100; i++)
        fetch_start(greedy, f[i] = fetch_new("GET", url, local_grant));
    while (server->requests < 4)
        usleep(1000);
    struct fetch *m = get(modest, local_grant, "http://127.0.0.1:%u/hello", server->port);
    expect_end(m, GATEWAY_OK);
    ck_assert_int_le(server->most, 6);
    struct gateway_stats st;
    gateway_stats(g, &st);
    ck_assert_uint_eq(st.on_their_way, 4);
    ck_assert_uint_eq(st.waiting, 96);
    for (int i = 0; i < 100; i++) /* those that wait can be cancelled too */
        gateway_cancel(f[i]->request);
    for (int i = 0; i < 100; i++) {
        fetch_wait(f[i]);
        expect_end(f[i], GATEWAY_CANCELLED);
        fetch_free(f[i]);
    }
    fetch_free(m);
    gateway_scope_unref(greedy);
    gateway_scope_unref(modest);
    gateway_free(g);
}
END_TEST

static int count_threads(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* Threads while `n` fetches of a slow server are on their way at once. */
static int threads_with(struct gateway_scope *s, int n)
{
    struct fetch **f = calloc((size_t)n, sizeof(struct fetch *));
    char url[64];
    int before = server->requests;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/silent", server->port);
    for (int i = 0; i < n; i++)
        fetch_start(s, f[i] = fetch_new("GET", url, local_grant));
    for (int i = 0; i < 30000 && server->requests < before + n; i++)
        usleep(1000);
    ck_assert_int_eq(server->requests, before + n);
    int threads = count_threads();
    for (int i = 0; i < n; i++)
        gateway_cancel(f[i]->request);
    for (int i = 0; i < n; i++) {
        fetch_wait(f[i]);
        expect_end(f[i], GATEWAY_CANCELLED);
        fetch_free(f[i]);
    }
    free(f);
    return threads;
}

START_TEST(a_thousand_fetches_take_no_more_threads_than_ten)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 4096) {
        puts("SKIPPED: a thousand fetches need 4,096 descriptors");
        return;
    }
    struct gateway_opts o = {.per_scope = 1000, .total = 1000};
    struct gateway *g = make_gateway(NULL, NULL, &o);
    struct gateway_scope *s = gateway_scope_new(g);
    int before = count_threads(), ten = threads_with(s, 10), thousand = threads_with(s, 1000);
    ck_assert_int_eq(ten, before + 1); /* the gateway's */
    ck_assert_int_eq(thousand, ten);
    gateway_scope_unref(s);
    gateway_free(g);
}
END_TEST

START_TEST(many_look_ups_take_no_thread_each)
{
    struct fetch *f[200];
    char url[64];
    int before = count_threads();
    for (int i = 0; i < 200; i++) {
        snprintf(url, sizeof url, "http://silent.example:%u/", two->port);
        f[i] = fetch_new("GET", url, names_grant);
        f[i]->ask.deadline_ns = clock_now_ns() + 300000000;
        fetch_start(scope, f[i]);
    }
    while (dns->questions < 50)
        usleep(1000);
    ck_assert_int_eq(count_threads(), before + 1); /* the gateway's */
    for (int i = 0; i < 200; i++) {
        fetch_wait(f[i]);
        expect_end(f[i], GATEWAY_DEADLINE);
        fetch_free(f[i]);
    }
}
END_TEST

START_TEST(nothing_is_left_behind_by_many_fetches)
{
    static const char *const paths[] = {"/hello", "/302", "/teapot", "/short", "/off", "/old"};
    for (int i = 0; i < 300; i++)
        fetch_free(get_local(paths[i % 6]));
    int fds = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        fds++;
    closedir(d);
    ck_assert_int_le(fds, 48);
}
END_TEST

/* ---- the environment, and the operator's proxy ---- */

START_TEST(the_environment_opens_no_way_around)
{
    static const char *const proxies[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        setenv(proxies[i], "http://127.0.0.1:1", 1);
    setenv("NO_PROXY", "", 1);
    setenv("CURL_HOME", "/tmp", 1);
    struct fetch *f = get_local("/hello");
    expect_end(f, GATEWAY_OK);
    fetch_free(f);
}
END_TEST

START_TEST(the_operators_proxy_is_asked_for_all_but_this_machine)
{
    char proxy[64];
    struct server *between = server_start("127.0.0.3", 0, routes);
    snprintf(proxy, sizeof proxy, "http://127.0.0.3:%u", between->port);
    struct gateway_opts o = {.proxy = proxy};
    struct gateway *g = make_gateway(NULL, NULL, &o);
    struct gateway_scope *s = gateway_scope_new(g);
    struct fetch *f = get(s, "net=http://far.example", "http://far.example/hello");
    expect_end(f, GATEWAY_OK);
    ck_assert(server_heard(between, "GET http://far.example/hello HTTP/1.1\r\n"));
    fetch_free(f);
    f = get(s, "net=http://far.example", "http://other.example/hello");
    expect_end(f, GATEWAY_DENIED);
    fetch_free(f);
    f = get(s, local_grant, "http://127.0.0.1:%u/hello", server->port);
    expect_end(f, GATEWAY_OK);
    ck_assert_int_eq(between->requests, 1);
    fetch_free(f);
    gateway_scope_unref(s);
    gateway_free(g);
    server_stop(between);
}
END_TEST

START_TEST(a_gateway_can_be_made_ready_before_it_is_needed)
{
    cordon_error *err = NULL;
    ck_assert_int_eq(gateway_prepare(gateway, &err), 0);
    ck_assert_int_eq(gateway_prepare(gateway, &err), 0);
    struct gateway_opts o = {.ca_file = "/nowhere/ca.pem"};
    struct gateway *g = make_gateway(NULL, NULL, &o);
    ck_assert_int_lt(gateway_prepare(g, &err), 0);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "/nowhere/ca.pem"));
    cordon_error_free(err);
    struct gateway_scope *s = gateway_scope_new(g);
    struct fetch *f = get(s, local_grant, "http://127.0.0.1:%u/hello", server->port);
    expect_end(f, GATEWAY_NO_RESOURCES);
    fetch_free(f);
    gateway_scope_unref(s);
    gateway_free(g);
}
END_TEST

Suite *suite_egress(void);
Suite *suite_egress(void)
{
    Suite *s = suite_create("egress");
    TCase *plain = tcase_create("plain"), *names_case = tcase_create("names");
    tcase_add_checked_fixture(plain, setup, teardown);
    tcase_add_checked_fixture(names_case, setup_names, teardown_names);
    tcase_set_timeout(plain, 120);
    tcase_set_timeout(names_case, 120);
    tcase_add_test(plain, a_granted_url_is_fetched);
    tcase_add_test(plain, an_answer_that_is_no_success_is_an_answer);
    tcase_add_test(plain, localhost_is_this_machine_without_a_resolver);
    tcase_add_test(plain, each_method_sends_what_it_should);
    tcase_add_test(plain, a_head_request_has_a_head_alone);
    tcase_add_test(plain, what_is_not_granted_is_denied_and_named);
    tcase_add_test(plain, a_url_in_any_other_notation_is_never_sent);
    tcase_add_test(plain, a_url_has_a_ceiling);
    tcase_add_test(plain, methods_that_open_tunnels_or_that_nobody_knows_are_never_sent);
    tcase_add_test(plain, a_header_that_would_be_two_or_frame_the_message_is_never_sent);
    tcase_add_test(plain, a_guests_headers_are_sent_as_they_are);
    tcase_add_test(plain, a_redirect_is_followed_and_its_body_dropped);
    tcase_add_test(plain, a_redirect_off_the_list_is_denied);
    tcase_add_test(plain, a_redirect_to_what_is_no_url_of_ours_is_refused);
    tcase_add_test(plain, ten_redirects_are_enough);
    tcase_add_test(plain, a_post_becomes_a_get_where_browsers_do_that);
    tcase_add_test(plain, what_a_guest_says_to_one_origin_is_not_told_to_another);
    tcase_add_test(plain, the_socket_goes_to_the_pin_or_nowhere);
    tcase_add_test(plain, this_machines_own_addresses_are_not_the_internet);
    tcase_add_test(plain, where_every_address_can_be_bound_the_list_of_interfaces_says_whose_it_is);
    tcase_add_test(plain, what_is_no_file_of_authorities_is_refused_by_name);
    tcase_add_test(plain, the_systems_authorities_are_the_usual_ones_else_those_that_are_there);
    tcase_add_test(plain, the_file_of_hosts_is_read_as_the_system_reads_it);
    tcase_add_test(plain, a_server_that_lies_about_its_length_is_found_out);
    tcase_add_test(plain, an_answer_that_is_not_http_is_refused);
    tcase_add_test(plain, an_endless_answer_ends_at_the_ceiling);
    tcase_add_test(plain, a_body_that_decodes_to_a_flood_is_cut_off);
    tcase_add_test(plain, a_body_that_was_packed_is_unpacked);
    tcase_add_test(plain, a_body_that_decodes_to_nothing_is_counted_too);
    tcase_add_test(plain, nobody_there_is_said_in_plain_words);
    tcase_add_test(plain, a_slow_server_does_not_outlive_the_deadline);
    tcase_add_test(plain, a_transfer_can_be_cancelled_at_any_moment);
    tcase_add_test(plain, a_gateway_that_goes_ends_what_is_on_its_way);
    tcase_add_test(plain, a_body_can_be_given_piece_by_piece);
    tcase_add_test(plain, a_body_that_streams_keeps_to_its_length_and_ceiling);
    tcase_add_test(plain, a_body_waits_for_who_reads_it);
    tcase_add_test(plain, a_scope_keeps_its_connections_to_itself);
    tcase_add_test(plain, a_scope_with_many_requests_leaves_the_others_their_turn);
    tcase_add_test(plain, a_thousand_fetches_take_no_more_threads_than_ten);
    tcase_add_test(plain, nothing_is_left_behind_by_many_fetches);
    tcase_add_test(plain, the_environment_opens_no_way_around);
    tcase_add_test(plain, the_operators_proxy_is_asked_for_all_but_this_machine);
    tcase_add_test(plain, a_gateway_can_be_made_ready_before_it_is_needed);
    tcase_add_test(names_case, a_granted_name_is_looked_up_once_and_pinned);
    tcase_add_test(names_case, a_name_that_was_not_granted_is_not_looked_up);
    tcase_add_test(names_case, a_name_that_leads_to_a_private_address_is_denied);
    tcase_add_test(names_case, of_several_addresses_only_those_that_may_be_reached_are_used);
    tcase_add_test(names_case, a_name_that_rebinds_between_hops_is_caught);
    tcase_add_test(names_case, a_name_without_an_address_is_no_host);
    tcase_add_test(names_case, a_silent_resolver_does_not_outlive_the_deadline);
    tcase_add_test(names_case, many_look_ups_take_no_thread_each);
    suite_add_tcase(s, plain);
    suite_add_tcase(s, names_case);
    return s;
}
