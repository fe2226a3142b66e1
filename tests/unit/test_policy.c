/* SPDX-License-Identifier: Apache-2.0
 * Grants: the grammar, the printing back, and the decision; first by example, then by many generated ones against plain models. */
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/grant.h"
#include "policy/prefix.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_policy(void);

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const struct grant_source terminal = {.cwd = "/work/here", .home = "/home/ann"};
static const struct grant_source weird = {.cwd = "/we::ird", .home = "/"};
static const struct grant_source manifest = {.asked = true};

static const struct grant_source *source_of(char c)
{
    return c == 't' ? &terminal : c == 'w' ? &weird : c == 'm' ? &manifest : NULL;
}

static void print(const struct grant *g, char *ret, size_t size)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, size - 1);
    ck_assert_int_eq(grant_print(&b, g), 0);
    memcpy(ret, b.data, b.len + 1);
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_grant(const struct grant *a, const struct grant *b)
{
    ck_assert(grant_is_same(a, b) && grant_is_same(b, a));
    return a->kind == b->kind && a->net.methods == b->net.methods && a->net.schemes == b->net.schemes && a->net.span == b->net.span &&
           a->net.host.kind == b->net.host.kind && strcmp(a->net.host.text, b->net.host.text) == 0 && a->net.port == b->net.port &&
           is_same_text(a->net.prefix, b->net.prefix) && strcmp(a->name, b->name) == 0 && strcmp(a->secret, b->secret) == 0 &&
           a->access == b->access && a->any == b->any && is_same_text(a->path, b->path) && is_same_text(a->guest, b->guest);
}

/* ---- the grammar by example ---- */

/* Source: s settings, t terminal, w one in an odd folder, m manifest. `out` NULL: the same as `in`. */
static const struct {
    char source;
    const char *in, *out;
} good[] = {
    {'s', "net=api.x.com", NULL},
    {'s', "net=API.X.Com", "net=api.x.com"},
    {'s', "net=api.x.com:443", "net=api.x.com"},
    {'s', "net=https://api.x.com", "net=api.x.com"},
    {'s', "net=https://api.x.com/", "net=api.x.com"},
    {'s', "net=HTTPS://api.x.com:443", "net=api.x.com"},
    {'s', "net=api.x.com:8443", NULL},
    {'s', "net=https://api.x.com:8443", NULL},
    {'s', "net=http://api.x.com", NULL},
    {'s', "net=http://api.x.com:80", "net=http://api.x.com"},
    {'s', "net=http://api.x.com:8080", NULL},
    {'s', "net=http://api.x.com:443", NULL},
    {'s', "net=https://api.x.com/v1", NULL},
    {'s', "net=https://api.x.com/v1/", "net=https://api.x.com/v1"},
    {'s', "net=https://api.x.com/%7Eann/%61", "net=https://api.x.com/~ann/a"},
    {'s', "net=https://api.x.com/a%c3%a9b", "net=https://api.x.com/a%C3%A9b"},
    {'s', "net=https://api.x.com/a;b=1,c:@", NULL},
    {'s', "net=https://api.x.com/...", NULL},
    {'s', "net=intranet", NULL},
    {'s', "net=my_bucket.s3-a.example.org", NULL},
    {'s', "net=xn--bcher-kva.example", NULL},
    {'s', "net=.example.com", NULL},
    {'s', "net=*.example.com", NULL},
    {'s', "net=*.Example.com:8443", "net=*.example.com:8443"},
    {'s', "net=https://.example.com/v1", NULL},
    {'s', "net=.example.co.uk", NULL},
    {'s', "net=.www.ck", NULL},
    {'s', "net=.corp.internal", NULL},
    {'s', "net=GET,HEAD:https://api.x.com/v1", NULL},
    {'s', "net=HEAD,GET:api.x.com", "net=GET,HEAD:api.x.com"},
    {'s', "net=POST:api.x.com:8080", NULL},
    {'s', "net=GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS:api.x.com", "net=api.x.com"},
    {'s', "net=get:8080", NULL},
    {'s', "net=localhost:8080", NULL},
    {'s', "net=http://localhost:80", NULL},
    {'s', "net=127.0.0.1:8080", NULL},
    {'s', "net=https://1.1.1.1:443/dns-query", NULL},
    {'s', "net=[::1]:8080", NULL},
    {'s', "net=http://[FE80:0::1]:80", "net=http://[fe80::1]:80"},
    {'s', "net=1.1.1.1:443", NULL},
    {'s', "bearer=weather-key@api.x.com", NULL},
    {'s', "bearer=KEY@API.x.com:443", "bearer=KEY@api.x.com"},
    {'s', "bearer=KEY@localhost:8443", NULL},
    {'s', "header=X-Api-Key:k.1@api.x.com:8443", "header=x-api-key:k.1@api.x.com:8443"},
    {'s', "read=/data", NULL},
    {'s', "read=/data/", "read=/data"},
    {'s', "write=/a//b/./c", "write=/a/b/c"},
    {'s', "rw=/srv/x::/data", NULL},
    {'s', "rw=/srv/x::/srv/x", "rw=/srv/x"},
    {'s', "read=/srv/x::/", NULL},
    {'s', "read=/srv/with space/\xc3\xa9::/d", NULL},
    {'s', "read=/developer", NULL},
    {'t', "read=~/papers::/data", "read=/home/ann/papers::/data"},
    {'t', "read=papers", "read=/work/here/papers"},
    {'t', "read=./papers", "read=/work/here/papers"},
    {'t', "write=.", "write=/work/here"},
    {'m', "read=/data", NULL},
    {'m', "read=/", NULL},
    {'m', "net=.example.com", NULL},
    {'m', "net", NULL},
    {'m', "net=*", "net"},
    {'m', "net=HEAD,GET:*", "net=GET,HEAD:*"},
    {'m', "net=GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS:*", "net"},
    {'m', "read", NULL},
    {'m', "write", NULL},
    {'m', "rw", NULL},
    {'m', "env", NULL},
    {'m', "secret", NULL},
    {'m', "memory", NULL},
    {'m', "exec", NULL},
    {'s', "env=LANG", NULL},
    {'s', "env=_x1", NULL},
    {'s', "secret=OPENAI_API_KEY", NULL},
    {'s', "secret=a.b-c", NULL},
    {'s', "memory", NULL},
    {'s', "memory=luna", NULL},
    {'s', "memory=Luna-2", "memory=luna-2"},
    {'s', "exec", NULL},
};

