/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/oci_session.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

int oci_session_init(struct oci_session *s, const struct fetch *f, const struct oci_ref *ref, bool push, cordon_error **err)
{
    *s = (struct oci_session){.f = f, .ref = ref, .push = push};
    const char *why = origin_of_registry(ref->registry, strlen(ref->registry), &s->origin);
    if (why)
        return err_set(err, CORDON_E_USAGE, ref->registry, "'%s' is no registry: %s", ref->registry, why);
    if (!(s->shown = oci_ref_text(ref)))
        return err_nomem(err);
    return origin_grants(&s->origin, NET_ANY_METHOD, &s->grants, err);
}

static void wipe(char **s)
{
    if (*s)
        explicit_bzero(*s, strlen(*s));
    free(*s);
    *s = NULL;
}

void oci_session_finish(struct oci_session *s)
{
    grants_unref(s->grants);
    wipe(&s->authorization);
    credential_finish(&s->credential);
    free(s->shown);
}

void oci_field(struct exchange_ask *ask, const char *name, const char *value)
{
    ask->fields[ask->n_fields++] = (struct gateway_field){.name = name, .name_len = strlen(name), .value = value, .value_len = strlen(value)};
}

static int request_once(struct oci_session *s, const struct exchange_ask *ask, struct exchange *ret, cordon_error **err)
{
    struct exchange_ask a = *ask;
    if (s->authorization)
        oci_field(&a, "authorization", s->authorization);
    return exchange(s->f, &a, ret, err);
}

int oci_request_url(struct oci_session *s, const char *url, struct exchange_ask *ask, struct exchange *ret, cordon_error **err)
{
    ask->url = url;
    ask->shown = s->shown;
    ask->grants = s->grants;
    int rc = request_once(s, ask, ret, err);
    if (rc < 0 || ret->status != 401)
        return rc;
    rc = oci_authorize(s, ret, err);
    exchange_finish(ret);
    return rc < 0 ? rc : request_once(s, ask, ret, err);
}

int oci_request(struct oci_session *s, const char *path, struct exchange_ask *ask, struct exchange *ret, cordon_error **err)
{
    char origin[ORIGIN_TEXT], url[OCI_URL_MAX];
    origin_print(&s->origin, origin);
    snprintf(url, sizeof url, "%s/v2/%s/%s", origin, s->ref->repository, path);
    return oci_request_url(s, url, ask, ret, err);
}

/* The code of the registry's first error, where it is one of the specification's form. */
static void write_code(const struct exchange *x, char ret[40])
{
    json_t *root = json_loadb(x->body.data ? x->body.data : "", x->body.len, 0, NULL);
    const char *code = json_string_value(json_object_get(json_array_get(json_object_get(root, "errors"), 0), "code"));
    size_t n = code ? strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;
    snprintf(ret, 40, "%s%s", n > 0 && n < 32 && !code[n] ? ", " : "", n > 0 && n < 32 && !code[n] ? code : "");
    json_decref(root);
}

static int hint_access(const struct oci_session *s, cordon_error **err)
{
    const char *host = s->ref->registry;
    if (s->credential.helper)
        return err_hint(err, "Docker's configuration leaves this registry to the credential helper '%s': name it in [install] credential_helpers of the settings to let it be started.",
                        s->credential.helper);
    if (credential_is_there(&s->credential))
        return err_hint(err, "The credentials that Docker's configuration has for %s were sent, and do not allow this; log in again with docker, podman or oras.", host);
    return err_hint(err, "There are no credentials for %s in %s; log in with docker, podman or oras, or check the name.", host,
                    s->f->docker_config ? s->f->docker_config : "Docker's configuration");
}

int oci_refused(const struct oci_session *s, const char *doing, const struct exchange *x, cordon_error **err)
{
    char words[48], code[40];
    write_code(x, code);
    err_set(err, CORDON_E_FETCH_FAILED, s->shown, "%s: cannot %s: the registry answered %s%s", s->shown, doing, exchange_status_words(x->status, words), code);
    if (x->status == 401 || x->status == 403)
        return hint_access(s, err);
    if (x->status == 404)
        return err_hint(err, "Check the name and the tag; a registry also says this of what it does not want to show without credentials.");
    return x->status == 429 || x->status >= 500 ? err_hint(err, "Try again later.") : -CORDON_E_FETCH_FAILED;
}
