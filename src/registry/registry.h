/* SPDX-License-Identifier: Apache-2.0
 *
 * What is installed: in HOME/registry.db, with the bundles' files in HOME/store. docs/internals/registry.md has the tables and the layout.
 *
 * A registry is opened, used by one thread and closed. One that reads sees one state of it from registry_open to registry_close and waits for nobody. One that
 * writes is the only one, in all processes: it has HOME/registry.lock, and one transaction that registry_commit ends. Closed without that, or killed, it was never
 * there; what it put into the store is then swept by the next that writes.
 */
#pragma once
#include "keep/db.h"
#include "keep/home.h"
#include <cordon/limits.h>

enum {
    REGISTRY_DIGEST = 32,
    REGISTRY_KEY = 64,              /* digits of a publisher's id */
    REGISTRY_SIGNATURE = 64,
    REGISTRY_NAME_MAX = 64,         /* bytes of a name here */
    REGISTRY_VERSION_MAX = 128,
    REGISTRY_SOURCE_MAX = 4096,
    REGISTRY_TEXT_MAX = 1 << 20,    /* of any other text in a row */
    REGISTRY_SKILLS_MAX = 10000,
    REGISTRY_VERSIONS_KEPT = 5,     /* of one name, for rollback; older ones go */
    REGISTRY_GRANTS_MAX = 1000,     /* of one skill */
    REGISTRY_KEYS_MAX = 1000,
};

/* Lower-case letters, digits, `-` and `_`, a letter or digit at both ends, at most REGISTRY_NAME_MAX: what a skill is called here. So no name is a path, and none looks like another. USAGE. */
int registry_check_name(const char *name, cordon_error **err);

/* ---- one installed version ---- */

enum registry_kind {
    REGISTRY_CODE,   /* WebAssembly, whichever kind; its code is in the cache of compiled code */
    REGISTRY_TEXT,   /* runs no code: `body` is its answer (a prompt, a stub) */
    REGISTRY_SCRIPT, /* scripts/run.sh or run.py; local only, with exec */
    REGISTRY_KIND_COUNT
};
const char *registry_kind_name(enum registry_kind kind); /* "code", "text", "script"; static */

/* Everything is UTF-8 without NUL, owned, and clean of nothing: it is a stranger's. What may be NULL is said so. */
struct registry_version {
    int64_t id;                     /* given by the registry; a later one has a higher one */
    char *name;                     /* what it is called here */
    char *signed_name;              /* what its manifest calls it: what a signature covers */
    char *version;
    char *description;              /* "" if there is none */
    char *author;                   /* NULL allowed */
    char *source;                   /* where it came from, without a digest: part of whom grants belong to */
    char *source_digest;            /* what it was pinned to, "sha256:…"; NULL allowed */
    enum registry_kind kind;
    enum cordon_tier tier;          /* the highest it may have; what signature and keys say now may be lower */
    char *format;                   /* "skill.toml", "Component.toml", "SKILL.md"; NULL: no manifest */
    char *manifest;                 /* the file's text; NULL likewise */
    char *export_name;              /* what is called where nobody names an export; NULL: the skill's own default */
    char *entry;                    /* path of the code in the bundle; NULL: there is none */
    char *body;                     /* REGISTRY_TEXT: the answer; else NULL */
    char *asks;                     /* what it may use at most, inherited asks included: asks as grant_print writes them, a line each. NULL: no manifest, its imports ask */
    uint64_t limit[CORDON_LIMIT_COUNT]; /* the manifest's; 0: it has none */
    char *capabilities;             /* capabilities_json of the contracts */
    char *interface;                /* JSON of whoever installed it: what a model is told of it, to be compared with the next version's; NULL allowed */
    char *parents;                  /* JSON array of names; NULL: none. What is inherited is in `asks` already */
    uint8_t bundle[REGISTRY_DIGEST];   /* the bundle's digest: where its files are in the store */
    uint8_t artifact[REGISTRY_DIGEST]; /* SHA-256 of the code; zeros without `entry` */
    uint8_t code[REGISTRY_DIGEST];     /* BLAKE2b-256 of the code, by which the cache knows it; likewise */
    char publisher[REGISTRY_KEY + 1];  /* "": nobody signed the bundle */
    uint8_t signature[REGISTRY_SIGNATURE];
    uint64_t installed_at_ms, updated_at_ms; /* of this version; of the name's last change. Set by the registry where 0 */
};
void registry_version_finish(struct registry_version *v);
struct registry_versions { struct registry_version *item; size_t n; };
void registry_versions_finish(struct registry_versions *v);