START_TEST(a_grant_is_read_and_printed_in_one_form)
{
    struct grant g, again;
    cordon_error *err = NULL;
    int rc = grant_parse(good[_i].in, source_of(good[_i].source), &g, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    char text[GRANT_TEXT_MAX];
    print(&g, text, sizeof text);
    ck_assert_str_eq(text, good[_i].out ? good[_i].out : good[_i].in);
    ck_assert_int_eq(grant_parse(text, source_of(good[_i].source), &again, NULL), 0);
    ck_assert(is_same_grant(&g, &again));
    grant_finish(&g);
    grant_finish(&again);
}
END_TEST

static const struct {
    char source;
    const char *in, *why; /* a part of the message */
} bad[] = {
    {'s', "", "no such kind"}, {'s', "=", "no such kind"}, {'s', "foo=bar", "no such kind"}, {'s', "NET=x.com", "no such kind"},
    {'s', "nte=x.com", "did you mean net=…?"}, {'s', "http_get", "no such kind"}, {'s', " net=x.com", "no such kind"},
    {'s', "net", "net=HOST"}, {'s', "net=", "net=HOST"}, {'s', "exec=1", "takes no value"}, {'s', "memory=", "write memory alone"},
    {'s', "net=.com", "single label"}, {'s', "net=*.com", "single label"}, {'s', "net=.localhost:80", "single label"},
    {'s', "net=.co.uk", "public suffix"}, {'s', "net=*.github.io", "public suffix"}, {'s', "net=.foo.ck", "public suffix"},
    {'s', "net=.xn--55qx5d.cn", "public suffix"}, {'s', "net=.CO.UK:8080", "public suffix"},
    {'s', "net=.10.0.0.1:80", "no names beneath an address"}, {'s', "net=*.[::1]:80", "no names beneath an address"},
    {'s', "net=*", "*.HOST"}, {'s', "net=*.", "missing"}, {'s', "net=.", "missing"}, {'s', "net=a.*.com", "*.HOST"}, {'s', "net=*x.com", "*.HOST"},
    {'s', "net=*.*.x.com", "*.HOST"}, {'s', "net=..x.com", "empty label"}, {'s', "net=x..com", "empty label"}, {'s', "net=x.com.", "empty label"},
    {'s', "net=-x.com", "hyphen"}, {'s', "net=x-.com", "hyphen"},
    {'s', "net=b\xc3\xbc" "cher.example", "punycode"}, {'s', "net=x.com\xe3\x80\x82", "punycode"}, {'s', "net=\xff", "punycode"},
    {'s', "net=x com", "no host name has"}, {'s', "net=x%2ecom", "no host name has"}, {'s', "net=x.com\n", "no host name has"}, {'s', "net=x,y", "no host name has"},
    {'s', "net=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com", "63"},
    {'s', "net=user@x.com", "user name"}, {'s', "net=https://u:p@x.com", "user name"}, {'s', "net=https://u:80@x.com", "user name"},
    {'s', "net=x.com:", "1 to 65535"}, {'s', "net=x.com:0", "1 to 65535"}, {'s', "net=x.com:65536", "1 to 65535"}, {'s', "net=x.com:080", "1 to 65535"},
    {'s', "net=x.com:99999999999999999999", "1 to 65535"}, {'s', "net=x.com:+80", "1 to 65535"}, {'s', "net=x.com:http", "1 to 65535"},
    {'s', "net=::1", "brackets"}, {'s', "net=x.com:1:2", "more than one colon"}, {'s', "net=[::1", "more than one colon"}, {'s', "net=[::1]", "needs its port"},
    {'s', "net=[::1]8080", "not closed"}, {'s', "net=[fe80::1%eth0]:80", "not an IPv6"}, {'s', "net=[x]:80", "not an IPv6"}, {'s', "net=[]:80", "not an IPv6"},
    {'s', "net=[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80", "not an IPv6"},
    {'s', "net=[::ffff:127.0.0.1]:80", "IPv4 address inside"}, {'s', "net=[::127.0.0.1]:80", "IPv4 address inside"},
    {'s', "net=127.0.0.1", "needs its port"}, {'s', "net=http://127.0.0.1", "needs its port"}, {'s', "net=localhost", "needs its port"},
    {'s', "net=LocalHost", "needs its port"}, {'s', "net=a.localhost", "needs its port"},
    {'s', "net=127.1:80", "four decimal"}, {'s', "net=0x7f.1:80", "four decimal"}, {'s', "net=0X7F000001:80", "four decimal"}, {'s', "net=2130706433:80", "four decimal"},
    {'s', "net=010.0.0.1:80", "four decimal"}, {'s', "net=1.2.3.4.5:80", "four decimal"}, {'s', "net=256.1.1.1:80", "four decimal"}, {'s', "net=x.0x:80", "four decimal"},
    {'s', "net=443", "four decimal"}, {'s', "net=foo.1:80", "four decimal"},
    {'s', "net=ftp://x.com", "http or https"}, {'s', "net=://x.com", "http or https"}, {'s', "net=httpss://x.com", "http or https"}, {'s', "net=ws://x.com", "http or https"},
    {'s', "net=GET://x.com", "http or https"}, {'s', "net=https:x.com", "1 to 65535"}, {'s', "net=//x.com", "needs its scheme"},
    {'s', "net=x.com/v1", "needs its scheme"}, {'s', "net=x.com?q", "needs its scheme"}, {'s', "net=https://", "missing"}, {'s', "net=https:///v1", "missing"},
    {'s', "net=https://x.com?q=1", "query or fragment"}, {'s', "net=https://x.com/v1?q", "query or fragment"}, {'s', "net=https://x.com/#f", "query or fragment"},
    {'s', "net=https://x.com\\@y.com/", "backslash"}, {'s', "net=https://x.com/a\\b", "backslash"},
    {'s', "net=https://x.com/a%2Fb", "encoded"}, {'s', "net=https://x.com/a%5cb", "encoded"}, {'s', "net=https://x.com/%2e%2e", "encoded"},
    {'s', "net=https://x.com/%00", "encoded"}, {'s', "net=https://x.com/%4", "hexadecimal"}, {'s', "net=https://x.com/%", "hexadecimal"}, {'s', "net=https://x.com/%zz", "hexadecimal"},
    {'s', "net=https://x.com/a/../b", "dot segment"}, {'s', "net=https://x.com/.", "dot segment"}, {'s', "net=https://x.com/..", "dot segment"}, {'s', "net=https://x.com/..;x/b", "dot segment"}, {'s', "net=https://x.com/..%3bx/b", "dot segment"},
    {'s', "net=https://x.com//v1", "empty segment"}, {'s', "net=https://x.com/v1//", "empty segment"},
    {'s', "net=https://x.com/a b", "percent-encoded"}, {'s', "net=https://x.com/\xc3\xa9", "percent-encoded"}, {'s', "net=https://x.com/a\x7f", "percent-encoded"},
    {'s', "net=GET,:x.com", "methods"}, {'s', "net=,GET:x.com", "methods"}, {'s', "net=GETS:x.com", "methods"}, {'s', "net=CONNECT:x.com", "methods"}, {'s', "net=TRACE:x.com", "methods"},
    {'s', "net=GET,GET:x.com", "named twice"}, {'s', "net=GET,get:x.com", "no host name has"}, {'s', "net=LOCALHOST:80", "small letters"}, {'s', "net=GET:", "missing"},
    {'s', "bearer=KEY", "SECRET@HOST"}, {'s', "bearer=@x.com", "name of a secret"}, {'s', "bearer=KEY@", "missing"}, {'s', "bearer=KEY@.x.com", "one host"}, {'s', "bearer=KEY@*.x.com", "one host"},
    {'s', "bearer=KEY@http://x.com", "always by https"}, {'s', "bearer=KEY@x.com/v1", "always by https"}, {'s', "bearer=K*@x.com", "wildcards"}, {'s', "bearer=CORDON_X@x.com", "never given"},
    {'s', "bearer=KEY@u@x.com", "user name"}, {'s', "bearer=KEY@localhost", "needs its port"}, {'s', "bearer=a b@x.com", "name of a secret"},
    {'s', "header=X-Key", "NAME:SECRET@HOST"}, {'s', "header=:k@x.com", "name of a header"}, {'s', "header=a b:k@x.com", "name of a header"}, {'s', "header=a\r\nb:k@x.com", "name of a header"},
    {'s', "header=Host:k@x.com", "belongs to the connection"}, {'s', "header=CONTENT-length:k@x.com", "belongs to the connection"}, {'s', "header=proxy-authorization:k@x.com", "belongs to the connection"},
    {'s', "read=", "read=PATH"}, {'s', "rw", "rw=PATH"}, {'s', "read=data", "start with a /"}, {'s', "read=~/x", "start with a /"}, {'s', "read=~bob/x", "only ~/"}, {'t', "read=~bob/x", "only ~/"},
    {'s', "read=/a/../b", "`..`"}, {'t', "read=../x", "`..`"}, {'s', "read=/a::/b/..", "`..`"}, {'s', "read=/a::b", "guest sees"}, {'s', "read=/a::", "guest sees"}, {'s', "read=::/b", "missing"},
    {'s', "read=/a::/b::/c", "stands once"}, {'s', "read=/a:::/b", "stands once"}, {'s', "read=/a::/b::", "stands once"},
    {'s', "read=/a:/::/b", "colon at its end"}, {'s', "read=/a:", "colon at its end"}, {'w', "read=x", "cannot have `::`"},
    {'s', "read=/", "whole file system"}, {'s', "read=//.//", "whole file system"}, {'s', "read=/proc", "/proc"}, {'s', "read=/proc/self", "/proc"}, {'s', "rw=//dev/./shm", "/proc"},
    {'s', "write=/sys", "/proc"}, {'s', "read=/run/user", "/proc"}, {'s', "read=/proc::/data", "/proc"},
    {'t', "read=~", "home folder itself"}, {'t', "read=~/", "home folder itself"}, {'t', "read=/home/ann/.", "home folder itself"},
    {'s', "read=/a\nb", "control character"}, {'s', "read=/a\x1b[0m", "control character"}, {'s', "read=/\xff", "not UTF-8"}, {'s', "read=/\xe2\x80\xae" "x", "control character"},
    {'s', "net=GET:*", "*.HOST"}, {'t', "read", "read=PATH"}, {'t', "env", "env=NAME"}, {'t', "secret", "secret=NAME"}, {'m', "net=", "net=HOST"}, {'m', "read=", "read=PATH"},
    {'m', "env=*", "wildcards"}, {'m', "net=https://*", "*.HOST"}, {'m', "net=*:80", "*.HOST"}, {'m', "bearer", "SECRET@HOST"}, {'m', "call", "call=NAME"},
    {'m', "read=/a::/b", "guest's own path"}, {'m', "read=data", "must start with a /"}, {'m', "read=~/x", "must start with a /"}, {'m', "read=/a/..", "`..`"},
    {'s', "env=A*", "wildcards"}, {'s', "env=*", "wildcards"}, {'s', "env=1A", "name of a variable"}, {'s', "env=A-B", "name of a variable"}, {'s', "env=A=B", "name of a variable"},
    {'s', "env=", "env=NAME"}, {'s', "env=LD_PRELOAD", "never given"}, {'s', "env=CORDON_HOME", "never given"}, {'s', "env=\xc3\xa9", "name of a variable"},
    {'s', "secret=LD_X", "never given"}, {'s', "secret=a/b", "name of a secret"}, {'s', "secret=../x", "name of a secret"}, {'s', "secret=*", "wildcards"},
    {'s', "memory=a b", "name of a bot"}, {'s', "memory=*", "name of a bot"}, {'s', "memory=\xc3\xa9", "name of a bot"}, {'s', "memory=../x", "name of a bot"},
};

START_TEST(a_wrong_grant_is_refused_with_the_part_that_is_wrong)
{
    struct grant g = {.kind = GRANT_EXEC, .name = "untouched"};
    cordon_error *err = NULL;
    int rc = grant_parse(bad[_i].in, source_of(bad[_i].source), &g, &err);
    ck_assert_msg(rc == -CORDON_E_USAGE, "'%s' gave %d", bad[_i].in, rc);
    ck_assert_str_eq(g.name, "untouched");
    ck_assert_msg(strstr(cordon_error_message(err), bad[_i].why), "%s", cordon_error_message(err));
    ck_assert(strncmp(cordon_error_message(err), "grant '", 7) == 0);
    ck_assert_int_eq(cordon_error_subject(err)[0] == '\0', bad[_i].in[0] == '\0');
    cordon_error_free(err);
}
END_TEST

START_TEST(a_giant_grant_is_refused_and_shown_cut)
{
    static const char *const heads[] = {"net=", "read=/", "env=", "net=https://x.com/", "header=", "", "memory=", "net=GET,"};
    for (size_t len = 300; len <= 100000; len *= 7) {
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            cleanup_free char *text = malloc(len + 64);
            memset(text, 'a', len + 63);
            text[len + 63] = '\0';
            memcpy(text, heads[i], strlen(heads[i]));
            struct grant g;
            cordon_error *err = NULL;
            int rc = grant_parse(text, NULL, &g, &err);
            if (rc == 0)
                grant_finish(&g);
            else
                ck_assert_uint_lt(strlen(cordon_error_message(err)), 500);
            ck_assert(len < GRANT_TEXT_MAX || strstr(cordon_error_message(err), "longer than 8192 bytes"));
            ck_assert(rc < 0 || len < 4096);
            cordon_error_free(err);
        }
    }
}
END_TEST

