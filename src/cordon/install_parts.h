/* SPDX-License-Identifier: Apache-2.0
 * What the files of an installation share. The order of its steps is that of cordon/install.h; install.c has them, each other file one part. */
#pragma once
#include "author/build.h"
#include "base/buf.h"
#include "bundle/bundle.h"
#include "cordon/internal.h"
#include "manifest/manifest.h"
#include "policy/grants.h"
#include "registry/registry.h"
#include "trust/trust.h"
#include <cordon/install.h>

/* ---- install_source.c: where it comes from; pure ---- */
enum install_from { INSTALL_FROM_PATH, INSTALL_FROM_URL, INSTALL_FROM_OCI };
struct install_source {
    enum install_from from;
    char *text;                 /* owned: as the registry keeps it, without a digest: part of whom grants belong to */
    char *place;                /* owned: the path, or the URL or reference as it was given */
    char *digest;               /* owned: what it is pinned to, "sha256:…"; NULL: nothing */
    char *shown;                /* owned: `text` as messages show it */
};
/* `cwd` is what a relative path starts from; NULL: USAGE for one. */
int install_source_parse(const char *text, const char *cwd, struct install_source *ret, cordon_error **err);
void install_source_finish(struct install_source *s);
/* A source as it may be shown, escaped, a URL without its query, which may be a secret. The caller frees. NULL: out of memory. */
char *install_source_show(const char *text);
/* Takes `text` in place of what it has. */
int install_source_set(struct install_source *s, char *text, cordon_error **err);
enum { INSTALL_DIGEST_TEXT = 72 };
/* "sha256:HEX" or HEX. */
bool install_digest_parse(const char *text, uint8_t ret[32]);
void install_digest_write(const uint8_t digest[32], char ret[INSTALL_DIGEST_TEXT]);

/* ---- install_asks.c: what is asked, and what of it wants an answer; pure ---- */
struct install_ask {
    struct grant grant;
    char *text, *words;         /* owned */
    char *from;                 /* owned: the parent it is inherited from; NULL: the skill's own */
    bool needs_word, needs_scope, is_new, granted;
};
struct install_asks {
    struct install_ask *item;   /* owned; those that need a word last, each group in the manifest's order */
    size_t n;
    bool wants_answer;          /* something is asked that was not asked of this operator before, or nothing of what was answered counts any more */
};
/* Adds what `from` (NULL: the skill itself) asks for, unless it is there. */
int install_asks_add(struct install_asks *a, const struct grants *asks, const char *from, cordon_error **err);
/* Compares with what the installed version asked for and was granted (NULL: nothing). `same`: grants of that one are this one's too. */
void install_asks_compare(struct install_asks *a, const struct grants *before, const struct grants *granted, bool same);
/* The set of them: what a call may use at most. The caller gives back its reference. */
int install_asks_set(const struct install_asks *a, struct grants **ret, cordon_error **err);
void install_asks_finish(struct install_asks *a);
/* Grants or asks as the registry keeps them, a line each, and back. `asked`: they are what a manifest asks for. */
char *install_grants_text(const struct grants *set);
int install_grants_read(const char *lines, bool asked, struct grants **ret, cordon_error **err);
/* The text of one; NULL without memory. The caller frees. */
char *install_grant_text(const struct grant *g);

/* ---- install_answer.c: the operator's answer; pure ---- */
struct install_answer {
    struct grants *granted;     /* a reference: what was answered yes; NULL: nothing */
    bool given;                 /* there is an answer */
    bool forget;                /* what was granted before goes */
};
/* Takes `one` on success. NOT_ASKED. `asked` NULL: no manifest, anything goes. */
int install_answer_allow(struct install_answer *a, const struct grants *asked, struct grant *one, cordon_error **err);
/* Is this grant in the set, as its text says it? */
bool install_has_grant(const struct grants *set, const struct grant *one);
void install_answer_finish(struct install_answer *a);

/* ---- install_change.c: what a new version does otherwise; pure ---- */
/* Versions as semver orders them; what is no semver by its numbers and words. <0, 0, >0 */
int install_version_compare(const char *a, const char *b);
/* Appends {"what", "before", "after"} to the array for each difference that a model or a person sees: name, description, and of each tool its
 * description and schema. `before` and `after`: {"name", "description", "tools": as cordon_skill_tools has them}. False without memory. */
bool install_changes(json_t *to, const json_t *before, const json_t *after);

static inline void registry_drop(struct registry **r) { registry_close(*r); }

/* ---- an installation ---- */
enum install_signed { INSTALL_UNSIGNED, INSTALL_SIGNED_CODE /* a legacy .sig alone */, INSTALL_SIGNED_BUNDLE };

