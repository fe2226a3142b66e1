/* SPDX-License-Identifier: Apache-2.0
 *
 * Installing: from a source to an installed skill, in steps, so that whoever asks the operator shows exactly what is
 * installed afterwards.
 *
 *     cordon_install_new or cordon_update_new    nothing is touched yet
 *     cordon_install_set_…, _accept              how
 *     cordon_install_fetch                       fetched once, staged, hashed, built or compiled; nothing is installed
 *     cordon_install_describe                    what it is, who signed it, what it asks for, what has changed
 *     cordon_install_allow, _allow_asked,        the operator's answer
 *     _allow_nothing
 *     cordon_install_commit                      the same bytes become the installed skill, in one transaction
 *
 * Only the operator answers. A program that calls _allow_asked without having asked gives a stranger what he wants.
 *
 * One thread at a time for one installation; several at once, in any number of processes, do not harm each other: of two
 * for one name the second is refused with CONFLICT if the first changed what the second showed. All of these block.
 */
#ifndef CORDON_INSTALL_H
#define CORDON_INSTALL_H

#include <cordon/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An installation under way. */
typedef struct cordon_install cordon_install;

/** A change that is refused until the operator says that it is meant. */
enum cordon_accept {
    CORDON_ACCEPT_KEY,      /**< signed by another key than the installed version */
    CORDON_ACCEPT_UNSIGNED, /**< not signed any more, or its code alone is */
    CORDON_ACCEPT_OLDER,    /**< a version below the highest that was ever installed */
    CORDON_ACCEPT_SOURCE,   /**< in place of a skill that came from elsewhere */
    CORDON_ACCEPT_COUNT
};

/** An installation from `source`: a folder, a file (a component, a core module, an archive .tar.gz or .zip),
 *  "https://HOST/…", optionally with "#sha256=" and 64 hex digits, or "oci://HOST/REPOSITORY[:TAG][@sha256:HEX]". A
 *  relative path starts from the working directory. Nothing is looked at yet. Errors: USAGE (a source of another kind,
 *  a digest that is none). The caller frees *ret before the registry. */
CORDON_API int cordon_install_new(cordon_registry *registry, const char *source, cordon_install **ret,
                                  cordon_error **err);
/** An installation of what the installed skill `name` came from, under that name and in its tier. Errors: NOT_FOUND. */
CORDON_API int cordon_update_new(cordon_registry *registry, const char *name, cordon_install **ret, cordon_error **err);
/** Gives up what was not committed, and what was staged. NULL allowed. */
CORDON_API void cordon_install_free(cordon_install *install);

/** The name it is installed under, in place of the manifest's: lower-case letters, digits, `-` and `_`, at most 64. For
 *  two skills of one name. Errors: USAGE. */
CORDON_API int cordon_install_set_name(cordon_install *install, const char *name, cordon_error **err);
/** The highest tier it may have. Local: only for what comes from this machine's files and is this user's. Verified is
 *  what the keys give, so naming it changes nothing; untrusted lowers. Errors: TIER_REFUSED. */
CORDON_API int cordon_install_set_tier(cordon_install *install, enum cordon_tier tier, cordon_error **err);
/** May source be built that is not a project of this user? Not by default. It is built in the sandbox for scripts in
 *  either case. The toolchain's messages go to the descriptor `log_fd` (-1: nowhere). */
CORDON_API void cordon_install_set_build(cordon_install *install, bool build, int log_fd);
/** May what the source needs of others be fetched, as cordon_build_fetch does? Not by default: a folder of this user's has it beside it. */
CORDON_API void cordon_install_set_fetch(cordon_install *install, bool fetch);
/** Only what has this digest is installed: "sha256:" and 64 hex digits, as a description has it. Errors: USAGE. */
CORDON_API int cordon_install_set_digest(cordon_install *install, const char *digest, cordon_error **err);
/** Once the descriptor is readable, cordon_install_fetch gives up, with FETCH_FAILED, and nothing of it is left when the
 *  installation is freed; -1, the default: never. It is not read from, and outlives the fetch. What the helper is doing
 *  with some bytes is waited for. */
CORDON_API void cordon_install_set_cancel(cordon_install *install, int cancel_fd);
/** Accepts a change that is refused otherwise. Errors: USAGE outside the enum. */
CORDON_API int cordon_install_accept(cordon_install *install, enum cordon_accept what, cordon_error **err);

/** Fetches, unpacks, hashes, reads the manifest, checks signature and version against what is installed, validates and
 *  compiles. What is staged is what is committed: nothing is fetched again. Once for an installation. Errors, of the
 *  source: NOT_FOUND (a parent or a dependency, too), FETCH_FAILED, DIGEST_MISMATCH, TOO_LARGE, BAD_ARTIFACT,
 *  BAD_MANIFEST, CONFLICT (another skill, or its version) and those of
 *  cordon_skill_load and cordon_build_run; TRUST_REFUSED (what was not accepted; a signature that does not hold can never
 *  be), TIER_REFUSED; of the home: UNSAFE_PATH, IO, DAMAGED, NEWER_HOME. */