START_TEST(a_path_has_room_up_to_its_ceiling_and_no_further)
{
    char text[GRANT_PATH_MAX + 32];
    struct grant g;
    memset(text, 'a', sizeof text);
    memcpy(text, "read=/", 6);
    text[5 + GRANT_PATH_MAX - 1] = '\0';
    ck_assert_int_eq(grant_parse(text, NULL, &g, NULL), 0);
    ck_assert_uint_eq(strlen(g.path), GRANT_PATH_MAX - 1);
    grant_finish(&g);
    text[5 + GRANT_PATH_MAX - 1] = 'a';
    text[5 + GRANT_PATH_MAX] = '\0';
    cordon_error *err = NULL;
    ck_assert_int_eq(grant_parse(text, NULL, &g, &err), -CORDON_E_USAGE);
    ck_assert(strstr(cordon_error_message(err), "longer than 4095"));
    cordon_error_free(err);
}
END_TEST

/* ---- the decision by example ---- */

static struct grant must_parse(const char *text)
{
    struct grant g;
    cordon_error *err = NULL;
    int rc = grant_parse(text, NULL, &g, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : text);
    return g;
}

static bool allows(const char *grant, struct ask a)
{
    struct grant g = must_parse(grant);
    bool yes = grant_allows(&g, &a);
    grant_finish(&g);
    return yes;
}

