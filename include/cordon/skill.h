/* SPDX-License-Identifier: Apache-2.0
 *
 * A skill: an artifact that was validated, compiled (both in the helper process) and linked for one tier, ready to be called any number of times at once.
 */
#ifndef CORDON_SKILL_H
#define CORDON_SKILL_H

#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cordon_skill cordon_skill;

/** Loads the artifact at `path` (component, core command module of WASI preview 1, or their text form; "-" is not known here) for `tier`. The first load of some
 *  bytes compiles them, which can take seconds; later ones take the code from the cache.
 *  Errors: NOT_FOUND, IO, TOO_LARGE, BAD_ARTIFACT, NOT_A_COMPONENT, UNKNOWN_IMPORT, BAD_SIGNATURE, UNSUPPORTED_FEATURE, COMPILE_LIMIT, UNSAFE_PATH,
 *  NO_RESOURCES, TIER_REFUSED (local: what is WebAssembly runs on the verified engine only if installed so). Any thread; blocks. The caller frees. */
CORDON_API int cordon_skill_load(cordon_host *host, const char *path, enum cordon_tier tier, cordon_skill **ret, cordon_error **err);
/** The same from bytes; `name` is for messages and for the guest's context. */
CORDON_API int cordon_skill_load_bytes(cordon_host *host, const char *name, const void *bytes, size_t len, enum cordon_tier tier,
                                       cordon_skill **ret, cordon_error **err);
/** Gives up this reference; running calls keep the code alive until they end. NULL allowed. Any thread. */
CORDON_API void cordon_skill_free(cordon_skill *skill);

/** The name: the file's without its ending, or what was given. Lives as long as the skill. */
CORDON_API const char *cordon_skill_name(const cordon_skill *skill);
CORDON_API enum cordon_tier cordon_skill_tier(const cordon_skill *skill);

/** What the skill is, as one JSON object: `name`, `tier`, `digest` (sha256:…), `kind` (component | command), `size_bytes`, `code_bytes`, `world` (skill | command | http | custom),
 *  `imports` (each with `name`, `offered`), `asks` (capabilities the imports can use), `exports` (each with `name`, `type`, `callable`, `why_not`, `docs`, `params` as JSON
 *  Schema, `result`), `default_export`, `missing` (exports of the skill world it lacks), `limits` (each with `value`, `origin`, `ceiling`), `resources` (core instances, memories, tables), `warnings`.
 *  The caller frees with cordon_free. */
CORDON_API int cordon_skill_describe(const cordon_skill *skill, char **ret_json, cordon_error **err);
/** The component's WIT as text, printed when it was compiled, in the helper process. BAD_ARTIFACT if the printer gave up on it. The caller frees with cordon_free. */
CORDON_API int cordon_skill_wit(const cordon_skill *skill, char **ret_text, cordon_error **err);

enum cordon_tool_format { CORDON_TOOLS_MCP, CORDON_TOOLS_OPENAI, CORDON_TOOLS_ANTHROPIC };
/** The callable exports as tools of a model: a JSON array. get-name and get-description of the skill world are left out; `execute` gets the skill's name and
 *  takes {"input": string}. The caller frees with cordon_free. */
CORDON_API int cordon_skill_tools(const cordon_skill *skill, enum cordon_tool_format format, char **ret_json, cordon_error **err);

/** Frees what a function of this library gave as `char **`. NULL allowed. */
CORDON_API void cordon_free(void *p);

#ifdef __cplusplus
}
#endif
#endif
