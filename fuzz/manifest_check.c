/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_check.h"

static bool is_made_of(const char *s, const char *set) { return *s && !s[strspn(s, set)]; }

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void check_line(const char *s, size_t max)
{
    HOLDS(fuzz_is_utf8(s, strlen(s)) && fuzz_is_harmless(s, strlen(s)));
    HOLDS(!strchr(s, '\n') && characters(s) <= max);
}

static void check_list(const struct manifest_list *l)
{
    HOLDS(l->n <= MANIFEST_LIST_MAX);
    for (size_t i = 0; i < l->n; i++)
        HOLDS(fuzz_is_harmless(l->item[i], strlen(l->item[i])));
}

/* No segment of it leads up, or nowhere. */
static void check_entry(const char *path)
{
    HOLDS(*path && *path != '/' && strlen(path) <= MANIFEST_ENTRY_MAX);
    for (const char *s = path; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL) {
        size_t n = strcspn(s, "/");
        HOLDS(n > 0 && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.'));
    }
}

/* What is asked is read again from its text; paths are the guest's. */
static void check_ask(const struct grant *g)
{
    static const struct grant_source asked = {.asked = true};
    struct grant again;
    struct buf b;
    buf_init(&b, 2 * GRANT_TEXT_MAX);
    HOLDS(grant_print(&b, g) == 0 && fuzz_is_harmless(b.data, b.len));
    HOLDS(!g->path && grant_parse(b.data, &asked, &again, NULL) == 0 && grant_is_same(g, &again));
    grant_finish(&again);
    buf_finish(&b);
}

static void check_limits(const struct manifest *m)
{
    bool is_component = m->format == MANIFEST_COMPONENT_TOML;
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        HOLDS(m->has_limit[l] ? m->limit[l] > 0 : m->limit[l] == 0);
    if (!is_component)
        return;
    HOLDS(m->limit[CORDON_LIMIT_MEMORY_BYTES] >= 524288 && m->limit[CORDON_LIMIT_MEMORY_BYTES] <= 4194304);
    HOLDS(m->limit[CORDON_LIMIT_FUEL] >= 1000 && m->limit[CORDON_LIMIT_FUEL] <= 100000000);
    HOLDS(m->limit[CORDON_LIMIT_WALL_MS] >= 1000 && m->limit[CORDON_LIMIT_WALL_MS] <= 300000);
}

static void check(const struct manifest *m)
{
    HOLDS(is_made_of(m->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") && strlen(m->name) <= MANIFEST_NAME_MAX);
    HOLDS(is_made_of(m->version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+.") && strlen(m->version) <= MANIFEST_VERSION_MAX);
    check_line(m->description, MANIFEST_DESCRIPTION_MAX);
    check_line(m->author ? m->author : "", MANIFEST_AUTHOR_MAX);
    check_line(m->export_name ? m->export_name : "", MANIFEST_EXPORT_MAX);
    check_line(m->lang ? m->lang : "", 32);
    check_entry(m->entry);
    check_list(&m->parents);
    check_list(&m->conflicts);
    check_list(&m->categories);
    check_list(&m->warnings);
    check_limits(m);
    HOLDS(m->asks->n <= GRANTS_MAX && m->n_needs <= MANIFEST_LIST_MAX);
    for (size_t i = 0; i < m->asks->n; i++)
        check_ask(&m->asks->item[i]);
    HOLDS(m->format == MANIFEST_SKILL_MD ? m->body && fuzz_is_utf8(m->body, strlen(m->body)) : !m->body && !m->prompt && !m->has_tier);
}

void fuzz_manifest(enum manifest_format f, const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    size_t len;
    char *text = feed_rest(&feed, &len);
    struct manifest m = {0};
    cordon_error *err = NULL;
    int rc = manifest_parse(f, text, len, &m, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_MANIFEST && !m.name);
        fuzz_check_error(rc, err);
    } else {
        HOLDS(m.format == f);
        check(&m);
    }
    manifest_finish(&m);
    free(text);
}
