/* SPDX-License-Identifier: Apache-2.0
 * Key files, ids, signatures and patterns, as strangers send them. What is read at all has one spelling: it prints as it was. The first byte says what the rest is. */
#include "fuzz.h"

#include "trust/trust.h"

/* But for a newline at the end, which may be missing. */
static bool is_same(const char *printed, const char *text, size_t len)
{
    size_t n = strlen(printed);
    return (len == n || len + 1 == n) && !memcmp(printed, text, len);
}

static void check_signature(const char *text, size_t len)
{
    char printed[TRUST_SIGNATURE_FILE_MAX];
    struct trust_signature sig;
    cordon_error *err = NULL;
    int r = trust_signature_parse(text, len, &sig, &err);
    if (r < 0) {
        fuzz_check_error(r, err);
        return;
    }
    trust_signature_print(&sig, printed);
    HOLDS(is_same(printed, text, len));
    r = trust_verify(&sig, "name", "1", sig.digest, &err);
    if (r < 0)
        fuzz_check_error(r, err);
}

static void check_legacy(const char *text, size_t len)
{
    char printed[TRUST_SIGNATURE_FILE_MAX];
    struct trust_legacy sig;
    cordon_error *err = NULL;
    int r = trust_legacy_parse(text, len, &sig, &err);
    if (r < 0) {
        fuzz_check_error(r, err);
        return;
    }
    trust_legacy_print(&sig, printed);
    HOLDS(is_same(printed, text, len));
    HOLDS(trust_legacy_verify(&sig, text, len, &err) < 0);
    fuzz_check_error(-(int)cordon_error_code(err), err);
}

static void check_key(const char *text, size_t len)
{
    char printed[TRUST_KEY_FILE_MAX];
    struct trust_key key, again;
    struct trust_secret *s = NULL;
    cordon_error *err = NULL;
    int r = trust_public_parse(text, len, &key, &err);
    if (r < 0) {
        fuzz_check_error(r, err);
    } else {
        trust_public_print(&key, printed);
        HOLDS(is_same(printed, text, len));
        HOLDS(trust_key_parse(key.id, &again, NULL) == 0 && trust_key_equal(&key, &again));
    }
    err = NULL;
    int r2 = trust_secret_parse(text, len, &s, &err);
    HOLDS(r < 0 || r2 < 0);
    if (r2 < 0) {
        fuzz_check_error(r2, err);
        return;
    }
    trust_secret_print(s, printed);
    HOLDS(is_same(printed, text, len));
    trust_secret_free(s);
}

static void check_id(const char *text)
{
    struct trust_key key;
    cordon_error *err = NULL;
    int r = trust_key_parse(text, &key, &err);
    if (r < 0)
        fuzz_check_error(r, err);
    else
        HOLDS(!strcmp(key.id, text));
}

/* A pattern fits what begins with it, and no key is trusted for a name by a pattern that is none. */
static void check_pattern(const char *pattern, const char *name)
{
    cordon_error *err = NULL;
    int r = trust_pattern_check(pattern, &err);
    if (r < 0) {
        fuzz_check_error(r, err);
        return;
    }
    size_t len = strlen(pattern);
    bool star = pattern[len - 1] == '*';
    HOLDS(trust_pattern_fits(pattern, name) == (star ? !strncmp(pattern, name, len - 1) : !strcmp(pattern, name)));
    HOLDS(strchr(pattern, '*') == NULL || strchr(pattern, '*') == pattern + len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t len;
    uint8_t what = feed_byte(&f);
    char *first = what == 'p' ? feed_line(&f, NULL) : NULL, *text = feed_rest(&f, &len);
    if (what == 's')
        check_signature(text, len);
    else if (what == 'l')
        check_legacy(text, len);
    else if (what == 'k')
        check_key(text, len);
    else if (what == 'i')
        check_id(text);
    else if (first)
        check_pattern(first, text);
    free(first);
    free(text);
    return 0;
}
