/* SPDX-License-Identifier: Apache-2.0
 *
 * Manifests: skill.toml, Component.toml and SKILL.md, each into one struct. What a manifest says is an author's word: its asks grant nothing, its limits are cut to the
 * ceiling, its tier can only lower. Pure over bytes, but for manifest_read, which reads the file.
 */
#pragma once
#include "policy/grants.h"
#include <cordon/limits.h>

enum {
    MANIFEST_MAX = 256 << 10,
    MANIFEST_LIST_MAX = 256,        /* entries of one list */
    MANIFEST_NAME_MAX = 128,        /* bytes, as all these */
    MANIFEST_VERSION_MAX = 128,
    MANIFEST_DESCRIPTION_MAX = 300, /* as it is kept: one line, cut */
    MANIFEST_AUTHOR_MAX = 200,
    MANIFEST_ENTRY_MAX = 255,
    MANIFEST_EXPORT_MAX = 256,
};

enum manifest_format { MANIFEST_SKILL_TOML, MANIFEST_COMPONENT_TOML, MANIFEST_SKILL_MD, MANIFEST_FORMAT_COUNT };
/* "skill.toml", "Component.toml", "SKILL.md". */
const char *manifest_file(enum manifest_format f);

struct manifest_list { char **item; size_t n; };     /* owned */
struct manifest_need { char *name, *requirement; };  /* owned: a dependency; requirement NULL: any version */

struct manifest {
    enum manifest_format format;
    char *name, *version, *description;   /* owned, UTF-8, of one line; "0.0.0" and "" where the format lets them out and the file does */
    char *author;                         /* owned or NULL, likewise */
    char *entry;                          /* owned: the code, a path in the folder without dot segments: "skill.wasm" */
    char *export_name, *lang, *body;      /* owned or NULL: [tool] export; [build] lang; what follows the front matter of a SKILL.md, with its line breaks */
    bool prompt;                          /* runs no code: the body is its output */
    bool has_tier;                        /* trust-tier: may lower, never raise */
    enum cordon_tier tier;
    bool has_limit[CORDON_LIMIT_COUNT];   /* what the file says, above no ceiling but its format's own */
    uint64_t limit[CORDON_LIMIT_COUNT];
    struct grants *asks;                  /* owned: what it asks for; never NULL once parsed */
    struct manifest_list parents, conflicts, categories, warnings;
    struct manifest_need *needs;          /* owned, n_needs of them */
    size_t n_needs;
};

/* BAD_MANIFEST says "FILE:LINE:COLUMN: " where it has a place, names what is wrong as its subject, and says what was expected. Nothing to release on failure. */
int manifest_parse(enum manifest_format f, const char *text, size_t len, struct manifest *ret, cordon_error **err);
/* Of an open folder, called `path` in messages. 1: read; 0: there is none; BAD_MANIFEST, also for two that disagree, for a link, or for more than MANIFEST_MAX. */
int manifest_read(int folder, const char *path, struct manifest *ret, cordon_error **err);
/* Leaves it empty; what is empty is left alone. */
void manifest_finish(struct manifest *m);

/* A limit before the operator's word on it: the file's, else the format's own default for the tier, else 0: the tier's default stands. *ret_origin is static, and untouched for
 * 0. Not yet cut to any ceiling. */
uint64_t manifest_limit(const struct manifest *m, enum cordon_tier tier, enum cordon_limit limit, const char **ret_origin);
