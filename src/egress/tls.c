/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <limits.h>

void *tls_store_new(const struct openssl_api *api, const void *pem, size_t len)
{
    void *store = api->X509_STORE_new(), *text = len <= INT_MAX ? api->BIO_new_mem_buf(pem, (int)len) : NULL, *one;
    size_t n = 0;
    while (store && text && (one = api->PEM_read_bio_X509(text, NULL, NULL, NULL))) {
        n += api->X509_STORE_add_cert(store, one) == 1;
        api->X509_free(one);
    }
    if (text)
        api->BIO_free(text);
    api->ERR_clear_error(); /* the end of the text is one */
    if (n > 0)
        return store;
    tls_store_free(api, store);
    return NULL;
}

void tls_store_free(const struct openssl_api *api, void *store)
{
    if (store)
        api->X509_STORE_free(store);
}

void tls_store_use(const struct openssl_api *api, void *store, void *ssl_ctx) { api->SSL_CTX_set1_cert_store(ssl_ctx, store); }
