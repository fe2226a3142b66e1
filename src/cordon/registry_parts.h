/* SPDX-License-Identifier: Apache-2.0
 * What the files of the registry's public functions share, and those of installing. */
#pragma once
#include "cordon/internal.h"
#include "registry/registry.h"
#include <cordon/registry.h>

struct cordon_registry {
    cordon_host *host;
    registry_hook_fn *hook;   /* for tests: whatever is opened to be written is given it */
    void *hook_data;
};

/* Opens it as registry_open does, in the host's home. */
int registry_begin(const cordon_registry *reg, enum registry_mode mode, struct registry **ret, cordon_error **err);
/* To read, where there being none is an error: NOT_FOUND, about `name`. */
int registry_begin_of(const cordon_registry *reg, const char *name, struct registry **ret, cordon_error **err);
static inline void registry_let_go(struct registry **r) { registry_close(*r); }

enum { NAMED_MAX = REGISTRY_NAME_MAX + REGISTRY_VERSION_MAX + 2 };
/* NAME or NAME@VERSION. */
struct registry_named { char name[REGISTRY_NAME_MAX + 1], version[REGISTRY_VERSION_MAX + 1]; };
/* NOT_FOUND for what no skill is called. */
int registry_split(const char *text, struct registry_named *ret, cordon_error **err);
/* The version of that name; NOT_FOUND, with what is spelled nearly so. */
int registry_need(struct registry *r, const char *text, struct registry_version *ret, cordon_error **err);

/* Its standing, and the tier that follows from it. */
struct registry_worth { enum registry_standing standing; enum cordon_tier tier; };
int registry_weigh(struct registry *r, const struct registry_version *v, struct registry_worth *ret, cordon_error **err);

/* What a version may ask for at most; NULL in *ret: it has no manifest. */
int registry_asks(const struct registry_version *v, struct grants **ret, cordon_error **err);
/* The limits of its calls, before those of a request; origins are static. */
void registry_limits_of(const cordon_host *h, const struct registry_version *v, enum cordon_tier tier, const struct registry_limits *operators, struct limit_set *ret);

/* "sha256:…" */
enum { REGISTRY_DIGEST_TEXT = 72 };
void registry_digest_text(const uint8_t digest[REGISTRY_DIGEST], char ret[REGISTRY_DIGEST_TEXT]);
/* One line of at most `max` characters: what breaks lines or hides is gone. NULL without memory; the caller frees. */
char *registry_one_line(const char *text, size_t max);