/* ---- opening ---- */

enum registry_mode {
    REGISTRY_READ,   /* what is there */
    REGISTRY_WRITE,  /* makes the home and all in it, if it is not there */
};
struct registry;
/* How long a reader waits for SQLite and a writer for its turn. */
enum { REGISTRY_PATIENCE_S = 10 };
/* `home` as of home_find. 1: open; 0: nothing was ever installed (REGISTRY_READ only). UNSAFE_PATH, DAMAGED, NEWER_HOME, MISSING_TOOL, IO; BUSY: another process is at it, and the message says which. */
int registry_open(const char *home, enum registry_mode mode, struct registry **ret, cordon_error **err);
/* Ends what is written: all of it is there, also if the machine stops now, or nothing. The registry can then only be closed. */
int registry_commit(struct registry *r, cordon_error **err);
void registry_close(struct registry *r); /* NULL allowed */
/* Of a writer, before its commit: what is open must stay as it is. */
const char *registry_home(const struct registry *r);

/* For tests: called at each named point between two things that reach the disk; it may end the process. Points of this room: registry_points. */
typedef void registry_hook_fn(void *data, const char *point);
void registry_set_hook(struct registry *r, registry_hook_fn *fn, void *data);
void registry_point(struct registry *r, const char *point); /* for whoever writes more than the registry does */
extern const char *const registry_points[]; /* NULL-terminated */

/* ---- the store: the bundles' files; writers only but for registry_store_open ---- */

/* Where bundles are staged: on the store's file system, swept of what was left behind. Needs no open registry. The caller frees. */
int registry_staging(const char *home, char **ret, cordon_error **err);
/* Moves the staged folder `path`, settled (bundle_settle), to its place. If the store has it already, undamaged, it stays where it is, for its owner to discard. */
int registry_store_add(struct registry *r, const char *path, const uint8_t digest[REGISTRY_DIGEST], cordon_error **err);
/* The folder of a bundle. 1: open; 0: it is not there. *ret_path: NULL allowed; the caller frees. */
int registry_store_open(struct registry *r, const uint8_t digest[REGISTRY_DIGEST], int *ret_fd, char **ret_path, cordon_error **err);
/* Is it there, file by file as it was put there? All of it is read. */
bool registry_store_is_whole(struct registry *r, const uint8_t digest[REGISTRY_DIGEST]);

/* How many folders there are that no row names, which the next that writes sweeps; of a reader. */
int registry_store_orphans(struct registry *r, size_t *ret, cordon_error **err);

/* ---- skills ---- */

/* The installed one; `version` NULL: the one in force, else the newest kept with that version. 1: found; 0: there is none. */
int registry_get(struct registry *r, const char *name, const char *version, struct registry_version *ret, cordon_error **err);
/* Those in force, by name. */
int registry_all(struct registry *r, struct registry_versions *ret, cordon_error **err);
/* Those kept of one name, newest first. */
int registry_kept(struct registry *r, const char *name, struct registry_versions *ret, cordon_error **err);
/* Puts it in force: a new version, or, of the same bundle, the kept one renewed; versions beyond those that are kept go. v->id is ignored. */
int registry_put(struct registry *r, const struct registry_version *v, cordon_error **err);
/* Puts a kept version in force. */
int registry_use(struct registry *r, const char *name, int64_t id, cordon_error **err);
/* Removes the name with its versions, grants and limits. Pin and highest version stay. 1: removed; 0: there was none. */
int registry_remove(struct registry *r, const char *name, cordon_error **err);

/* ---- what the operator said ---- */

