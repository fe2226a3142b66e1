/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator, a registry and Docker's configuration say. The first byte is who speaks: r, a reference; u, a URL; c, a challenge; m, a manifest (its first line is the
 * Content-Type); d, a configuration (its first line is the registry); h, a credential helper.
 */
#include "fuzz.h"

#include "fetch/challenge.h"
#include "fetch/credentials.h"
#include "fetch/digest.h"
#include "fetch/oci_manifest.h"
#include "fetch/origin.h"
#include "fetch/url.h"

static void check_host(const struct host *h)
{
    HOLDS(*h->text && !strpbrk(h->text, "/@?#\\% \r\n"));
}

static void reference(char *text)
{
    struct oci_ref r, again;
    struct origin o;
    cordon_error *err = NULL;
    int rc = oci_ref_parse(text, &r, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_USAGE && !r.registry && !r.repository && !r.tag && !r.digest);
        fuzz_check_error(rc, err);
        return;
    }
    HOLDS(!strstr(r.repository, "..") && !strstr(r.repository, "//") && *r.repository != '/' && !strpbrk(r.repository, "%?#@:\\ "));
    HOLDS(!r.tag || !strpbrk(r.tag, "/%?#@:\\ "));
    HOLDS(!origin_of_registry(r.registry, strlen(r.registry), &o));
    check_host(&o.host);
    HOLDS(o.scheme == NET_HTTPS || origin_is_loopback(&o.host));
    char *canonical = oci_ref_text(&r);
    HOLDS(canonical && fuzz_is_harmless(canonical, strlen(canonical)) && oci_ref_parse(canonical, &again, NULL) == 0);
    char *twice = oci_ref_text(&again);
    HOLDS(twice && !strcmp(canonical, twice));
    free(canonical);
    free(twice);
    oci_ref_finish(&again);
    oci_ref_finish(&r);
}

static void url(char *text)
{
    struct web_url u;
    cordon_error *err = NULL;
    int rc = web_url_parse(text, &u, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_USAGE && !u.text && !u.shown);
        fuzz_check_error(rc, err);
        return;
    }
    check_host(&u.origin.host);
    HOLDS(u.origin.scheme == NET_HTTPS || origin_is_loopback(&u.origin.host));
    HOLDS(!strchr(u.text, '#') && !strpbrk(u.shown, "?#") && !strncmp(u.text, u.shown, strlen(u.shown)) && !strncmp(text, u.text, strlen(u.text)));
    HOLDS(fuzz_is_harmless(u.text, strlen(u.text)) && strlen(u.text) <= FETCH_URL_MAX);
    size_t authority = strcspn(strstr(u.text, "://") + 3, "/?");
    HOLDS(!memchr(strstr(u.text, "://") + 3, '@', authority));
    web_url_finish(&u);
}

static void challenge(char *text)
{
    struct challenge c;
    if (!challenge_parse(text, &c)) {
        HOLDS(!c.realm && !c.service);
        return;
    }
    HOLDS(!c.realm || fuzz_is_harmless(c.realm, strlen(c.realm)));
    HOLDS(!c.service || fuzz_is_harmless(c.service, strlen(c.service)));
    challenge_finish(&c);
}

static void manifest(const char *type, const char *text, size_t len)
{
    struct oci_promise p;
    cordon_error *err = NULL;
    int rc = oci_manifest_parse(text, len, type, "oci://r.example/x:1", &p, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_ARTIFACT || rc == -CORDON_E_TOO_LARGE);
        fuzz_check_error(rc, err);
        return;
    }
    HOLDS(p.len > 0 && p.len <= (p.is_manifest ? FETCH_MANIFEST_MAX : FETCH_BLOB_MAX));
}

static bool is_clean(const char *s)
{
    return !s || (!strpbrk(s, "\r\n") && strlen(s) <= CREDENTIAL_MAX);
}

static void check_credential(struct credential *c)
{
    HOLDS(!c->user == !c->password);
    HOLDS(is_clean(c->user) && is_clean(c->password) && is_clean(c->identity_token));
    HOLDS(!c->user || !strchr(c->user, ':'));
    credential_finish(c);
}

static void configuration(const char *registry, const char *text, size_t len)
{
    struct credential c = {0};
    char *helper = NULL;
    cordon_error *err = NULL;
    int rc = credentials_parse("config.json", text, len, registry, &c, &helper, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_CONFIG && !helper && !credential_is_there(&c));
        fuzz_check_error(rc, err);
        return;
    }
    HOLDS(!helper || (*helper && !strpbrk(helper, "/. ")));
    free(helper);
    check_credential(&c);
}

static void answer(const char *text, size_t len)
{
    struct credential c;
    if (credentials_parse_answer(text, len, &c))
        HOLDS(credential_is_there(&c));
    check_credential(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    uint8_t who = feed_byte(&f);
    char *line = who == 'm' || who == 'd' ? feed_line(&f, NULL) : NULL;
    size_t len;
    char *text = feed_rest(&f, &len);
    switch (who) {
    case 'r': reference(text); break;
    case 'u': url(text); break;
    case 'c': challenge(text); break;
    case 'm': manifest(line, text, len); break;
    case 'd': configuration(line, text, len); break;
    case 'h': answer(text, len); break;
    default: break;
    }
    free(line);
    free(text);
    return 0;
}