static struct ask get(enum net_scheme scheme, const char *host, unsigned port, const char *path)
{
    return (struct ask){.kind = ASK_NET, .method = NET_GET, .scheme = scheme, .host = host, .port = (uint16_t)port, .path = path};
}

static const struct {
    const char *grant;
    enum net_scheme scheme;
    const char *host;
    unsigned port;
    const char *path;
    bool yes;
} requests[] = {
    {"net=x.com", NET_HTTPS, "x.com", 443, "/any", true},
    {"net=x.com", NET_HTTP, "x.com", 80, "/", false},
    {"net=x.com", NET_HTTP, "x.com", 443, "/", false},
    {"net=x.com", NET_HTTPS, "x.com", 8443, "/", false},
    {"net=x.com", NET_HTTPS, "a.x.com", 443, "/", false},
    {"net=x.com", NET_HTTPS, "x.com.", 443, "/", false},
    {"net=x.com", NET_HTTPS, "X.com", 443, "/", false},
    {"net=x.com", NET_HTTPS, "xx.com", 443, "/", false},
    {"net=x.com", NET_HTTPS, "x.com.evil.org", 443, "/", false},
    {"net=x.com", NET_HTTPS, NULL, 443, "/", false},
    {"net=x.com:8080", NET_HTTP, "x.com", 8080, "/", true},
    {"net=x.com:8080", NET_HTTPS, "x.com", 8080, "/", true},
    {"net=x.com:8080", NET_HTTP | NET_HTTPS, "x.com", 8080, "/", false},
    {"net=x.com:8080", 0, "x.com", 8080, "/", false},
    {"net=x.com:443", NET_HTTP, "x.com", 443, "/", false},
    {"net=http://x.com", NET_HTTP, "x.com", 80, "/", true},
    {"net=http://x.com", NET_HTTPS, "x.com", 443, "/", false},
    {"net=.x.com", NET_HTTPS, "x.com", 443, "/", true},
    {"net=.x.com", NET_HTTPS, "a.b.x.com", 443, "/", true},
    {"net=.x.com", NET_HTTPS, "ax.com", 443, "/", false},
    {"net=.x.com", NET_HTTPS, ".x.com", 443, "/", false},
    {"net=.x.com", NET_HTTPS, "com", 443, "/", false},
    {"net=*.x.com", NET_HTTPS, "x.com", 443, "/", false},
    {"net=*.x.com", NET_HTTPS, "a.x.com", 443, "/", true},
    {"net=*.x.com", NET_HTTPS, "ax.com", 443, "/", false},
    {"net=*.x.com", NET_HTTPS, "evilx.com", 443, "/", false},
    {"net=.x.com", NET_HTTPS, "evil-x.com", 443, "/", false},
    {"net=.x.com", NET_HTTPS, ".a.x.com", 443, "/", false},
    {"net=*.x.com", NET_HTTPS, "*.x.com", 443, "/", true}, /* no resolver knows that name; it is one beneath x.com all the same */
    {"net=127.0.0.1:80", NET_HTTP, "127.0.0.1", 80, "/", true},
    {"net=127.0.0.1:80", NET_HTTP, "127.0.0.1", 81, "/", false},
    {"net=127.0.0.1:80", NET_HTTP, "127.1", 80, "/", false},
    {"net=127.0.0.1:80", NET_HTTP, "::ffff:127.0.0.1", 80, "/", false},
    {"net=[::1]:80", NET_HTTP, "::1", 80, "/", true},
    {"net=[::1]:80", NET_HTTP, "[::1]", 80, "/", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1", true},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/", true},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/users", true},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/%761/users", true},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/%c3%a9", true},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1.json", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v10", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1;a/b", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/V1", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, NULL, false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "v1/x", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "//v1/x", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/../admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/..", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/..;x/admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/..%3Bx/admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/.%3b/admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/%2e%2e/admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/.%2E/admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1%2fx", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/%2F..", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/%5c..%5cadmin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1\\..\\admin", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/%00", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1/a%", false},
    {"net=https://x.com/v1", NET_HTTPS, "x.com", 443, "/v1?q", false},
    {"net=https://x.com/a%20b", NET_HTTPS, "x.com", 443, "/a%20b/c", true},
    {"net=https://x.com/a%20b", NET_HTTPS, "x.com", 443, "/a%20bc", false},
    {"net=https://x.com/a%20b", NET_HTTPS, "x.com", 443, "/a%2", false},
};

