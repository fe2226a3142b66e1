/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/unicode.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <dlfcn.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <unictype.h>

#define UNISTRING_USED(X)                                                                                                              \
    X(u8_casefold) X(u8_normalize) X(u8_next) X(uc_is_general_category_withtable) X(uc_is_property_default_ignorable_code_point)

struct unistring {
#define X(name) __typeof__(name) *name;
    UNISTRING_USED(X)
#undef X
    uninorm_t nfc, nfkc;
};

static bool find(void *library, const char *name, void *slot)
{
    void *symbol = dlsym(library, name);
    memcpy(slot, &symbol, sizeof symbol);
    return symbol;
}

static bool find_all(void *library, struct unistring *ret)
{
#define X(name) find(library, #name, &ret->name) &&
    return UNISTRING_USED(X) find(library, "uninorm_nfc", &ret->nfc) && find(library, "uninorm_nfkc", &ret->nfkc);
#undef X
}

static int load(struct unistring *ret, cordon_error **err)
{
    void *library = dlopen("libunistring.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    bool whole = library && find_all(library, ret);
    if (library)
        dlclose(library);
    if (whole)
        return 0;
    int r = err_set(err, CORDON_E_MISSING_TOOL, "libunistring.so.2", "libunistring, which names beyond ASCII need, is not installed");
    err_hint(err, "apt-get install libunistring2");
    return r;
}

/* Control, format (what turns text around or is not seen), private, unassigned; every space but the plain one. */
static bool is_unseen(const struct unistring *u, ucs4_t c)
{
    return c != ' ' && (u->uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z) || u->uc_is_property_default_ignorable_code_point(c));
}

static int compare_normal(const struct unistring *u, const char *s, size_t len, const char **ret_why, cordon_error **err)
{
    size_t normal_len = 0;
    cleanup_free uint8_t *normal = u->u8_normalize(u->nfc, (const uint8_t *)s, len, NULL, &normal_len);
    if (!normal)
        return err_nomem(err);
    *ret_why = normal_len == len && !memcmp(normal, s, len) ? NULL : "is not in Unicode's composed form (NFC)";
    return 0;
}

int unicode_check(const char *s, size_t len, const char **ret_why, cordon_error **err)
{
    struct unistring u;
    int r = load(&u, err);
    if (r < 0)
        return r;
    cleanup_free char *text = strndup(s, len); /* u8_next goes on to a NUL */
    if (!text)
        return err_nomem(err);
    ucs4_t c = 0;
    for (const uint8_t *p = (const uint8_t *)text; (p = u.u8_next(&c, p));) {
        if (is_unseen(&u, c)) {
            *ret_why = "holds a character that is not seen";
            return 0;
        }
    }
    return compare_normal(&u, s, len, ret_why, err);
}

int unicode_fold(const char *s, size_t len, char **ret, cordon_error **err)
{
    struct unistring u;
    size_t folded_len = 0;
    int r = load(&u, err);
    if (r < 0)
        return r;
    cleanup_free uint8_t *folded = u.u8_casefold((const uint8_t *)s, len, NULL, u.nfkc, NULL, &folded_len);
    char *text = folded ? strndup((const char *)folded, folded_len) : NULL;
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}
