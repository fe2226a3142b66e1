/* SPDX-License-Identifier: Apache-2.0
 * What a file of `cordon apply` says. apply_file.c reads it, apply_order.c orders what it wants done, apply.c brings the registry to it, export.c writes it. */
#pragma once
#include "base/buf.h"
#include "cordon/install_parts.h"

enum { APPLY_FILE_MAX = 1 << 20, APPLY_SKILLS_MAX = 1000, APPLY_LIST_MAX = 1000 };

struct apply_list { char **item; size_t n; }; /* owned */

struct apply_skill {
    char *name, *source;           /* owned */
    char *key;                     /* owned or NULL: who must have signed it */
    bool has_digest, has_tier, build;
    uint8_t digest[32];            /* of the bundle */
    enum cordon_tier tier;
    struct apply_list grants;      /* as grant_print writes them */
    uint64_t limit[CORDON_LIMIT_COUNT]; /* 0: none */
};

struct apply_key { char *id; struct apply_list patterns; };

struct apply_file {
    struct apply_skill *skill;     /* owned, n_skills of them */
    size_t n_skills;
    struct apply_key *key;         /* owned, n_keys of them: keys that are trusted */
    size_t n_keys;
    bool has_keys;                 /* there is a table of them */
};

/* `folder` is what relative sources start from; `path` is for messages. Errors: BAD_CONFIG with line and column, USAGE of a grant. */
int apply_file_parse(const char *path, const char *folder, const char *text, size_t len, struct apply_file *ret, cordon_error **err);
void apply_file_finish(struct apply_file *f);

struct apply_job {
    const struct apply_skill *s;
    cordon_install *install;       /* owned; NULL: what is installed stays */
    struct registry_version row;   /* what is installed; id 0: nothing */
};
/* Puts each behind its parents and what it needs; those that need nothing of each other stay as they are. BAD_MANIFEST for a circle. */
int apply_order(struct apply_job *job, size_t n, cordon_error **err);