/* What one transaction brings about together: each is as good as installed for the others. */
struct install_beside {
    cordon_install *const *item;          /* prepared, this one among them */
    size_t n;
    bool (*goes)(const void *data, const char *name); /* is what is installed under that name removed? NULL: nothing is */
    const void *data;
};

struct cordon_install {
    cordon_registry *registry;
    cordon_host *host;
    char *given;                          /* owned: the source as the operator wrote it; NULL: an update */
    struct install_source source;
    char *as;                             /* owned: the name here; NULL: the manifest's */
    char *manifest_text;                  /* owned or NULL: the skill.toml of a lone file, which lay elsewhere */
    bool has_tier;
    enum cordon_tier tier;                /* at most this */
    bool build, fetch;                    /* source of others may be built; what it needs may be fetched */
    int log_fd;
    int cancel_fd;                        /* readable: the fetch gives up; -1: never */
    bool has_digest;
    uint8_t digest[32];
    bool accept[CORDON_ACCEPT_COUNT];
    const struct install_beside *beside;  /* NULL: it is installed by itself */

    bool fetched;
    bool of_others;                       /* it was another system that put it there: it is nobody's own, whoever the files belong to */
    bool is_own, is_folder;               /* from a file or folder of this user's on this machine, which nobody else can write; it is a folder */
    struct bundle bundle;                 /* staged; fd -1: not yet, or not any more */
    bool has_manifest;
    struct manifest manifest;
    struct registry_version next, before; /* what will be installed; what is (id 0: nothing) */
    bool same;                            /* grants of what is installed are this one's too */
    bool unchanged;                       /* it is installed already, with nothing to answer */
    enum install_signed signed_by;
    char publisher[REGISTRY_KEY + 1];     /* whoever signed bundle or code; "" */
    enum registry_standing standing;
    const char *kind;                     /* static, for people */
    bool built;
    struct install_asks asks;
    struct grants *asked;                 /* a reference; NULL: no manifest */
    struct grants *kept;                  /* a reference: grants that are in force and stay */
    json_t *could_use, *changes, *warnings;
    struct install_answer answer;
};

/* ---- install_build.c ---- */
/* Is there source of a language that is known, and of the one that the manifest names? */
bool install_can_build(const struct cordon_install *i);
/* Builds what is staged, in the sandbox for scripts. */
int install_build(const struct cordon_install *i, struct author_built *ret, cordon_error **err);

/* For tests: a named point between two things that reach the disk. Those of the registry follow (registry_points). */
extern const char *const install_points[]; /* NULL-terminated */
void install_point(const struct cordon_install *i, const char *point);
/* The two halves of cordon_install_fetch: what it is, which nothing else that is installed decides, and what it means beside all else. */
int install_prepare(struct cordon_install *i, cordon_error **err);
int install_consider(struct cordon_install *i, cordon_error **err);
/* A line for the operator, cut and escaped. Without memory it is lost. */
void install_warn(struct cordon_install *i, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- install_stage.c: from the source to a staged bundle ---- */
int install_stage(struct cordon_install *i, cordon_error **err);

/* ---- install_read.c: the manifest, the name, what is installed under it ---- */
int install_read(struct cordon_install *i, cordon_error **err);
/* Puts the bundle's digest down, and whether grants of what is installed are this one's too. Again, when something was added to the bundle. */
void install_identify(struct cordon_install *i);

/* ---- install_trust.c: who signed it, and whether that may be ---- */
/* Before anything is added to the bundle. */
int install_check_signature(struct cordon_install *i, cordon_error **err);
/* Key, signature, version and source against what was there before; fills in the tier. */
int install_check_trust(struct cordon_install *i, cordon_error **err);

/* ---- install_binary.c: the one step that provides what runs ---- */
int install_provide(struct cordon_install *i, cordon_error **err);

/* ---- install_inherit.c ---- */
/* Adds what the manifest and its parents ask for. BAD_MANIFEST for a circle; CONFLICT, also for a version that does not serve; NOT_FOUND for a parent or a dependency. */
int install_inherit(struct cordon_install *i, struct registry *r, cordon_error **err);

/* ---- install_plan.c: what is asked and changed against what is installed ---- */
int install_plan(struct cordon_install *i, cordon_error **err);
/* The command that answers yes to all of it, for sh; the caller frees. NULL without memory. */
char *install_command(const struct cordon_install *i);
bool install_wants_consent(const struct cordon_install *i);

/* ---- install_commit.c ---- */
/* Into a registry that is open for writing; the caller commits it. CONFLICT: what is installed is not what was shown any more. */
int install_write(struct cordon_install *i, struct registry *r, cordon_error **err);
/* After the commit: the store has taken the staged folder, or had one like it already. */
void install_let_go(struct cordon_install *i);
