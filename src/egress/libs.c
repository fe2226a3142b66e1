/* SPDX-License-Identifier: Apache-2.0 */
#include "libs.h"
#include "base/error.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

enum { CURL_AT_LEAST = 0x075500 }; /* 7.85: protocols as text; global initialisation from any thread (7.84) */

struct symbol {
    const char *name;
    size_t at;
};

static int open_library(const char *library, const char *package, void **ret, cordon_error **err)
{
    *ret = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return *ret ? 0 : err_set(err, CORDON_E_MISSING_TOOL, library, "%s, which network access needs, cannot be opened: install %s", library, package);
}

/* NULL, or the name of one that is missing. In the library itself and in those it is linked with. */
static const char *find_all(void *handle, const struct symbol *symbols, size_t n, void *table)
{
    for (size_t i = 0; i < n; i++) {
        void *found = dlsym(handle, symbols[i].name);
        memcpy((char *)table + symbols[i].at, &found, sizeof found);
        if (!found)
            return symbols[i].name;
    }
    return NULL;
}

static int refuse_old(const char *library, const char *missing, cordon_error **err)
{
    return missing ? err_set(err, CORDON_E_MISSING_TOOL, library, "%s is too old for network access: it has no %s", library, missing) : 0;
}

static int check_curl(struct curl_api *api, cordon_error **err)
{
    const curl_version_info_data *v = api->curl_version_info(CURLVERSION_NOW);
    if (v->version_num < CURL_AT_LEAST)
        return err_set(err, CORDON_E_MISSING_TOOL, "libcurl", "libcurl %s is too old for network access: 7.85 or newer is needed", v->version);
    if (!(v->features & CURL_VERSION_THREADSAFE) || !(v->features & CURL_VERSION_SSL))
        return err_set(err, CORDON_E_MISSING_TOOL, "libcurl", "libcurl %s was built without %s, which network access needs", v->version,
                       v->features & CURL_VERSION_SSL ? "safety for threads" : "TLS");
    api->has_openssl = api->has_openssl && v->ssl_version && !strncmp(v->ssl_version, "OpenSSL/", 8);
    bool zlib = v->features & CURL_VERSION_LIBZ, brotli = v->features & CURL_VERSION_BROTLI;
    api->encodings = zlib && brotli ? "gzip, deflate, br" : zlib ? "gzip, deflate" : brotli ? "br" : "identity";
    api->ca_file = v->age >= CURLVERSION_SEVENTH ? v->cainfo : NULL;
    if (api->curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, CORDON_E_NO_RESOURCES, "libcurl", "libcurl cannot be initialised");
    return 0;
}

int curl_api_open(struct curl_api *ret, cordon_error **err)
{
#define SYMBOL(f) {#f, offsetof(struct curl_api, f)},
    static const struct symbol symbols[] = {CURL_FUNCTIONS(SYMBOL)};
#undef SYMBOL
#define SYMBOL(type, f, params) {#f, offsetof(struct openssl_api, f)},
    static const struct symbol tls[] = {OPENSSL_FUNCTIONS(SYMBOL)};
#undef SYMBOL
    void *handle;
    int rc = open_library("libcurl.so.4", "libcurl4", &handle, err);
    if (rc < 0)
        return rc;
    rc = refuse_old("libcurl.so.4", find_all(handle, symbols, sizeof symbols / sizeof *symbols, ret), err);
    ret->has_openssl = rc == 0 && !find_all(handle, tls, sizeof tls / sizeof *tls, &ret->openssl);
    dlclose(handle);
    return rc < 0 ? rc : check_curl(ret, err);
}

int ares_api_open(struct ares_api *ret, cordon_error **err)
{
#define SYMBOL(f) {#f, offsetof(struct ares_api, f)},
    static const struct symbol symbols[] = {ARES_FUNCTIONS(SYMBOL)};
#undef SYMBOL
    void *handle;
    int rc = open_library("libcares.so.2", "libc-ares2", &handle, err);
    if (rc < 0)
        return rc;
    rc = refuse_old("libcares.so.2", find_all(handle, symbols, sizeof symbols / sizeof *symbols, ret), err);
    dlclose(handle);
    return rc;
}
