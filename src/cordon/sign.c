/* SPDX-License-Identifier: Apache-2.0
 * Signing a skill's folder, and saying what its signatures cover. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "cordon/answer.h"
#include "cordon/key_place.h"
#include "cordon/signed.h"
#include "manifest/manifest.h"
#include <cordon/trust.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

enum { DIGEST_TEXT = sizeof "sha256:" + 2 * BUNDLE_DIGEST };

static void cleanup_secret(struct trust_secret **p) { trust_secret_free(*p); }

/* A skill's folder as its author has it. */
struct authored {
    struct bundle b;
    struct manifest m;
};
#define AUTHORED_NONE {.b = BUNDLE_NONE}

static void authored_finish(struct authored *a)
{
    manifest_finish(&a->m);
    bundle_finish(&a->b);
}

static int no_manifest(const char *dir, cordon_error **err)
{
    int r = err_set(err, CORDON_E_BAD_MANIFEST, dir, "%s has no manifest", dir);
    err_hint(err, "A signature is of a name and a version: put a %s, %s or %s there.", manifest_file(MANIFEST_SKILL_TOML),
             manifest_file(MANIFEST_COMPONENT_TOML), manifest_file(MANIFEST_SKILL_MD));
    return r;
}

static int authored_read(const char *dir, struct authored *ret, cordon_error **err)
{
    int r = bundle_survey(dir, &ret->b, err);
    if (r < 0 || (r = manifest_read(ret->b.fd, dir, &ret->m, err)) < 0)
        return r;
    return r ? 0 : no_manifest(dir, err);
}

static const char *digest_text(const uint8_t digest[BUNDLE_DIGEST], char ret[DIGEST_TEXT])
{
    char *at = stpcpy(ret, "sha256:");
    sodium_bin2hex(at, 2 * BUNDLE_DIGEST + 1, digest, BUNDLE_DIGEST);
    return ret;
}

/* ---- signing ---- */

/* For everybody to read, as the files it covers are. */
static int write_signature(const struct authored *a, const struct trust_signature *sig, cordon_error **err)
{
    char text[TRUST_SIGNATURE_FILE_MAX];
    trust_signature_print(sig, text);
    int r = safe_write(a->b.fd, a->b.path, TRUST_SIGNATURE_FILE, text, strlen(text), false, err);
    if (r >= 0 && fchmodat(a->b.fd, TRUST_SIGNATURE_FILE, 0644, 0) < 0)
        r = err_errno(err, errno, "write", TRUST_SIGNATURE_FILE);
    return r < 0 ? r : 0;
}

static json_t *paths_json(const struct bundle *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->file[i].path, TRUST_SIGNATURE_FILE))
            json_array_append_new(list, json_string(b->file[i].path));
    return list;
}

int cordon_sign(const char *home, const char *dir, const char *key, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(authored_finish) struct authored a = AUTHORED_NONE;
    cleanup(cleanup_secret) struct trust_secret *s = NULL;
    cleanup_free char *path = NULL;
    struct trust_signature sig;
    char digest[DIGEST_TEXT];
    int r = key_place(home, key, false, &path, err);
    if (r < 0 || (r = trust_secret_read(path, &s, err)) < 0 || (r = authored_read(dir, &a, err)) < 0 ||
        (r = trust_sign(s, a.m.name, a.m.version, a.b.digest, &sig, err)) < 0 || (r = write_signature(&a, &sig, err)) < 0)
        return r;
    return answer_json(json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "cordon", 1, "name", a.m.name, "version", a.m.version, "digest",
                          digest_text(a.b.digest, digest), "publisher", sig.publisher.id, "file", TRUST_SIGNATURE_FILE, "files", paths_json(&a.b), "left_out",
                          (json_int_t)a.b.left_out), ret_json, err);
}

/* ---- looking ---- */

static json_t *word_json(const struct signed_word *w)
{
    return !w->there ? json_null()
                     : json_pack("{s:s?, s:b, s:s?}", "publisher", w->read ? w->publisher.id : NULL, "holds", w->holds, "why", w->why ? cordon_error_message(w->why) : NULL);
}

int cordon_signature_check(const char *dir, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup(authored_finish) struct authored a = AUTHORED_NONE;
    cleanup(signed_finish) struct signed_state s = {0};
    char digest[DIGEST_TEXT];
    int r = authored_read(dir, &a, err);
    if (r < 0 || (r = signed_look(&a.b, a.m.name, a.m.version, a.m.entry, &s, err)) < 0)
        return r;
    return answer_json(json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o}", "cordon", 1, "name", a.m.name, "version", a.m.version, "digest", digest_text(a.b.digest, digest), "covers",
                          s.bundle.holds ? "bundle" : s.code.holds ? "code" : "nothing", "signature", word_json(&s.bundle), "code_signature", word_json(&s.code)),
                ret_json, err);
}