START_TEST(a_request_goes_only_where_its_grant_says)
{
    struct ask a = get(requests[_i].scheme, requests[_i].host, requests[_i].port, requests[_i].path);
    ck_assert_msg(allows(requests[_i].grant, a) == requests[_i].yes, "%s: %s %s", requests[_i].grant, requests[_i].host, requests[_i].path);
}
END_TEST

START_TEST(methods_not_named_are_denied)
{
    static const enum net_method all[] = {NET_GET, NET_HEAD, NET_POST, NET_PUT, NET_PATCH, NET_DELETE, NET_OPTIONS};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct ask a = get(NET_HTTPS, "x.com", 443, "/");
        a.method = all[i];
        ck_assert(allows("net=x.com", a));
        ck_assert_int_eq(allows("net=GET,HEAD:x.com", a), all[i] == NET_GET || all[i] == NET_HEAD);
    }
    struct ask odd = get(NET_HTTPS, "x.com", 443, "/");
    odd.method = 0;
    ck_assert(!allows("net=x.com", odd));
    odd.method = 128;
    ck_assert(!allows("net=x.com", odd));
    odd.method = NET_GET | NET_POST;
    ck_assert(!allows("net=x.com", odd));
}
END_TEST

START_TEST(a_credential_goes_by_https_to_its_own_origin_alone)
{
    struct ask a = {.kind = ASK_CREDENTIAL, .scheme = NET_HTTPS, .host = "x.com", .port = 443};
    ck_assert(allows("bearer=K@x.com", a));
    ck_assert(allows("header=X-K:K@x.com", a));
    ck_assert(!allows("net=x.com", a));
    a.scheme = NET_HTTP;
    ck_assert(!allows("bearer=K@x.com", a));
    ck_assert(!allows("bearer=K@x.com:8080", (struct ask){.kind = ASK_CREDENTIAL, .scheme = NET_HTTP, .host = "x.com", .port = 8080}));
    a = (struct ask){.kind = ASK_CREDENTIAL, .scheme = NET_HTTPS, .host = "a.x.com", .port = 443};
    ck_assert(!allows("bearer=K@x.com", a));
    a = get(NET_HTTPS, "x.com", 443, "/");
    ck_assert(!allows("bearer=K@x.com", a));
    ck_assert(!allows("bearer=K@x.com", (struct ask){.kind = ASK_SECRET, .name = "K"}));
}
END_TEST

