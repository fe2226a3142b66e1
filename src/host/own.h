/* SPDX-License-Identifier: Apache-2.0
 *
 * Host functions of the embedding program: what Cordon offers to its guests beside its own. They are JSON on the program's side, so that one C signature serves every WIT type.
 */
#pragma once
#include "host/op.h"

enum { OWN_FNS_MAX = 256, OWN_NAME_MAX = 128, OWN_TYPE_MAX = 4096 };

typedef void own_run(void);

struct own_fn {
    struct host_fn fn;       /* `begin` brings it to the program; its one string argument is the JSON of the guest's. Its texts are the three below */
    char *interface;         /* owned; as a component imports it: "demo:math/host@1.0.0" */
    char *name, *type;       /* owned */
    char *capability;        /* owned; NULL: every skill may call it */
    own_run *run;            /* the program's function, of a type that `begin` knows */
    void *data;
    void *host;              /* whose set it is in, for `begin` */
};

/* Immutable once a host has it. */
struct own_set {
    struct own_fn **item;    /* owned, n of them */
    size_t n;
};

void own_set_finish(struct own_set *set);
/* For `host`. On failure *ret has what could be copied. */
int own_set_copy(const struct own_set *from, void *host, struct own_set *ret, cordon_error **err);
/* Adds a copy of `one`. Errors: USAGE names what is wrong with a name or type, or says that it is there already; TOO_LARGE. */
int own_set_add(struct own_set *set, const struct own_fn *one, cordon_error **err);
bool own_set_has_interface(const struct own_set *set, const char *interface, size_t len);
/* NULL: there is no such function. */
const struct own_fn *own_set_find(const struct own_set *set, const char *interface, size_t interface_len, const char *name, size_t len);
/* Are two texts of a function's type the same but for blanks? */
bool own_same_type(const char *a, const char *b);
