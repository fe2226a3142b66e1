/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/url.h"
#include "fetch/digest.h"
#include "fetch/fetch.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

#define HTTPS "https://"
#define HTTP "http://"
#define FRAGMENT "#sha256="

bool fetch_is_url(const char *text) { return !strncmp(text, HTTPS, strlen(HTTPS)) || !strncmp(text, HTTP, strlen(HTTP)); }

/* What may be shown of a text that is refused: nothing behind a question mark, and no user name. */
static int refuse(const char *text, const char *why, cordon_error **err)
{
    size_t len = strcspn(text, "?#");
    const char *at = memchr(text, '@', len);
    if (at)
        err_set(err, CORDON_E_USAGE, NULL, "the address is refused: %s", why);
    else
        err_set(err, CORDON_E_USAGE, NULL, "'%.*s' is refused: %s", (int)(len < 300 ? len : 300), text, why);
    return err_hint(err, "Write https://HOST[:PORT]/PATH, with #sha256= and the digest behind it if you have one.");
}

static const char *check_text(const char *text)
{
    for (const char *s = text; *s; s++)
        if (*s <= ' ' || *s == 0x7f || (unsigned char)*s >= 0x80 || *s == '\\')
            return "it has a character that no URL has: write it percent-encoded";
    return strlen(text) > FETCH_URL_MAX ? "it is longer than 4096 characters" : NULL;
}

static const char *parse_fragment(const char *fragment, struct web_url *ret)
{
    if (!*fragment)
        return NULL;
    ret->has_sha256 = !strncmp(fragment, FRAGMENT, strlen(FRAGMENT)) && digest_read(fragment + strlen(FRAGMENT), ret->sha256);
    return ret->has_sha256 ? NULL : "behind # there can only be sha256= and 64 digits of 0-9 and a-f";
}

/* Plain http is for what nobody can listen to: this machine, at a port that is named. */
static const char *parse_origin(const char *text, struct origin *ret)
{
    bool https = !strncmp(text, HTTPS, strlen(HTTPS));
    const char *authority = text + strlen(https ? HTTPS : HTTP);
    size_t len = strcspn(authority, "/?#");
    const char *why = origin_parse(https ? NET_HTTPS : NET_HTTP, authority, len, ret);
    if (why || https)
        return why;
    const char *bracket = memchr(authority, ']', len), *from = bracket ? bracket : authority;
    bool has_port = memchr(from, ':', len - (size_t)(from - authority));
    return origin_is_loopback(&ret->host) && has_port ? NULL : "plain http can be read and changed on its way: only https is fetched (http from localhost:PORT, for tests)";
}

int web_url_parse(const char *text, struct web_url *ret, cordon_error **err)
{
    size_t len = strcspn(text, "#");
    memset(ret, 0, sizeof *ret);
    const char *why = fetch_is_url(text) ? check_text(text) : "it does not begin with https://";
    if (why || (why = parse_origin(text, &ret->origin)) || (why = parse_fragment(text + len, ret))) {
        memset(ret, 0, sizeof *ret);
        return refuse(text, why, err);
    }
    ret->text = strndup(text, len);
    ret->shown = strndup(text, strcspn(text, "?#"));
    if (ret->text && ret->shown)
        return 0;
    web_url_finish(ret);
    return err_nomem(err);
}

void web_url_finish(struct web_url *u)
{
    free(u->text);
    free(u->shown);
    memset(u, 0, sizeof *u);
}

int fetch_url_shown(const char *url, char **ret, cordon_error **err)
{
    struct web_url u;
    int rc = web_url_parse(url, &u, err);
    if (rc == 0)
        *ret = take(u.shown);
    web_url_finish(&u);
    return rc;
}