static const struct {
    const char *grant, *path;
    bool may_read, may_write;
} files[] = {
    {"read=/data", "/data", true, false}, {"read=/data", "/data/x/y", true, false}, {"write=/data", "/data/x", false, true},
    {"rw=/data", "/data/x", true, true}, {"rw=/data", "/database", false, false}, {"rw=/data", "/dat", false, false},
    {"rw=/data", "/data/../etc", false, false}, {"rw=/data", "/data/..", false, false}, {"rw=/data", "/data/./x", false, false},
    {"rw=/data", "/data/...", true, true}, {"rw=/data", "data", false, false}, {"rw=/data", "", false, false}, {"rw=/data", NULL, false, false},
    {"rw=/srv/x::/data", "/srv/x", false, false}, {"rw=/srv/x::/data", "/data/x", true, true},
    {"rw=/srv/x::/", "/any/thing", true, true}, {"rw=/srv/x::/", "/", true, true}, {"rw=/srv/x::/", "/..", false, false},
};

START_TEST(files_are_reached_only_beneath_their_root_and_as_granted)
{
    ck_assert_int_eq(allows(files[_i].grant, (struct ask){.kind = ASK_READ, .path = files[_i].path}), files[_i].may_read);
    ck_assert_int_eq(allows(files[_i].grant, (struct ask){.kind = ASK_WRITE, .path = files[_i].path}), files[_i].may_write);
}
END_TEST

START_TEST(names_are_granted_one_by_one)
{
    ck_assert(allows("env=LANG", (struct ask){.kind = ASK_ENV, .name = "LANG"}));
    ck_assert(!allows("env=LANG", (struct ask){.kind = ASK_ENV, .name = "LANGUAGE"}));
    ck_assert(!allows("env=LANG", (struct ask){.kind = ASK_ENV, .name = "lang"}));
    ck_assert(!allows("env=LANG", (struct ask){.kind = ASK_ENV, .name = ""}));
    ck_assert(!allows("env=LANG", (struct ask){.kind = ASK_ENV}));
    ck_assert(!allows("env=LANG", (struct ask){.kind = ASK_SECRET, .name = "LANG"}));
    ck_assert(allows("secret=LANG", (struct ask){.kind = ASK_SECRET, .name = "LANG"}));
    ck_assert(allows("memory", (struct ask){.kind = ASK_MEMORY, .name = "luna"}));
    ck_assert(allows("memory=luna", (struct ask){.kind = ASK_MEMORY, .name = "luna"}));
    ck_assert(!allows("memory=luna", (struct ask){.kind = ASK_MEMORY, .name = "sol"}));
    ck_assert(!allows("memory=luna", (struct ask){.kind = ASK_MEMORY}));
    ck_assert(!allows("memory", (struct ask){.kind = ASK_MEMORY}));
    ck_assert(allows("exec", (struct ask){.kind = ASK_EXEC}));
    ck_assert(!allows("memory", (struct ask){.kind = ASK_EXEC}));
    ck_assert(!allows("exec", (struct ask){.kind = (enum ask_kind)99}));
}
END_TEST

/* ---- properties ---- */

/* A fixed seed: the same grants each time, so that a failure can be looked at. */
static uint32_t state = 20240607;

static unsigned below(unsigned n)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

static void pick(struct buf *b, const char *chars, unsigned min, unsigned max)
{
    for (unsigned n = min + below(max - min + 1); n > 0; n--)
        buf_addc(b, chars[below((unsigned)strlen(chars))]);
}

static void make_name(struct buf *b, unsigned labels)
{
    for (unsigned i = 0; i < labels; i++) {
        if (i > 0)
            buf_addc(b, '.');
        pick(b, "abcxyzABC", 1, 1);
        pick(b, "abcdefgh-_0123XYZ", 0, 6);
        pick(b, "abcxyzABC", 1, 1);
    }
}

static void make_net(struct buf *b)
{
    static const char *const methods[] = {"", "", "GET:", "GET,HEAD:", "DELETE,POST,PUT:", "OPTIONS,PATCH:"};
    static const char *const schemes[] = {"", "http://", "https://", "HttpS://"};
    unsigned scheme = below(4);
    bool literal = below(5) == 0;
    buf_addf(b, "net=%s%s", methods[below(6)], schemes[scheme]);
    if (literal && below(2))
        buf_addf(b, "%u.%u.%u.%u", below(256), below(256), below(256), below(256));
    else if (literal)
        buf_addf(b, "[%x::%x:%X]", 1 + below(65535), below(65536), below(65536));
    else {
        unsigned span = below(3);
        buf_adds(b, span == 1 ? "." : span == 2 ? "*." : "");
        make_name(b, span ? 3 + below(3) : 1 + below(4));
    }
    if (literal || below(2))
        buf_addf(b, ":%u", below(4) ? 1 + below(65535) : below(2) ? 80 : 443);
    for (unsigned n = scheme ? below(4) : 0; n > 0; n--) {
        buf_addc(b, '/');
        pick(b, "abcABC019-_~!$&'()*+,;=:@", 1, 5);
        if (below(3) == 0)
            buf_addf(b, "%%%02x", 0x80 + below(128));
    }
}

