/* SPDX-License-Identifier: Apache-2.0
 * A file at a URL. */
#include "fetch/digest.h"
#include "fetch/exchange.h"
#include "fetch/url.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

static void url_finish_p(struct web_url *u) { web_url_finish(u); }
static void grants_unref_p(struct grants **g) { grants_unref(*g); }
static void exchange_finish_p(struct exchange *x) { exchange_finish(x); }

static const char *hint_of(unsigned status)
{
    if (status == 401 || status == 403)
        return "Nothing is sent that says who asks: the file must be there for everybody, or behind a URL that is a secret of its own.";
    if (status == 404 || status == 410)
        return "Check the address; the file may have been moved.";
    return status == 429 || status >= 500 ? "Try again later." : "Open the address in a browser to see what the server wants.";
}

static int check_status(const struct web_url *u, const struct exchange *x, cordon_error **err)
{
    char words[48];
    if (x->status == 200)
        return 0;
    err_set(err, CORDON_E_FETCH_FAILED, u->shown, "%s: the server answered %s", u->shown, exchange_status_words(x->status, words));
    return err_hint(err, "%s", hint_of(x->status));
}

static int check_digest(const struct web_url *u, const uint8_t sha256[32], cordon_error **err)
{
    char came[DIGEST_TEXT], wanted[DIGEST_TEXT];
    if (!u->has_sha256 || sodium_memcmp(u->sha256, sha256, 32) == 0)
        return 0;
    digest_write(sha256, came);
    digest_write(u->sha256, wanted);
    return err_set(err, CORDON_E_DIGEST_MISMATCH, u->shown, "%s: the bytes that came have the digest %s, asked for was %s", u->shown, came, wanted);
}

int fetch_url(const struct fetch *f, const char *url, uint64_t max, int fd, uint8_t ret_sha256[32], uint64_t *ret_len, cordon_error **err)
{
    cleanup(url_finish_p) struct web_url u = {0};
    cleanup(grants_unref_p) struct grants *grants = NULL;
    cleanup(exchange_finish_p) struct exchange x = {0};
    struct sink sink;
    uint8_t sha256[32];
    int rc = web_url_parse(url, &u, err);
    if (rc < 0 || (rc = origin_grants(&u.origin, NET_GET, &grants, err)) < 0)
        return rc;
    sink_init(&sink, fd, max, u.shown);
    const struct exchange_ask ask = {
        .method = "GET", .url = u.text, .shown = u.shown, .grants = grants, .follow = true, .anywhere = true, .sink = &sink, .progress = true,
        .fields = {{.name = "accept", .name_len = 6, .value = "*/*", .value_len = 3}}, .n_fields = 1,
    };
    if ((rc = exchange(f, &ask, &x, err)) < 0 || (rc = check_status(&u, &x, err)) < 0 || (rc = sink_end(&sink, sha256, err)) < 0 || (rc = check_digest(&u, sha256, err)) < 0)
        return rc;
    memcpy(ret_sha256, sha256, sizeof sha256);
    if (ret_len)
        *ret_len = sink.len;
    return 0;
}
