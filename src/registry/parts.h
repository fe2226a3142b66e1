/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share. */
#pragma once
#include "base/clock.h"
#include "registry/registry.h"

struct registry {
    struct home home;
    struct db db;
    int lock;                      /* of HOME/registry.lock; -1: this one only reads */
    bool over;                     /* committed */
    _Atomic uint64_t *gen;         /* HOME/registry.gen, mapped for writing; NULL: this one only reads */
    registry_hook_fn *hook;
    void *hook_data;
};

extern const struct db_kind registry_kind_of_db;

/* ---- gen.c ---- */
/* Makes the file if it is not there. Under the lock. */
int registry_gen_make(struct registry *r, cordon_error **err);
/* From here on until the next even number nobody believes what he read before. */
void registry_gen_begin(struct registry *r);
void registry_gen_end(struct registry *r);

/* ---- lock.c ---- */
int registry_lock(struct registry *r, cordon_error **err);
void registry_unlock(struct registry *r);

/* ---- store.c ---- */
/* Removes what no row names. Best effort: what cannot be removed now is found again by the next. */
void registry_store_sweep(struct registry *r);

/* ---- owner.c ---- */
/* Whom grants belong to: "SOURCE key:ID", or, unsigned, "SOURCE bundle:DIGEST". The caller frees. */
int registry_owner(const struct registry_version *v, char **ret, cordon_error **err);

/* Who acts: "uid N". */
enum { REGISTRY_BY_MAX = 32 };
void registry_by(char ret[REGISTRY_BY_MAX]);
void registry_hex(const uint8_t *bytes, size_t n, char *ret); /* 2 n digits and a NUL */