static void make_path(struct buf *b)
{
    buf_adds(b, "/top");
    for (unsigned n = below(4); n > 0; n--) {
        buf_addc(b, '/');
        pick(b, "abc ABC019-_~.:'\"$*=@\\", 0, 0);
        pick(b, "abcxyz", 1, 3);
        pick(b, " ABC019-_~.'\"$*=@\\", 0, 4);
    }
    buf_adds(b, below(4) ? "" : "/");
}

static void make_grant(struct buf *b)
{
    static const char *const kinds[] = {"read=", "write=", "rw="};
    switch (below(8)) {
    case 0:
        buf_adds(b, kinds[below(3)]);
        make_path(b);
        if (below(2)) {
            buf_adds(b, "::");
            make_path(b);
        }
        break;
    case 1: buf_adds(b, "env="); pick(b, "abcXYZ_", 1, 9); break;
    case 2: buf_adds(b, "secret="); pick(b, "abcXYZ_0", 1, 1); pick(b, "abcXYZ_0.-", 0, 9); break;
    case 3: buf_adds(b, "header="); pick(b, "XYZabc", 1, 9); buf_adds(b, "x:key@"); make_name(b, 2); break;
    case 4: buf_adds(b, "memory="); pick(b, "abcXYZ0", 1, 9); break;
    default: make_net(b);
    }
}

START_TEST(what_was_printed_is_read_as_the_same_grant)
{
    unsigned read = 0;
    for (int round = 0; round < 20000; round++) {
        cleanup(buf_finish) struct buf b;
        buf_init(&b, GRANT_TEXT_MAX);
        make_grant(&b);
        struct grant g, again;
        if (grant_parse(b.data, NULL, &g, NULL) < 0)
            continue;
        read++;
        char once[GRANT_TEXT_MAX], twice[GRANT_TEXT_MAX];
        print(&g, once, sizeof once);
        ck_assert_msg(grant_parse(once, NULL, &again, NULL) == 0, "%s -> %s", b.data, once);
        ck_assert_msg(is_same_grant(&g, &again), "%s -> %s", b.data, once);
        print(&again, twice, sizeof twice);
        ck_assert_str_eq(once, twice);
        grant_finish(&g);
        grant_finish(&again);
    }
    ck_assert_uint_gt(read, 15000); /* the rest are names that happen to end in a number, or a public suffix */
}
END_TEST

START_TEST(a_damaged_grant_is_refused_or_still_has_one_form)
{
    for (int round = 0; round < 40000; round++) {
        cleanup(buf_finish) struct buf b;
        buf_init(&b, GRANT_TEXT_MAX);
        make_grant(&b);
        for (unsigned n = 1 + below(3); n > 0; n--)
            b.data[below((unsigned)b.len)] = below(3) ? ":/.*@,=[]%\\?#~"[below(14)] : (char)(1 + below(255));
        struct grant g, again;
        cordon_error *err = NULL;
        int rc = grant_parse(b.data, below(2) ? &manifest : NULL, &g, &err);
        ck_assert(rc == 0 || (rc == -CORDON_E_USAGE && cordon_error_code(err) == CORDON_E_USAGE));
        cordon_error_free(err);
        if (rc < 0)
            continue;
        char text[GRANT_TEXT_MAX];
        print(&g, text, sizeof text);
        const struct grant_source *source = g.kind == GRANT_FILES && !g.path ? &manifest : NULL;
        ck_assert_msg(grant_parse(text, source, &again, NULL) == 0, "%s -> %s", b.data, text);
        ck_assert_msg(is_same_grant(&g, &again), "%s -> %s", b.data, text);
        grant_finish(&g);
        grant_finish(&again);
    }
}
END_TEST

/* The labels of a name from its end, as a model of "beneath". A name that starts with a dot is none. */
static bool model_is_beneath(const char *name, const char *parent)
{
    if (*name == '.')
        return false;
    const char *n = name + strlen(name), *p = parent + strlen(parent);
    for (;;) {
        const char *nl = n, *pl = p;
        while (nl > name && nl[-1] != '.')
            nl--;
        while (pl > parent && pl[-1] != '.')
            pl--;
        if (n - nl != p - pl || memcmp(nl, pl, (size_t)(n - nl)) != 0)
            return false;
        if (pl == parent)
            return nl > name;
        if (nl == name)
            return false;
        n = nl - 1;
        p = pl - 1;
    }
}

static void make_short_name(struct buf *b, unsigned labels)
{
    for (unsigned i = 0; i < labels; i++) {
        if (i > 0)
            buf_addc(b, '.');
        pick(b, "ab", 1, 3);
    }
}

START_TEST(names_beneath_are_decided_at_label_boundaries)
{
    unsigned yes = 0;
    for (int round = 0; round < 20000; round++) {
        cleanup(buf_finish) struct buf grant, host;
        buf_init(&grant, 1000);
        buf_init(&host, 1000);
        bool only = below(2);
        buf_adds(&grant, only ? "net=*." : "net=.");
        size_t head = grant.len;
        make_short_name(&grant, 2 + below(2));
        buf_adds(&grant, ".example");
        if (below(2)) { /* near misses: the granted name with something before it */
            pick(&host, "ab.", 0, 3);
            buf_adds(&host, grant.data + head);
        } else {
            make_short_name(&host, 1 + below(4));
            buf_adds(&host, ".example");
        }
        struct grant g = must_parse(grant.data);
        struct ask a = get(NET_HTTPS, host.data, 443, "/");
        bool beneath = model_is_beneath(host.data, grant.data + head), same = strcmp(host.data, grant.data + head) == 0;
        ck_assert_msg(grant_allows(&g, &a) == (beneath || (same && !only)), "%s: %s", grant.data, host.data);
        yes += beneath;
        grant_finish(&g);
    }
    ck_assert_uint_gt(yes, 1000);
}
END_TEST

