/* SPDX-License-Identifier: Apache-2.0
 *
 * Basic: user and password, to the registry itself. Bearer: a token server gets them, or nothing, and gives a token for the registry. Where that server is, the registry says; it
 * is believed only as far as its owner's names go.
 */
#include "fetch/oci_session.h"
#include "fetch/url.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "policy/suffix.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void url_finish_p(struct web_url *u) { web_url_finish(u); }
static void grants_unref_p(struct grants **g) { grants_unref(*g); }
static void exchange_finish_p(struct exchange *x) { exchange_finish(x); }
static void challenge_finish_p(struct challenge *c) { challenge_finish(c); }
static void json_decref_p(json_t **j) { json_decref(*j); }
static void wipe_p(char **s)
{
    if (*s)
        explicit_bzero(*s, strlen(*s));
    free(*s);
}
#define cleanup_secret cleanup(wipe_p)

static int look_for_credential(struct oci_session *s, cordon_error **err)
{
    if (s->looked)
        return 0;
    int rc = credentials_find(s->f, s->ref->registry, &s->credential, err);
    s->looked = rc == 0;
    return rc;
}

/* ---- Basic ---- */

static char *basic(const struct credential *c)
{
    cleanup_secret char *plain = NULL;
    if (asprintf(&plain, "%s:%s", c->user, c->password) < 0) {
        plain = NULL;
        return NULL;
    }
    size_t len = strlen(plain), cap = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
    char *value = malloc(6 + cap);
    if (value) {
        memcpy(value, "Basic ", 6);
        sodium_bin2base64(value + 6, cap, (const unsigned char *)plain, len, sodium_base64_VARIANT_ORIGINAL);
    }
    return value;
}

static int authorize_basic(struct oci_session *s, cordon_error **err)
{
    if (!s->credential.user)
        return 0; /* the same answer comes again, and is explained */
    wipe_p(&s->authorization);
    return (s->authorization = basic(&s->credential)) ? 0 : err_nomem(err);
}

/* ---- Bearer ---- */

static void add_encoded(struct buf *b, const char *s)
{
    for (; *s; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-._~", *s);
        if (plain)
            buf_addc(b, *s);
        else
            buf_addf(b, "%%%02X", (unsigned char)*s);
    }
}

/* What is asked for is ours to say, not the challenge's. */
static void add_query(struct buf *b, const struct oci_session *s, const struct challenge *c)
{
    if (c->service) {
        buf_adds(b, "service=");
        add_encoded(b, c->service);
        buf_addc(b, '&');
    }
    buf_adds(b, "scope=");
    add_encoded(b, "repository:");
    add_encoded(b, s->ref->repository);
    add_encoded(b, s->push ? ":pull,push" : ":pull");
}

static int refuse_realm(const struct oci_session *s, const char *host, const char *why, cordon_error **err)
{
    err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: the registry sends whoever asks to the token server %s, %s", s->shown, host, why);
    return err_hint(err, "Credentials go to the registry's own host, or by https to one beneath the same registered name. If this registry is meant to work so, ask who runs it.");
}

static int check_realm(const struct oci_session *s, const struct web_url *realm, cordon_error **err)
{
    char host[ORIGIN_TEXT];
    bool loopback = origin_is_loopback(&s->origin.host);
    origin_print(&realm->origin, host);
    if (realm->has_sha256)
        return refuse_realm(s, host, "with a fragment in its address", err);
    if (loopback && origin_is_loopback(&realm->origin.host))
        return 0;
    if (realm->origin.scheme != NET_HTTPS)
        return refuse_realm(s, host, "which is not https", err);
    if (!suffix_same_owner(&realm->origin.host, &s->origin.host))
        return refuse_realm(s, host, "which is somebody else's", err);
    return 0;
}

static int parse_realm(const struct oci_session *s, const struct challenge *c, struct web_url *ret, cordon_error **err)
{
    cordon_error *why = NULL;
    int rc = c->realm ? web_url_parse(c->realm, ret, &why) : -1;
    cordon_error_free(why);
    return rc < 0 ? refuse_realm(s, "that it names", "which is no https address", err) : check_realm(s, ret, err);
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return len > 0 && len <= OCI_TOKEN_MAX;
}