CORDON_API int cordon_install_fetch(cordon_install *install, cordon_error **err);

/** What would be installed, as one JSON object, after cordon_install_fetch: `cordon` (1), `name`, `version`,
 *  `description`, `source`, `digest` (of the bundle), `format` (skill.toml | Component.toml | SKILL.md | null),
 *  `kind` (component | command | blufio | stub | prompt | script), `built`, `tier`, `publisher` (id or null), `signature`
 *  (bundle | code | none), `trusted`, `asks` (each with `grant`, `words`, `from`: the parent it is inherited from or
 *  null, `needs_word`: cordon_install_allow_asked leaves it out, `needs_scope`, `new`: not asked by the installed
 *  version, `granted`: in force and stays; those that need a word last), `could_use` (without a manifest: what its
 *  imports can use), `limits` (by name, each with `value`, `origin`, `text`), `replaces` (null, or `version`, `source`, `digest`,
 *  `publisher`), `changes` (each with `what`, `before`, `after`), `unchanged` (these very bytes are installed, from
 *  there), `consent` (must be answered), `command` (that answers yes to everything, for sh), `files`, `warnings`. Names
 *  and texts in it are a stranger's, but clean: one line, escaped. The caller frees with cordon_free. Errors: USAGE
 *  before the fetch. */
CORDON_API int cordon_install_describe(const cordon_install *install, char **ret_json, cordon_error **err);

/** Answers yes to one thing: a grant as cordon_request_allow takes it. After cordon_install_fetch. Errors: USAGE, NOT_ASKED
 *  (the manifest asks for nothing of the kind). */
CORDON_API int cordon_install_allow(cordon_install *install, const char *grant, cordon_error **err);
/** Answers yes to what is asked with a scope and is harmless enough: not `exec`, secrets, writing, wildcards, literal
 *  addresses, nor what still needs a scope (`needs_word` in the description), nor a folder that is not here. */
CORDON_API int cordon_install_allow_asked(cordon_install *install, cordon_error **err);
/** Answers no to everything that was not allowed; `forget`: what an earlier version was granted goes too. */
CORDON_API int cordon_install_allow_nothing(cordon_install *install, bool forget, cordon_error **err);

/** Makes it the installed skill, with the grants that were answered yes and, of the same name, source and publisher
 *  (unsigned: the same bytes), those that are in force. *ret_json: `cordon` (1), `name`, `version`, `tier`, `digest`,
 *  `unchanged`, `granted` and `not_granted` (grants as text). The caller frees with cordon_free. A kill at any instant
 *  leaves the registry as it was or as it is to be. Errors: CONSENT (nobody answered; the hint is the command to run),
 *  CONFLICT (another process changed what is installed since cordon_install_fetch), USAGE before it, UNSAFE_PATH, IO. */
CORDON_API int cordon_install_commit(cordon_install *install, char **ret_json, cordon_error **err);

/** Installs the skills of another system: `path` is a skill's folder, a folder of such, a system's own folder with
 *  `skills` in it, or blufio's table of skills (a SQLite file); NULL: $BOTERNITY_DATA_DIR, else ~/.boternity. Whatever that
 *  system thought of them, they arrive untrusted and with no grants. `dry_run`: nothing is installed. *ret_json: `cordon` (1),
 *  `dry_run`, `skills`, each with `name`, `version`, `source`, `unchanged`, `warnings`, and `error` (`id`, `message`, `hint`) of one
 *  that was not installed: it does not keep the others back. The caller frees with cordon_free. Errors: NOT_FOUND,
 *  BAD_ARTIFACT (no such table), USAGE (there is no home folder). */
CORDON_API int cordon_import(cordon_registry *registry, const char *path, bool dry_run, char **ret_json,
                             cordon_error **err);

/** Brings the registry to what the file at `path` says, in one transaction, or (`dry_run`) says what would be done. The
 *  file is TOML: `[skills.NAME]` with `source` (a relative path starts from the file's folder), and optionally `digest`,
 *  `key` (who must have signed it), `tier`, `build`, `grants` (these and no others), `limits` (likewise); `[keys]`, ID = a
 *  list of patterns. What is installed from that source already is not fetched again, unless `digest` is another.
 *  `prune`: what the file does not name is removed, trusted keys too. *ret_json: `cordon` (1), `dry_run`, `changes`, each with
 *  `what` (install | replace | remove | grant | revoke | limit NAME | trust | untrust), `name` (of a key: its id), `before`, `after`. The
 *  caller frees with cordon_free. Errors: BAD_CONFIG (names line and column), those of cordon_install_fetch, NOT_ASKED,
 *  TRUST_REFUSED (another key), BAD_LIMIT, CONFLICT. */
CORDON_API int cordon_apply(cordon_registry *registry, const char *path, bool dry_run, bool prune, char **ret_json,
                            cordon_error **err);
/** The file for cordon_apply that says what is installed now: TOML. Secrets are not in it. The caller frees with
 *  cordon_free. */
CORDON_API int cordon_export(cordon_registry *registry, char **ret_text, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
