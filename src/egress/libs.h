/* SPDX-License-Identifier: Apache-2.0
 * libcurl and c-ares, opened when a gateway first needs them: linked, they would be half of the command's start. */
#pragma once
#define CURL_DISABLE_TYPECHECK
#include <ares.h>
#include <cordon/error.h>
#include <curl/curl.h>
#include <stdbool.h>

#define CURL_FUNCTIONS(X)                                                                                                                                    \
    X(curl_global_init) X(curl_version_info) X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_setopt) X(curl_easy_getinfo) X(curl_easy_pause)              \
    X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all) X(curl_multi_init) X(curl_multi_cleanup) X(curl_multi_setopt) X(curl_multi_assign)     \
    X(curl_multi_add_handle) X(curl_multi_remove_handle) X(curl_multi_socket_action) X(curl_multi_info_read) X(curl_url) X(curl_url_cleanup) X(curl_url_dup) \
    X(curl_url_get) X(curl_url_set) X(curl_free)
#define ARES_FUNCTIONS(X)                                                                                                                                    \
    X(ares_init_options) X(ares_destroy) X(ares_set_servers_ports_csv) X(ares_getaddrinfo) X(ares_freeaddrinfo) X(ares_process_fd)      \
    X(ares_timeout)

/* Of OpenSSL 1.1 and 3, whose objects are opaque here: its headers would be one dependency more, for eight functions that libcurl brings along. */
#define OPENSSL_FUNCTIONS(X)                                                                                                                                 \
    X(void *, X509_STORE_new, (void)) X(void, X509_STORE_free, (void *)) X(int, X509_STORE_add_cert, (void *, void *)) X(void, X509_free, (void *))          \
    X(void *, BIO_new_mem_buf, (const void *, int)) X(int, BIO_free, (void *)) X(void *, PEM_read_bio_X509, (void *, void **, void *, void *))               \
    X(void, SSL_CTX_set1_cert_store, (void *, void *)) X(void, ERR_clear_error, (void))

struct openssl_api {
#define FIELD(type, f, params) type (*f) params;
    OPENSSL_FUNCTIONS(FIELD)
#undef FIELD
};

struct curl_api {
#define FIELD(f) __typeof__(&f) f;
    CURL_FUNCTIONS(FIELD)
    struct openssl_api openssl;
    bool has_openssl;      /* libcurl's TLS is OpenSSL's */
    const char *encodings; /* of those we want, what this libcurl can decode */
    const char *ca_file;   /* where this libcurl's system keeps its authorities; may be NULL */
};
struct ares_api {
    ARES_FUNCTIONS(FIELD)
#undef FIELD
};

/* MISSING_TOOL names what is not there or too old. They stay open for the life of the process. */
int curl_api_open(struct curl_api *ret, cordon_error **err);
int ares_api_open(struct ares_api *ret, cordon_error **err);
