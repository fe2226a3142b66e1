/* SPDX-License-Identifier: Apache-2.0
 *
 * A skill: an artifact that was validated, compiled (both in the helper process) and linked for one tier, ready to be
 * called any number of times at once. Loading runs nothing of it.
 */
#ifndef CORDON_SKILL_H
#define CORDON_SKILL_H

#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A skill. */
typedef struct cordon_skill cordon_skill;

/** Loads the artifact at `path` for `tier`: a component, a core module of WASI preview 1 with `_start`, or of the blufio
 *  ABI, the text form of any of these, a stub (JSON that stands where a skill has no code, and whose `body` is its answer)
 *  or a SKILL.md of type prompt; a file, at most
 *  64 MiB (text 4 MiB, a stub 1 MiB). The first load of some bytes compiles them, which can take
 *  seconds; later ones take the code from the cache, and what was refused is refused again at once. Errors, of the
 *  file: NOT_FOUND, IO, TOO_LARGE, BAD_ARTIFACT, NOT_A_COMPONENT, UNKNOWN_IMPORT, BAD_SIGNATURE (an import, `execute` or
 *  a module's `run` of another type), UNSUPPORTED_FEATURE, COMPILE_LIMIT. Of the host: TIER_REFUSED (CORDON_TIER_LOCAL), UNSAFE_PATH
 *  (the cache folder), USAGE (no place for one), MISSING_TOOL (no helper), KERNEL (the helper cannot be confined),
 *  NO_RESOURCES. Blocks. The caller frees *ret. */
CORDON_API int cordon_skill_load(cordon_host *host, const char *path, enum cordon_tier tier, cordon_skill **ret,
                                 cordon_error **err);
/** The same from `len` bytes, which are not kept; `name` is for messages and for the guest's context. */
CORDON_API int cordon_skill_load_bytes(cordon_host *host, const char *name, const void *bytes, size_t len,
                                       enum cordon_tier tier, cordon_skill **ret, cordon_error **err);
/** Loads a skill from its folder, by the manifest in it: skill.toml, Component.toml or SKILL.md (of several, those that
 *  agree). The manifest names the skill and its code, which lies in the folder; its limits, cut to the ceiling, are those
 *  of each request; what it asks for is all that a request may be allowed (NOT_ASKED); its trust tier lowers `tier`, and
 *  never raises it. A SKILL.md of type prompt runs no code: its body is its answer. Errors as of cordon_skill_load, and
 *  BAD_MANIFEST, which names file, line, column and key; NOT_FOUND also where the folder holds no manifest or no code;
 *  TIER_REFUSED where the code is a script. Blocks. The caller frees *ret. */
CORDON_API int cordon_skill_load_folder(cordon_host *host, const char *path, enum cordon_tier tier, cordon_skill **ret,
                                        cordon_error **err);
/** Gives up this reference; requests and running calls keep the code alive until they end. NULL allowed. */
CORDON_API void cordon_skill_free(cordon_skill *skill);

/** The name: the file's without its ending, or what was given; escaped, at most 128 bytes of it. Lives as long as the
 *  skill. */
CORDON_API const char *cordon_skill_name(const cordon_skill *skill);
/** The tier it was loaded for. */
CORDON_API enum cordon_tier cordon_skill_tier(const cordon_skill *skill);

/** What the skill is, as one JSON object: `cordon` (1), `name`, `tier`, `digest` (sha256:…), `kind` (component |
 *  command | blufio | stub | prompt), `size_bytes`, `code_bytes`, `world` (skill | command | http | blufio | custom), `imports` (each with `name`,
 *  `offered`), `asks` (with a manifest, what it asks for, as grants; else capabilities that its imports can use), `exports` (each with `name`, `type`, `callable`,
 *  `why_not`, `docs`, `params` and `result` as JSON Schema), `default_export`, `missing` (exports of the skill world it
 *  lacks), `limits` (by name, each with `value`, `origin`, `ceiling`, and `wanted`: what a manifest says above the
 *  ceiling, else null), `manifest` (null, or `file`, `version`, `description`, `author`, `export`, `trust_tier`, `parents`,
 *  `dependencies` and `asks`, each with `grant`, `words`, `needs_word`: a yes to everything does not give it), `resources` (`memories`, `tables`,
 *  `initial_memory_bytes`, `initial_table_elements`), `warnings`. Names and docs in it are a stranger's. The caller
 *  frees with cordon_free. */
CORDON_API int cordon_skill_describe(const cordon_skill *skill, char **ret_json, cordon_error **err);
/** The component's WIT as text, printed when it was compiled, in the helper process; a stranger's text. Errors:
 *  BAD_ARTIFACT if the printer gave up on it, or it is above 1 MiB. The caller frees with cordon_free. */
CORDON_API int cordon_skill_wit(const cordon_skill *skill, char **ret_text, cordon_error **err);

/** Who the tools are described for. */
enum cordon_tool_format { CORDON_TOOLS_MCP, CORDON_TOOLS_OPENAI, CORDON_TOOLS_ANTHROPIC };
/** The callable exports as tools of a model: a JSON array. get-name and get-description of the skill world are left
 *  out, as are commands; `execute` gets the skill's name and takes {"input": string}; so does `run` of
 *  the blufio ABI, whose input is any JSON. Errors: BAD_ARTIFACT if two would
 *  have one name, TOO_LARGE for a schema above 64 KiB, USAGE for an unknown format. The caller frees with
 *  cordon_free. */
CORDON_API int cordon_skill_tools(const cordon_skill *skill, enum cordon_tool_format format, char **ret_json,
                                  cordon_error **err);

/** Frees what a function of this library gave as `char **`. NULL allowed. */
CORDON_API void cordon_free(void *p);

#ifdef __cplusplus
}
#endif
#endif