static int take_token(struct oci_session *s, const struct web_url *realm, const struct exchange *x, cordon_error **err)
{
    cleanup(json_decref_p) json_t *root = json_loadb(x->body.data ? x->body.data : "", x->body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *token = json_object_get(root, "token");
    if (!json_string_length(token))
        token = json_object_get(root, "access_token");
    if (!is_token(json_string_value(token) ? json_string_value(token) : "", json_string_length(token)))
        return err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: the token server %s gave no token", s->shown, realm->shown);
    wipe_p(&s->authorization);
    if (asprintf(&s->authorization, "Bearer %s", json_string_value(token)) < 0)
        return s->authorization = NULL, err_nomem(err);
    return 0;
}

static int ask_for_token(struct oci_session *s, const struct web_url *realm, struct exchange_ask *ask, cordon_error **err)
{
    cleanup(grants_unref_p) struct grants *grants = NULL;
    cleanup(exchange_finish_p) struct exchange x = {0};
    char words[48];
    int rc = origin_grants(&realm->origin, NET_GET | NET_POST, &grants, err);
    ask->shown = realm->shown;
    ask->grants = grants;
    ask->max = OCI_TOKEN_ANSWER_MAX;
    if (rc < 0 || (rc = exchange(s->f, ask, &x, err)) < 0)
        return rc;
    if (x.status == 200) {
        rc = take_token(s, realm, &x, err);
        if (x.body.data)
            explicit_bzero(x.body.data, x.body.len);
        return rc;
    }
    err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: the token server %s answered %s", s->shown, realm->shown, exchange_status_words(x.status, words));
    if (x.status != 401 && x.status != 403)
        return -CORDON_E_FETCH_FAILED;
    return err_hint(err, credential_is_there(&s->credential) ? "It does not take the credentials that Docker's configuration has for %s; log in again with docker, podman or oras."
                                                             : "There are no credentials for %s in Docker's configuration; log in with docker, podman or oras.",
                    s->ref->registry);
}

static int get_token(struct oci_session *s, const struct challenge *c, const struct web_url *realm, cordon_error **err)
{
    cleanup_secret char *authorization = s->credential.user ? basic(&s->credential) : NULL;
    struct exchange_ask ask = {.method = "GET"};
    struct buf url;
    buf_init(&url, GATEWAY_URL_MAX);
    buf_adds(&url, realm->text);
    buf_addc(&url, strchr(realm->text, '?') ? '&' : '?');
    add_query(&url, s, c);
    cleanup_free char *text = buf_take(&url, NULL);
    if (!text || (s->credential.user && !authorization))
        return err_nomem(err);
    ask.url = text;
    if (authorization)
        oci_field(&ask, "authorization", authorization);
    return ask_for_token(s, realm, &ask, err);
}

static int trade_identity_token(struct oci_session *s, const struct challenge *c, const struct web_url *realm, cordon_error **err)
{
    struct buf form;
    buf_init(&form, 4 * CREDENTIAL_MAX + OCI_URL_MAX);
    buf_adds(&form, "grant_type=refresh_token&client_id=cordon&refresh_token=");
    add_encoded(&form, s->credential.identity_token);
    buf_addc(&form, '&');
    add_query(&form, s, c);
    size_t len;
    cleanup_secret char *text = buf_take(&form, &len);
    if (!text)
        return err_nomem(err);
    struct exchange_ask ask = {.method = "POST", .url = realm->text, .body = text, .body_len = len};
    oci_field(&ask, "content-type", "application/x-www-form-urlencoded");
    return ask_for_token(s, realm, &ask, err);
}

static int authorize_bearer(struct oci_session *s, const struct challenge *c, cordon_error **err)
{
    cleanup(url_finish_p) struct web_url realm = {0};
    int rc = parse_realm(s, c, &realm, err);
    if (rc < 0)
        return rc;
    return s->credential.identity_token ? trade_identity_token(s, c, &realm, err) : get_token(s, c, &realm, err);
}

/* ---- which ---- */

/* The first that can be met; Bearer goes before Basic, as it shows the registry no password. */
static bool choose(const struct exchange *x, enum challenge_scheme scheme, struct challenge *ret)
{
    for (size_t i = 0; i < x->n_challenges; i++) {
        if (!challenge_parse(x->challenge[i], ret))
            continue;
        if (ret->scheme == scheme)
            return true;
        challenge_finish(ret);
    }
    return false;
}

int oci_authorize(struct oci_session *s, const struct exchange *x, cordon_error **err)
{
    cleanup(challenge_finish_p) struct challenge c = {0};
    int rc = look_for_credential(s, err);
    if (rc < 0)
        return rc;
    if (choose(x, CHALLENGE_BEARER, &c))
        return authorize_bearer(s, &c, err);
    if (choose(x, CHALLENGE_BASIC, &c))
        return authorize_basic(s, err);
    return err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: the registry asks for credentials in a way that is not understood here (it is neither Basic nor Bearer, or not as they are written)",
                   s->shown);
}
