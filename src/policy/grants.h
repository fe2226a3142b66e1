/* SPDX-License-Identifier: Apache-2.0
 *
 * The set of grants in force for a call: made once, then immutable and shared by reference, so that every thread may ask it. Nothing here looks at a
 * clock, a file or the network: what a name resolves to is the gateway's question, which file a path leads to that of the room of files.
 */
#pragma once
#include "policy/grant.h"
#include <stdatomic.h>

enum { GRANTS_MAX = 1024 };

/* Why something is denied; the texts are those of an outcome. */
enum denial { DENIAL_NONE, DENIAL_NOT_GRANTED, DENIAL_NOT_ASKED, DENIAL_PRIVATE_ADDRESS, DENIAL_NOT_OFFERED };
const char *denial_text(enum denial d);

struct grants {
    _Atomic uint32_t refs;
    size_t n;
    struct grant *item; /* owned, n of them */
    struct grants *asked; /* a reference: what the skill's manifest asks for. NULL: there is none, and the grants alone decide */
};

/* An empty set; NULL without memory. */
struct grants *grants_new(void);
void grants_ref(struct grants *g);
void grants_unref(struct grants *g); /* NULL allowed */
/* Adds a grant, which is taken on success. A set that others hold too is not changed: *g becomes a copy of it. TOO_LARGE above GRANTS_MAX. */
int grants_add(struct grants **g, struct grant *one, cordon_error **err);

/* From here on they serve only what `asked` asks for, too; takes a reference of it. Sets that others hold are copied, as above. */
int grants_narrow(struct grants **g, struct grants *asked, cordon_error **err);

/* The first grant that allows it, if it is asked for; or NULL. `g` may be NULL: nothing is granted. */
const struct grant *grants_find(const struct grants *g, const struct ask *a);
/* The next one behind `before`, which this or grants_find has found. */
const struct grant *grants_find_next(const struct grants *g, const struct ask *a, const struct grant *before);
/* Why grants_find found none: NOT_ASKED, if no grant could change it, else NOT_GRANTED. */
enum denial grants_why_not(const struct grants *g, const struct ask *a);
/* Is there any grant that a request of this kind could use? False: it can be denied without a look at what it wants. */
bool grants_any(const struct grants *g, enum ask_kind kind);
/* Does the manifest, if there is one, ask for anything of this kind? */
bool grants_asks_any(const struct grants *g, enum ask_kind kind);
/* What of a folder, as the guest sees it, is asked for as a whole: set of enum file_access. */
unsigned grants_asked_access(const struct grants *g, const char *guest);
/* Could `grant` ever be used where these are all that is asked for? `asks` NULL: nothing says what is asked, so it could. */
bool grants_answers(const struct grants *asks, const struct grant *grant);
