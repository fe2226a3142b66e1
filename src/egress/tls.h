/* SPDX-License-Identifier: Apache-2.0
 *
 * The authorities, parsed once. libcurl would parse them for each connection, which takes OpenSSL 3 about 50 ms each time; so a connection's context is given
 * one store that all share. Only where libcurl is built with OpenSSL: else it gets the text.
 */
#pragma once
#include "libs.h"

/* An X509_STORE; NULL without memory, or if none of the authorities could be read. */
void *tls_store_new(const struct openssl_api *api, const void *pem, size_t len);
void tls_store_free(const struct openssl_api *api, void *store); /* NULL allowed */
/* Gives the store to a connection's SSL_CTX. */
void tls_store_use(const struct openssl_api *api, void *store, void *ssl_ctx);
