/* SPDX-License-Identifier: Apache-2.0
 * The file of `cordon apply`. */
#include "fuzz.h"

#include "cordon/apply.h"

static void check_list(const struct apply_list *l)
{
    HOLDS(l->n <= APPLY_LIST_MAX);
    for (size_t n = 0; n < l->n; n++)
        HOLDS(l->item[n] && fuzz_is_utf8(l->item[n], strlen(l->item[n])));
}

/* What was granted is one grant as it is kept, and reads as itself. */
static void check_grant(const char *text)
{
    struct grant g;
    HOLDS(!strpbrk(text, "\n\r") && grant_parse(text, NULL, &g, NULL) == 0);
    char *again = install_grant_text(&g);
    HOLDS(again && !strcmp(again, text));
    free(again);
    grant_finish(&g);
}

static void check_skill(const struct apply_skill *s)
{
    struct install_source source;
    struct trust_key key;
    HOLDS(registry_check_name(s->name, NULL) == 0);
    HOLDS(s->source && install_source_parse(s->source, NULL, &source, NULL) == 0);
    install_source_finish(&source);
    HOLDS(!s->key || trust_key_parse(s->key, &key, NULL) == 0);
    HOLDS(!s->has_tier || s->tier < CORDON_TIER_COUNT);
    check_list(&s->grants);
    for (size_t n = 0; n < s->grants.n; n++)
        check_grant(s->grants.item[n]);
}

static void check_file(const struct apply_file *f)
{
    struct trust_key key;
    HOLDS(f->n_skills <= APPLY_SKILLS_MAX);
    for (size_t n = 0; n < f->n_skills; n++)
        check_skill(&f->skill[n]);
    for (size_t n = 0; n < f->n_keys; n++) {
        HOLDS(trust_key_parse(f->key[n].id, &key, NULL) == 0);
        check_list(&f->key[n].patterns);
        for (size_t m = 0; m < f->key[n].patterns.n; m++)
            HOLDS(trust_pattern_check(f->key[n].patterns.item[m], NULL) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    struct apply_file file;
    cordon_error *err = NULL;
    size_t len;
    char *text = feed_rest(&f, &len);
    int rc = apply_file_parse("skills.toml", "/folder", text, len, &file, &err);
    if (rc < 0) {
        fuzz_check_error(rc, err);
    } else {
        check_file(&file);
        apply_file_finish(&file);
    }
    free(text);
    return 0;
}