/* grant: as grant_print writes it; folder: which one it is of, as its writer knows it again, or NULL; by: the user; how: "install", "grant", "apply" */
struct registry_grant { char *grant, *folder, *by, *how; uint64_t at_ms; };
struct registry_grants { struct registry_grant *item; size_t n; };
void registry_grants_finish(struct registry_grants *g);
/* Grants belong to the name, the source and the publisher of `v`, or, unsigned, its bundle. */
int registry_grants(struct registry *r, const struct registry_version *v, struct registry_grants *ret, cordon_error **err);
/* `grant` in canonical form; twice is once, but with another `folder` (NULL allowed) the new one counts. Whether it is asked for is the caller's question. */
int registry_grant(struct registry *r, const struct registry_version *v, const char *grant, const char *folder, const char *how, cordon_error **err);
/* NULL: all, of whatever source and publisher. How many there were. */
int registry_revoke(struct registry *r, const struct registry_version *v, const char *grant, cordon_error **err);

struct registry_limits { uint64_t value[CORDON_LIMIT_COUNT]; }; /* 0: not set */
int registry_limits(struct registry *r, const char *name, struct registry_limits *ret, cordon_error **err);
/* 0 unsets it. */
int registry_set_limit(struct registry *r, const char *name, enum cordon_limit limit, uint64_t value, cordon_error **err);

/* ---- trust ---- */

struct registry_key { char id[REGISTRY_KEY + 1]; char *pattern, *by; uint64_t at_ms; };
struct registry_keys { struct registry_key *item; size_t n; };
void registry_keys_finish(struct registry_keys *k);
int registry_keys(struct registry *r, struct registry_keys *ret, cordon_error **err);
/* Trusts a key for the names that fit `pattern` (trust_pattern_check). */
int registry_trust(struct registry *r, const char *key, const char *pattern, cordon_error **err);
/* `pattern` NULL: for all. How many there were. */
int registry_untrust(struct registry *r, const char *key, const char *pattern, cordon_error **err);

/* What a version's signature is worth now. */
enum registry_standing {
    REGISTRY_UNSIGNED,
    REGISTRY_BAD_SIGNATURE,  /* it does not hold */
    REGISTRY_UNKNOWN_KEY,    /* it holds, and nobody trusts the key for this name */
    REGISTRY_TRUSTED,
};
const char *registry_standing_words(enum registry_standing s); /* static */
/* Checks the signature over name, version and bundle digest, and asks the keys. */
int registry_standing(struct registry *r, const struct registry_version *v, enum registry_standing *ret, cordon_error **err);
/* The lower of what was recorded and what the standing says: a signature that does not hold, or a key that is not trusted, makes it untrusted. Unsigned ones stay
 * local if they were recorded so. */
enum cordon_tier registry_tier(const struct registry_version *v, enum registry_standing standing);

/* The key that a name was first signed with: 1; 0: none. */
int registry_pin(struct registry *r, const char *name, char ret[REGISTRY_KEY + 1], cordon_error **err);
/* Pins this key in place of any other, and notes that it was seen (publisher_keys). */
int registry_set_pin(struct registry *r, const char *name, const char *key, cordon_error **err);
/* Keys that skills were signed with: `names` is a JSON array of the names that are pinned to it. */
struct registry_seen_key { char *id, *names, *first_seen, *last_used; };
struct registry_seen { struct registry_seen_key *item; size_t n; };
void registry_seen_finish(struct registry_seen *s);
int registry_seen(struct registry *r, struct registry_seen *ret, cordon_error **err);
/* The highest version that was ever installed under this name by this publisher ("": unsigned). 1; 0: none. The caller frees. */
int registry_highest(struct registry *r, const char *name, const char *publisher, char **ret, cordon_error **err);
int registry_set_highest(struct registry *r, const char *name, const char *publisher, const char *version, cordon_error **err);

/* ---- registry.gen: has anything been committed since? ---- */

struct registry_gen { const _Atomic uint64_t *now; }; /* NULL: there is none */
/* One plain load tells: no lock, no system call. 1: mapped; 0: there is no registry. */
int registry_gen_open(const char *home, struct registry_gen *ret, cordon_error **err);
void registry_gen_close(struct registry_gen *g);
