/* SPDX-License-Identifier: Apache-2.0
 * References to what lies in a registry. The grammar is that of the OCI distribution specification; what it does not say is refused. */
#include "fetch/fetch.h"
#include "fetch/digest.h"
#include "fetch/origin.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

#define SCHEME "oci://"
#define DIGEST "sha256:"

static bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/* Between two runs of letters and digits: one dot, one or two underscores, any number of hyphens. */
static size_t separator(const char *s)
{
    if (s[0] == '.')
        return 1;
    if (s[0] == '_')
        return s[1] == '_' ? 2 : 1;
    return strspn(s, "-");
}

static bool is_repository(const char *s)
{
    for (;; s++) { /* at the start of a segment */
        for (;;) {
            const char *start = s;
            while (is_lower_or_digit(*s))
                s++;
            if (s == start)
                return false;
            if (*s == '\0')
                return true;
            if (*s == '/')
                break;
            size_t n = separator(s);
            if (n == 0)
                return false;
            s += n;
        }
    }
}

static bool is_tag_char(char c, bool first)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || (!first && (c == '.' || c == '-'));
}

static bool is_tag(const char *s)
{
    size_t n = 0;
    while (is_tag_char(s[n], n == 0))
        n++;
    return n > 0 && n <= OCI_TAG_MAX && s[n] == '\0';
}

static int refuse(const char *text, const char *why, cordon_error **err)
{
    err_set(err, CORDON_E_USAGE, text, "'%.300s' is no reference to a registry: %s", text, why);
    return err_hint(err, "Write oci://HOST[:PORT]/NAME[:TAG][@sha256:DIGEST], such as oci://registry.example.com/team/hello:1.0.");
}

/* Cuts `rest` ("REPOSITORY[:TAG][@DIGEST]") in place. */
static const char *parse_rest(char *rest, struct oci_ref *ret)
{
    char *at = strchr(rest, '@'), *digest = NULL;
    uint8_t bytes[32];
    if (at) {
        *at = '\0';
        digest = at + 1;
        if (strncmp(digest, DIGEST, strlen(DIGEST)) || !digest_read(digest + strlen(DIGEST), bytes))
            return "a digest is @sha256: and 64 digits of 0-9 and a-f";
    }
    char *colon = strchr(rest, ':'), *tag = colon ? colon + 1 : NULL;
    if (colon)
        *colon = '\0';
    if (strlen(rest) > OCI_REPOSITORY_MAX)
        return "its name is longer than 255 characters";
    if (!is_repository(rest))
        return "a name has lower-case letters, digits, and single separators (. _ -) between them";
    if (tag && !is_tag(tag))
        return "a tag has at most 128 letters, digits, _ . and -, and does not begin with . or -";
    ret->repository = strdup(rest);
    ret->tag = tag ? strdup(tag) : digest ? NULL : strdup("latest");
    ret->digest = digest ? strdup(digest + strlen(DIGEST)) : NULL;
    return NULL;
}

bool oci_is_ref(const char *text) { return !strncmp(text, SCHEME, strlen(SCHEME)); }

int oci_ref_parse(const char *text, struct oci_ref *ret, cordon_error **err)
{
    struct origin o;
    char authority[ORIGIN_TEXT];
    memset(ret, 0, sizeof *ret);
    if (!oci_is_ref(text))
        return refuse(text, "it does not begin with oci://", err);
    if (strlen(text) > OCI_REF_MAX)
        return refuse(text, "it is longer than 1024 characters", err);
    const char *host = text + strlen(SCHEME), *slash = strchr(host, '/');
    if (!slash)
        return refuse(text, "it names no repository behind the host", err);
    const char *why = origin_of_registry(host, (size_t)(slash - host), &o);
    cleanup_free char *rest = strdup(slash + 1);
    if (!rest)
        return err_nomem(err);
    if (why || (why = parse_rest(rest, ret)))
        return refuse(text, why, err);
    origin_authority(&o, authority);
    ret->registry = strdup(authority);
    if (ret->registry && ret->repository && (ret->tag || ret->digest))
        return 0;
    oci_ref_finish(ret);
    return err_nomem(err);
}

void oci_ref_finish(struct oci_ref *r)
{
    free(r->registry);
    free(r->repository);
    free(r->tag);
    free(r->digest);
    memset(r, 0, sizeof *r);
}

char *oci_ref_text(const struct oci_ref *r)
{
    char *text = NULL;
    if (asprintf(&text, SCHEME "%s/%s%s%s%s%s", r->registry, r->repository, r->tag ? ":" : "", r->tag ? r->tag : "", r->digest ? "@" DIGEST : "", r->digest ? r->digest : "") < 0)
        return NULL;
    return text;
}
