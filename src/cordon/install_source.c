/* SPDX-License-Identifier: Apache-2.0
 * Where an installation comes from, as the operator writes it. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/install_parts.h"
#include "fetch/fetch.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { SOURCE_MAX = 2048, HEX_LEN = 64 };

static bool begins(const char *s, const char *with) { return !strncasecmp(s, with, strlen(with)); }

bool install_digest_parse(const char *text, uint8_t ret[32])
{
    size_t len;
    if (begins(text, "sha256:") || begins(text, "sha256="))
        text += 7;
    return strlen(text) == HEX_LEN && sodium_hex2bin(ret, 32, text, HEX_LEN, NULL, &len, NULL) == 0 && len == 32;
}

void install_digest_write(const uint8_t digest[32], char ret[INSTALL_DIGEST_TEXT])
{
    memcpy(ret, "sha256:", 7);
    sodium_bin2hex(ret + 7, HEX_LEN + 1, digest, 32);
}

char *install_source_show(const char *text)
{
    struct buf b;
    buf_init(&b, 8 * SOURCE_MAX);
    buf_adds(&b, "");
    text_escape(&b, text, strstr(text, "://") ? strcspn(text, "?#") : strlen(text), false);
    char *shown = buf_take(&b, NULL);
    buf_finish(&b);
    return shown;
}

int install_source_set(struct install_source *s, char *text, cordon_error **err)
{
    free(s->text);
    free(s->shown);
    s->text = text;
    s->shown = text ? install_source_show(text) : NULL;
    return s->shown ? 0 : err_nomem(err);
}

static int refuse(const char *text, const char *why, cordon_error **err)
{
    char shown[64];
    snprintf(shown, sizeof shown, "%.*s", (int)text_cut(text, strcspn(text, strstr(text, "://") ? "?#@" : ""), 48), text);
    err_set(err, CORDON_E_USAGE, shown, "%s: %s", shown, why);
    return err_hint(err, "A source is a folder, a file, an archive (.tar.gz, .zip), https://HOST/PATH[#sha256=HEX] or oci://HOST/REPOSITORY[:TAG][@sha256:HEX].");
}

/* Credentials come from Docker's configuration file; in a URL they would be kept with it, and shown. */
static bool has_userinfo(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static int keep_digest(const uint8_t digest[32], struct install_source *s, cordon_error **err)
{
    char text[INSTALL_DIGEST_TEXT];
    install_digest_write(digest, text);
    s->digest = strdup(text);
    return s->digest ? 0 : err_nomem(err);
}

static int parse_url(const char *text, struct install_source *s, cordon_error **err)
{
    uint8_t digest[32];
    const char *fragment = strchr(text, '#');
    if (has_userinfo(text))
        return refuse("https://...", "a URL with a name or password in it is not taken", err);
    if (fragment && !begins(fragment, "#sha256=") && !begins(fragment, "#sha256:"))
        return refuse(text, "the part behind # must be sha256= and 64 hex digits", err);
    if (fragment && !install_digest_parse(fragment + 1, digest))
        return refuse(text, "#sha256= wants 64 hex digits", err);
    s->from = INSTALL_FROM_URL;
    s->place = strdup(text);
    if (!s->place)
        return err_nomem(err);
    int rc = install_source_set(s, strndup(text, fragment ? (size_t)(fragment - text) : strlen(text)), err);
    return rc == 0 && fragment ? keep_digest(digest, s, err) : rc;
}

/* Pinned or not, it is the same source. */
static int parse_oci(const char *text, struct install_source *s, cordon_error **err)
{
    uint8_t digest[32];
    struct oci_ref ref;
    int rc = oci_ref_parse(text, &ref, err);
    if (rc < 0)
        return rc;
    s->from = INSTALL_FROM_OCI;
    s->place = oci_ref_text(&ref);
    bool pinned = ref.digest && install_digest_parse(ref.digest, digest);
    oci_ref_finish(&ref);
    if (!s->place)
        return err_nomem(err);
    rc = install_source_set(s, strndup(s->place, (size_t)(strchrnul(s->place, '@') - s->place)), err);
    return rc == 0 && pinned ? keep_digest(digest, s, err) : rc;
}

static int parse_path(const char *text, const char *cwd, struct install_source *s, cordon_error **err)
{
    if (begins(text, "file:"))
        return refuse(text, "give the path alone, without file:", err);
    if (text[0] != '/' && !cwd)
        return refuse(text, "there is no working directory for a relative path to start from", err);
    s->from = INSTALL_FROM_PATH;
    if (asprintf(&s->place, "%s%s%s", text[0] == '/' ? "" : cwd, text[0] == '/' ? "" : "/", text) < 0)
        s->place = NULL;
    return s->place ? install_source_set(s, strdup(s->place), err) : err_nomem(err);
}

static int parse(const char *text, const char *cwd, struct install_source *s, cordon_error **err)
{
    size_t len = strlen(text), scheme = strcspn(text, ":/");
    if (!len || len > SOURCE_MAX || !text_is_utf8(text, len))
        return refuse(text, len > SOURCE_MAX ? "longer than 2048 bytes" : len ? "not UTF-8" : "empty", err);
    if (begins(text, "https://") || begins(text, "http://"))
        return parse_url(text, s, err);
    if (begins(text, "oci://"))
        return parse_oci(text, s, err);
    if (scheme && !strncmp(text + scheme, "://", 3))
        return refuse(text, "a scheme that Cordon does not fetch from", err);
    return parse_path(text, cwd, s, err);
}

int install_source_parse(const char *text, const char *cwd, struct install_source *ret, cordon_error **err)
{
    cleanup(install_source_finish) struct install_source s = {0};
    int rc = parse(text, cwd, &s, err);
    if (rc == 0) {
        *ret = s;
        s = (struct install_source){0};
    }
    return rc;
}

void install_source_finish(struct install_source *s)
{
    free(s->text);
    free(s->place);
    free(s->digest);
    free(s->shown);
}
