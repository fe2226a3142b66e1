/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/manifest.h"

#include <stdlib.h>

#define MIB(n) ((uint64_t)(n) << 20)
#define SECONDS(n) ((uint64_t)(n) * 1000u)

static const char *const files[MANIFEST_FORMAT_COUNT] = {"skill.toml", "Component.toml", "SKILL.md"};

const char *manifest_file(enum manifest_format f) { return files[f]; }

static void finish_list(struct manifest_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->item[i]);
    free(l->item);
}

void manifest_finish(struct manifest *m)
{
    char *const texts[] = {m->name, m->version, m->description, m->author, m->entry, m->export_name, m->lang, m->body};
    struct manifest_list *const lists[] = {&m->parents, &m->conflicts, &m->categories, &m->warnings};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        finish_list(lists[i]);
    for (size_t i = 0; i < m->n_needs; i++) {
        free(m->needs[i].name);
        free(m->needs[i].requirement);
    }
    free(m->needs);
    grants_unref(m->asks);
    *m = (struct manifest){0};
}

/* What the readers that the formats come from put in place of what a file leaves out. 0: nothing. */
struct format_default {
    const char *origin;
    uint64_t value[CORDON_TIER_COUNT][CORDON_LIMIT_COUNT];
};

#define SKILL_TOML {[CORDON_LIMIT_FUEL] = 1000000000, [CORDON_LIMIT_MEMORY_BYTES] = MIB(16), [CORDON_LIMIT_WALL_MS] = SECONDS(5)}

/* The tables of a SKILL.md are left to the tier: a thousand elements keep out every component of JavaScript or Python. */
static const struct format_default defaults[MANIFEST_FORMAT_COUNT] = {
    [MANIFEST_SKILL_TOML] = {"default of skill.toml", {SKILL_TOML, SKILL_TOML, SKILL_TOML}},
    [MANIFEST_SKILL_MD] = {"default of SKILL.md", {
        [CORDON_TIER_UNTRUSTED] = {[CORDON_LIMIT_FUEL] = 500000, [CORDON_LIMIT_MEMORY_BYTES] = MIB(16), [CORDON_LIMIT_WALL_MS] = SECONDS(10)},
        [CORDON_TIER_VERIFIED] = {[CORDON_LIMIT_FUEL] = 1000000, [CORDON_LIMIT_MEMORY_BYTES] = MIB(64), [CORDON_LIMIT_WALL_MS] = SECONDS(30)},
        [CORDON_TIER_LOCAL] = {[CORDON_LIMIT_MEMORY_BYTES] = MIB(256), [CORDON_LIMIT_WALL_MS] = SECONDS(300)},
    }},
};

uint64_t manifest_limit(const struct manifest *m, enum cordon_tier tier, enum cordon_limit limit, const char **ret_origin)
{
    uint64_t value = m->has_limit[limit] ? m->limit[limit] : defaults[m->format].value[tier][limit];
    if (value)
        *ret_origin = m->has_limit[limit] ? manifest_file(m->format) : defaults[m->format].origin;
    return value;
}
