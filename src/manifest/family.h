/* SPDX-License-Identifier: Apache-2.0
 *
 * What skills say of each other: parents, dependencies, conflicts. Decisions on manifests that somebody else looks up.
 */
#pragma once
#include "manifest/manifest.h"

enum { FAMILY_DEPTH_MAX = 3 /* generations above a skill */, FAMILY_MAX = 1024 };

/* Where skills are looked up. */
struct family_source {
    /* 1: that skill is there; its manifest (NULL: it came without one) stays where it is until what asked is done. 0: it is not there. */
    int (*find)(void *data, const char *name, const struct manifest **ret, cordon_error **err);
    void *data;
};

struct family_kin {
    char *name;                      /* owned */
    const struct manifest *manifest; /* the source's; NULL: it has none, or is not there */
    bool is_there;
};
struct family { struct family_kin *kin; size_t n; };
void family_finish(struct family *f);

/* The parents of the skill `name`, theirs before the next one, each once. BAD_MANIFEST for a circle, or for more than FAMILY_DEPTH_MAX generations; NOT_FOUND. */
int family_ancestors(const char *name, const struct manifest *m, const struct family_source *s, struct family *ret, cordon_error **err);
/* All that the skill and its ancestors conflict with, each once; freed by the caller, item by item. CONFLICT if the skill itself or one of them is among it. */
int family_conflicts(const char *name, const struct manifest *m, const struct family *ancestors, struct manifest_list *ret, cordon_error **err);
/* What the skill needs, directly or not, each once and behind what it needs itself; what is not there is in it, too. BAD_MANIFEST for a circle. */
int family_needs(const char *name, const struct manifest *m, const struct family_source *s, struct family *ret, cordon_error **err);

/* That `by` needs `name`. */
struct family_want { const char *by, *name, *requirement; /* NULL: any version */ };
/* CONFLICT: two of them want of one skill what no version of it could be. */
int family_agree(const struct family_want *wants, size_t n, cordon_error **err);
/* Is the version one that is wanted? */
bool family_serves(const struct family_want *want, const char *version);