/* Paths of one-letter segments as numbers in a list: a prefix is a prefix of the list. */
START_TEST(prefixes_are_decided_at_segment_boundaries)
{
    unsigned yes = 0;
    for (int round = 0; round < 20000; round++) {
        static const char *const segments[] = {"a", "b", "aa", "ab"}, *const spelled[] = {"%61", "%62", "a%61", "%61b"};
        unsigned prefix[4], path[6], n_prefix = 1 + below(4), n_path = 1 + below(6);
        cleanup(buf_finish) struct buf grant, asked;
        buf_init(&grant, 1000);
        buf_init(&asked, 1000);
        buf_adds(&grant, "net=https://x.com");
        for (unsigned i = 0; i < n_prefix; i++)
            buf_addf(&grant, "/%s", (below(2) ? segments : spelled)[prefix[i] = below(4)]);
        for (unsigned i = 0; i < n_path; i++)
            buf_addf(&asked, "/%s", (below(2) ? segments : spelled)[path[i] = below(4)]);
        if (below(2))
            buf_addc(&asked, '/');
        bool want = n_path >= n_prefix;
        for (unsigned i = 0; want && i < n_prefix; i++)
            want = prefix[i] == path[i];
        struct grant g = must_parse(grant.data);
        struct ask a = get(NET_HTTPS, "x.com", 443, asked.data);
        ck_assert_msg(grant_allows(&g, &a) == want, "%s: %s", grant.data, asked.data);
        yes += want;
        grant_finish(&g);
    }
    ck_assert_uint_gt(yes, 1000);
}
END_TEST

START_TEST(no_spelling_of_a_path_leaves_its_prefix)
{
    static const char *const bits[] = {"/", "..", ".", "%2e", "%2E", "%2f", "%2F", "\\", "%5c", "%00", "v1", "a", ";", "//", "%", "%25"};
    for (int round = 0; round < 40000; round++) {
        cleanup(buf_finish) struct buf path;
        buf_init(&path, 1000);
        buf_adds(&path, below(4) ? "/v1/" : "/");
        for (unsigned n = below(7); n > 0; n--)
            buf_adds(&path, bits[below(16)]);
        if (!prefix_covers("/v1", path.data))
            continue;
        ck_assert(strncmp(path.data, "/v1", 3) == 0 && (path.data[3] == '/' || !path.data[3]));
        ck_assert_ptr_null(strchr(path.data, '\\'));
        ck_assert_ptr_null(strstr(path.data, "/../"));
        ck_assert_ptr_null(strstr(path.data, "/..;"));
        static const char *const never[] = {"%2e", "%2E", "%2f", "%2F", "%5c", "%00"};
        for (size_t i = 0; i < sizeof never / sizeof *never; i++)
            ck_assert_msg(!strstr(path.data, never[i]), "%s", path.data);
        ck_assert(path.len < 3 || strcmp(path.data + path.len - 3, "/..") != 0);
    }
}
END_TEST

START_TEST(a_longer_prefix_grants_no_more_than_a_shorter_one)
{
    for (int round = 0; round < 20000; round++) {
        cleanup(buf_finish) struct buf path;
        buf_init(&path, 1000);
        for (unsigned n = 1 + below(5); n > 0; n--) {
            buf_addc(&path, '/');
            pick(&path, "ab", 1, 2);
        }
        if (prefix_covers("/a/b", path.data))
            ck_assert(prefix_covers("/a", path.data));
        if (prefix_covers("/a", path.data))
            ck_assert(prefix_covers("", path.data));
    }
}
END_TEST

Suite *suite_policy(void)
{
    Suite *s = suite_create("policy");
    TCase *c = tcase_create("grammar");
    tcase_add_loop_test(c, a_grant_is_read_and_printed_in_one_form, 0, COUNT(good));
    tcase_add_loop_test(c, a_wrong_grant_is_refused_with_the_part_that_is_wrong, 0, COUNT(bad));
    tcase_add_test(c, a_giant_grant_is_refused_and_shown_cut);
    tcase_add_test(c, a_path_has_room_up_to_its_ceiling_and_no_further);
    suite_add_tcase(s, c);
    c = tcase_create("decision");
    tcase_add_loop_test(c, a_request_goes_only_where_its_grant_says, 0, COUNT(requests));
    tcase_add_test(c, methods_not_named_are_denied);
    tcase_add_test(c, a_credential_goes_by_https_to_its_own_origin_alone);
    tcase_add_loop_test(c, files_are_reached_only_beneath_their_root_and_as_granted, 0, COUNT(files));
    tcase_add_test(c, names_are_granted_one_by_one);
    suite_add_tcase(s, c);
    c = tcase_create("properties");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, what_was_printed_is_read_as_the_same_grant);
    tcase_add_test(c, a_damaged_grant_is_refused_or_still_has_one_form);
    tcase_add_test(c, names_beneath_are_decided_at_label_boundaries);
    tcase_add_test(c, prefixes_are_decided_at_segment_boundaries);
    tcase_add_test(c, no_spelling_of_a_path_leaves_its_prefix);
    tcase_add_test(c, a_longer_prefix_grants_no_more_than_a_shorter_one);
    suite_add_tcase(s, c);
    return s;
}
