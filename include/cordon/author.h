/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing skills: new projects, components from source, and cases for a test.
 */
#ifndef CORDON_AUTHOR_H
#define CORDON_AUTHOR_H

#include <cordon/host.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What cordon_new makes. */
enum cordon_template {
    CORDON_TEMPLATE_C,       /**< a skill in C with a typed function and a world of its own */
    CORDON_TEMPLATE_C_SKILL, /**< a skill in C of the skill world: text in, text out */
    CORDON_TEMPLATE_C_BLUFIO,/**< a core module of the blufio ABI, in C */
    CORDON_TEMPLATE_PROMPT,  /**< a SKILL.md of type prompt: no code */
    CORDON_TEMPLATE_JS,      /**< as CORDON_TEMPLATE_C, in JavaScript */
    CORDON_TEMPLATE_JS_SKILL,/**< as CORDON_TEMPLATE_C_SKILL, in JavaScript */
    CORDON_TEMPLATE_TS,      /**< as CORDON_TEMPLATE_C, in TypeScript */
    CORDON_TEMPLATE_TS_SKILL,/**< as CORDON_TEMPLATE_C_SKILL, in TypeScript */
    CORDON_TEMPLATE_PYTHON,  /**< a skill in Python with a typed function and a world of its own */
    CORDON_TEMPLATE_PYTHON_SKILL, /**< a skill in Python of the skill world: text in, text out */
    CORDON_TEMPLATE_RUST,    /**< as CORDON_TEMPLATE_C, in Rust */
    CORDON_TEMPLATE_RUST_SKILL,/**< as CORDON_TEMPLATE_C_SKILL, in Rust */
    CORDON_TEMPLATE_COUNT
};
/** Makes the project `name` in the folder `in` ("." for the working directory): a new folder of that name with source,
 *  manifest, WIT, a README, cases for a test and their answers, whole or not at all. What it makes builds and runs as it stands. A
 *  name is letters, digits, hyphens and underscores, of a prompt lower-case letters, digits and hyphens, at most 128.
 *
 *  *ret_json is an object: `name`, `what` (in words), `files` (their paths in the folder), `next` (commands to go on with);
 *  the caller frees it with cordon_free. Any thread; blocks. Errors: USAGE (the name; something of that name is there
 *  already, which is left alone), IO. */
CORDON_API int cordon_new(const char *in, const char *name, enum cordon_template which, char **ret_json,
                          cordon_error **err);

/** Reads the cases of the project in the folder `dir`: tests/CASE.toml, at most 1,000 of 64 KiB, in the order of their names, each
 *  with its snapshot, tests/CASE.out. Runs nothing. man cordon-test has the keys.
 *
 *  *ret_json is an array of objects: `name`, `expect` (the name of an outcome, or "not-started"), and where the case has
 *  them `export`, `input`, `args` (JSON as text), `argv` (texts), `files` (each with `guest` and `path`: absolute, and in the
 *  project), `env` (texts by name), `output` (any value), `contains`, `error`, `fuel` and `memory` (texts), `snapshot` (the text
 *  of that file). The caller frees it with cordon_free. Any thread; blocks. Errors: NOT_FOUND (no case), BAD_MANIFEST (FILE:LINE:COLUMN,
 *  what is expected there), TOO_LARGE, IO. */
CORDON_API int cordon_cases_read(const char *dir, char **ret_json, cordon_error **err);

/** The language of the project in the folder `dir`, by its files, as `cordon new --lang` names it; NULL: there is nothing to build. Static. Any thread; blocks. */
CORDON_API const char *cordon_language_of(const char *dir);
/** A build of one project: what is to be built, and how. */
typedef struct cordon_build cordon_build;

/** A build of the skill in the folder `dir`, by its language's own tools: C (`*.c`), and whatever else `cordon build
 *  --help` names. In `wit/` there is one world, or nothing: then it is the skill world; of C also a core module of the
 *  blufio ABI, if a source includes "blufio.h" (which is given), or a command, if no source includes either header.
 *  Nothing is looked at yet. `host` is borrowed until the build is freed: what is built is compiled for its tiers. The
 *  caller frees. */
CORDON_API int cordon_build_new(cordon_host *host, const char *dir, cordon_build **ret, cordon_error **err);
/** NULL allowed. */
CORDON_API void cordon_build_free(cordon_build *build);
/** Where the result goes; by default where the manifest says that the code lies, and without one DIR/<the folder's
 *  name>.wasm. A file that is there is replaced as a whole. */
CORDON_API int cordon_build_set_output(cordon_build *build, const char *path, cordon_error **err);
/** The tools' own messages go to the descriptor `fd`, which stays the caller's; -1 (the default): nowhere. */
CORDON_API void cordon_build_set_log(cordon_build *build, int fd);
/** The longest that one run of a tool may take, in seconds: 1 to 3,600, by default 600. Errors: BAD_LIMIT. */
CORDON_API int cordon_build_set_timeout(cordon_build *build, unsigned seconds, cordon_error **err);
/** The tier whose engine it must fit, and for which it is compiled; untrusted by default. */
CORDON_API void cordon_build_set_tier(cordon_build *build, enum cordon_tier tier);
/** Tools run in the sandbox for local scripts (cordon/script.h): no network, nothing of the environment and home, and
 *  of the files the system's programs, the project and a scratch folder. `false`: with the rights of the caller. That
 *  is for a kernel without Landlock, and source that the caller has read. */
CORDON_API void cordon_build_set_sandbox(cordon_build *build, bool sandbox);

/** Fetches what the project needs of others into a folder of the project, by its lock files, which pin every package
 *  by hash and name no address: with the language's own package manager, the caller's rights, environment and network.
 *  Nothing of the project or of what is fetched is run. What is there already is not fetched again. *ret_json is an
 *  object: `lang`, `packages` (the folder's name, or null: this language fetches nothing), `items` (each with `name`
 *  and `version`), `fresh` (it was fetched now); the caller frees it with cordon_free. Any thread; blocks. Errors:
 *  NOT_FOUND, BAD_MANIFEST (a lock file with anything but pinned packages), MISSING_TOOL, BUILD_FAILED (the package
 *  manager failed), IO. */
CORDON_API int cordon_build_fetch(cordon_build *build, char **ret_json, cordon_error **err);
/** Builds, checks and compiles; the result is written whole or not at all. It fits the world of `wit/`, carries its
 *  doc comments and no names or producers, and imports only what Cordon offers. SIGINT, SIGTERM and SIGHUP, where they
 *  would end the process, are held back on the calling thread until nothing is left behind.
 *
 *  *ret_json is an object: `output`, `lang`, `size_bytes`, `code_bytes` (compiled ahead of time), `world`, `imports`
 *  (names), `exports` (each with `name` and `type`), `could_use` (what its imports need a grant for), `asks` (grants
 *  that its manifest asks for; null: it has none), `warnings`; the caller frees it with cordon_free. Any thread;
 *  blocks. Errors: NOT_FOUND, MISSING_TOOL (names the packages, and the command that gets them), BUILD_FAILED,
 *  UNKNOWN_IMPORT and the others of cordon_skill_load, TOO_LARGE, COMPILE_LIMIT, KERNEL (no sandbox here), IO. */
CORDON_API int cordon_build_run(cordon_build *build, char **ret_json, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
