/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to one repository of one registry. A request that is answered with 401 is made again, once, with what the registry asks for: credentials go to the registry's own
 * origin, and to a token server of the same owner.
 */
#pragma once
#include "fetch/challenge.h"
#include "fetch/credentials.h"
#include "fetch/exchange.h"
#include "fetch/origin.h"

enum { OCI_URL_MAX = 2048, OCI_TOKEN_MAX = 16 << 10, OCI_TOKEN_ANSWER_MAX = 64 << 10 };

struct oci_session {
    const struct fetch *f;
    const struct oci_ref *ref;
    bool push;
    struct origin origin;
    struct grants *grants;      /* that origin alone */
    char *shown;                /* owned: "oci://HOST/NAME:TAG" */
    char *authorization;        /* owned, wiped: value of the field; NULL: none */
    struct credential credential;
    bool looked;                /* for a credential */
};

int oci_session_init(struct oci_session *s, const struct fetch *f, const struct oci_ref *ref, bool push, cordon_error **err);
void oci_session_finish(struct oci_session *s);

/* `path` is behind /v2/REPOSITORY/. Fills in url, grants and Authorization of `ask`, whose `fields` have room for it. */
int oci_request(struct oci_session *s, const char *path, struct exchange_ask *ask, struct exchange *ret, cordon_error **err);
/* The same for a whole URL of the registry's origin. */
int oci_request_url(struct oci_session *s, const char *url, struct exchange_ask *ask, struct exchange *ret, cordon_error **err);
/* The error for an answer that is none of those that were hoped for. `doing`: "fetch its manifest". */
int oci_refused(const struct oci_session *s, const char *doing, const struct exchange *x, cordon_error **err);
void oci_field(struct exchange_ask *ask, const char *name, const char *value);

/* ---- oci_auth.c ---- */
/* What a 401 asks for becomes s->authorization. */
int oci_authorize(struct oci_session *s, const struct exchange *x, cordon_error **err);
