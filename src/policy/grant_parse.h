/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the grant parser share. Private to src/policy. */
#pragma once
#include "policy/grant.h"

struct grant_parse {
    const char *text; /* the whole grant, for messages */
    const struct grant_source *source;
    struct grant *grant; /* being filled; the caller releases it on failure */
    cordon_error **err;
};

/* CORDON_E_USAGE: "grant 'TEXT': WHY". */
int grant_refuse(const struct grant_parse *p, const char *why);
int grant_parse_net(struct grant_parse *p, const char *value);
/* HOST[:PORT] of a credential: https, that host alone. */
int grant_parse_origin(struct grant_parse *p, const char *value);
int grant_parse_files(struct grant_parse *p, const char *value);

int grant_print_net(struct buf *b, const struct grant *g);
int grant_print_methods(struct buf *b, unsigned set);
/* HOST[:PORT][/PREFIX], with its span before it (`*.`, but not `.`, which is said in words). */
int grant_print_place(struct buf *b, const struct net_scope *n);
int grant_print_origin(struct buf *b, const struct net_scope *n);
