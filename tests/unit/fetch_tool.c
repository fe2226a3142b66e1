/* SPDX-License-Identifier: Apache-2.0
 *
 * The room `fetch` as a program, for tests against servers of all kinds (tests/fetch):
 *
 *     fetch-tool [OPTION VALUE]... url URL FILE | pull REFERENCE FILE | push REFERENCE FILE KIND TITLE VERSION DESCRIPTION
 *
 * Options: dns ADDRESS:PORT, proxy URL, ca FILE, private RANGE, docker FILE, helper NAME, max BYTES, ms MILLISECONDS, cancel MILLISECONDS. One JSON object is printed.
 */
#include "base/clock.h"
#include "fetch/digest.h"
#include "fetch/fetch.h"
#include "egress/gateway.h"

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct tool {
    struct gateway_opts net;
    struct address_range range[8];
    struct fetch fetch;
    const char *helpers[8];
    uint64_t max, told, total;
    unsigned tells;
};

static void told(void *data, uint64_t bytes, uint64_t total)
{
    struct tool *t = data;
    t->tells++;
    t->told = bytes;
    t->total = total;
}

static int timer_in(const char *ms)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    long n = atol(ms);
    struct itimerspec when = {.it_value = {n / 1000, n % 1000 * 1000000 + 1}};
    timerfd_settime(fd, 0, &when, NULL);
    return fd;
}

static bool set(struct tool *t, const char *option, const char *value)
{
    if (!strcmp(option, "dns"))
        t->net.dns_server = value;
    else if (!strcmp(option, "ca"))
        t->net.ca_file = value;
    else if (!strcmp(option, "proxy"))
        t->net.proxy = value;
    else if (!strcmp(option, "private"))
        return !address_range_parse(value, &t->range[t->net.n_allow_private++]);
    else if (!strcmp(option, "docker"))
        t->fetch.docker_config = value;
    else if (!strcmp(option, "helper"))
        t->helpers[t->fetch.n_helpers++] = value;
    else if (!strcmp(option, "max"))
        t->max = strtoull(value, NULL, 10);
    else if (!strcmp(option, "ms"))
        t->fetch.deadline_ns = clock_now_ns() + strtoull(value, NULL, 10) * 1000000;
    else if (!strcmp(option, "cancel"))
        t->fetch.cancel_fd = timer_in(value);
    else
        return false;
    return true;
}

static json_t *hex(const uint8_t sha256[32])
{
    char text[DIGEST_TEXT];
    digest_write(sha256, text);
    return json_string(text);
}

static int do_url(struct tool *t, char **words, json_t *out, cordon_error **err)
{
    uint8_t sha256[32];
    uint64_t len;
    int fd = open(words[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = fetch_url(&t->fetch, words[0], t->max, fd, sha256, &len, err);
    close(fd);
    if (rc == 0) {
        json_object_set_new(out, "sha256", hex(sha256));
        json_object_set_new(out, "len", json_integer((json_int_t)len));
    }
    return rc;
}

static int do_pull(struct tool *t, struct oci_ref *ref, char **words, json_t *out, cordon_error **err)
{
    struct oci_found found;
    int fd = open(words[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = fetch_oci(&t->fetch, ref, fd, &found, err);
    close(fd);
    if (rc == 0) {
        json_object_set_new(out, "sha256", hex(found.sha256));
        json_object_set_new(out, "digest", hex(found.digest));
        json_object_set_new(out, "len", json_integer((json_int_t)found.len));
        json_object_set_new(out, "kind", json_string(found.kind == OCI_WASM ? "wasm" : "bundle"));
    }
    return rc;
}

static int do_push(struct tool *t, struct oci_ref *ref, char **words, json_t *out, cordon_error **err)
{
    uint8_t digest[32];
    struct oci_push what = {.kind = !strcmp(words[2], "wasm") ? OCI_WASM : OCI_BUNDLE, .fd = open(words[1], O_RDONLY | O_CLOEXEC), .title = words[3], .version = words[4], .description = words[5]};
    int rc = fetch_oci_push(&t->fetch, ref, &what, digest, err);
    close(what.fd);
    if (rc == 0)
        json_object_set_new(out, "digest", hex(digest));
    return rc;
}

static int act(struct tool *t, const char *what, char **words, json_t *out, cordon_error **err)
{
    struct oci_ref ref = {0};
    if (!strcmp(what, "url"))
        return do_url(t, words, out, err);
    int rc = oci_ref_parse(words[0], &ref, err);
    if (rc == 0)
        rc = !strcmp(what, "pull") ? do_pull(t, &ref, words, out, err) : do_push(t, &ref, words, out, err);
    oci_ref_finish(&ref);
    return rc;
}

static void print(const struct tool *t, json_t *out, int rc, cordon_error *err)
{
    if (rc < 0) {
        json_object_set_new(out, "error", json_string(cordon_error_id(err)));
        json_object_set_new(out, "message", json_string(cordon_error_message(err)));
        json_object_set_new(out, "hint", json_string(cordon_error_hint(err)));
    }
    json_object_set_new(out, "told", json_pack("{sI sI sI}", "times", (json_int_t)t->tells, "bytes", (json_int_t)t->told, "total", (json_int_t)t->total));
    json_dumpf(out, stdout, JSON_INDENT(1));
    putchar('\n');
    cordon_error_free(err);
    json_decref(out);
}

int main(int argc, char **argv)
{
    static const char *const actions[] = {"url", "pull", "push"};
    static const int words[] = {2, 2, 6};
    struct tool t = {.fetch = {.deadline_ns = clock_now_ns() + UINT64_C(60000000000), .cancel_fd = -1}, .max = FETCH_BLOB_MAX};
    struct gateway *g;
    cordon_error *err = NULL;
    int at = 1, action = -1;
    for (; action < 0 && at + 1 < argc; at += action < 0 ? 2 : 1) {
        for (int i = 0; i < 3; i++)
            action = !strcmp(argv[at], actions[i]) ? i : action;
        if (action < 0 && !set(&t, argv[at], argv[at + 1]))
            return 2;
    }
    if (action < 0 || argc - at != words[action] || sodium_init() < 0)
        return 2;
    t.net.allow_private = t.range;
    t.fetch.helpers = t.helpers;
    t.fetch.progress = told;
    t.fetch.data = &t;
    if (gateway_new(&t.net, &g, &err) < 0)
        return 2;
    t.fetch.net = gateway_scope_new(g);
    json_t *out = json_object();
    int rc = act(&t, actions[action], argv + at, out, &err);
    print(&t, out, rc, err);
    gateway_scope_unref(t.fetch.net);
    gateway_free(g);
    return rc < 0;
}
