/* SPDX-License-Identifier: Apache-2.0
 * Other skills as an installation sees them: what is installed, and what is installed together with it. Each manifest is read once. */
#pragma once
#include "cordon/install_parts.h"
#include "manifest/family.h"

struct kin {
    char *name, *version;              /* owned; version NULL: it is not there */
    const struct manifest *manifest;   /* stays where it is as long as the shelf; NULL: it has none, or none that can be read */
    struct manifest own;               /* what was read for it */
    bool is_there;
};

struct kin_shelf {
    const struct cordon_install *of;   /* whose installation it is */
    struct registry *r;                /* NULL: nothing was ever installed */
    struct kin **kin;                  /* owned, and each of them */
    size_t n;
};

/* Is it there, or will it be? Whatever the name is, *ret is set: it tells. */
int kin_find(struct kin_shelf *s, const char *name, const struct kin **ret, cordon_error **err);
/* All whose manifest may say something of others get their place on the shelf, but for the installation's own name. */
int kin_find_all(struct kin_shelf *s, cordon_error **err);
/* The same for manifest/family.h, whose data is the shelf. */
int kin_find_manifest(void *shelf, const char *name, const struct manifest **ret, cordon_error **err);
void kin_shelf_finish(struct kin_shelf *s);
