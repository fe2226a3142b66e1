/* SPDX-License-Identifier: Apache-2.0
 *
 * Local scripts: `scripts/run.sh` (bash) or `scripts/run.py` (python3) of a skill's folder, input on stdin, answer on
 * stdout. A script is a program of this machine's and runs with the user's own rights, cut down to what it was granted:
 * no network, no file but its own folder, the system's programs, a scratch folder of its own and the granted folders;
 * no other process, nothing left when it has ended. It is not the sandbox that WebAssembly is. Only the operator says
 * that something is a local script: the grant `exec` stands for that, and the tier is local.
 *
 * cordon-supervisor, a program beside the helper, starts it and holds it to its limits; docs/internals/script.md says
 * how. Each run starts one, and one thread of the caller's waits for it.
 */
#ifndef CORDON_SCRIPT_H
#define CORDON_SCRIPT_H

#include <cordon/host.h>
#include <cordon/outcome.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A script with its grants, limits and input; may be run any number of times, also at once. */
typedef struct cordon_script cordon_script;

/** The script in `folder`; bash goes before python3. `name` is the skill's, for messages, at most 256 bytes of UTF-8.
 *  Nothing runs yet. Errors: NOT_FOUND (no folder, no script in it), BAD_ARTIFACT (what is there is a link or no regular
 *  file), MISSING_TOOL (bash or python3 is not installed), USAGE (a bad name; a folder that is the user's home, or
 *  holds it or Cordon's own data, since a script can read all of its folder). The caller frees. */
CORDON_API int cordon_script_load(cordon_host *host, const char *folder, const char *name, cordon_script **ret,
                                  cordon_error **err);
/** NULL allowed. No run of it may be under way. */
CORDON_API void cordon_script_free(cordon_script *script);

/** Grants something, as cordon_request_allow does: `exec`, without which nothing runs; `read=`, `write=` and `rw=`
 *  folders, which a script sees at their own paths (a grant that gives one another name is refused); `env=NAME`, with
 *  the value that this process has now.
 *  Errors: USAGE for anything else (a script has no network, and no host to ask for secrets or memory), for a grant that
 *  cannot be read and for a folder that cannot be granted. */
CORDON_API int cordon_script_allow(cordon_script *script, const char *grant, cordon_error **err);
/** Grants the variable `name` with this value. Without any, a script has PATH, LANG, HOME and TMPDIR (the scratch
 *  folder); a granted one of these goes before. Errors: USAGE, TOO_LARGE. */
CORDON_API int cordon_script_set_env(cordon_script *script, const char *name, const char *value, cordon_error **err);
/** The input, `len` bytes, copied; empty by default. Errors: TOO_LARGE above the local tier's ceiling. */
CORDON_API int cordon_script_set_input(cordon_script *script, const void *input, size_t len, cordon_error **err);
/** One limit of each run, as cordon_request_set_limit: memory (all processes of the script together), timeout (60 s by
 *  default), input, output, and for stderr log and log-lines. Errors: BAD_LIMIT for 0 and above the local tier's
 *  ceiling of this host; USAGE for a limit that a script does not have. */
CORDON_API int cordon_script_set_limit(cordon_script *script, enum cordon_limit limit, uint64_t value,
                                       const char *origin, cordon_error **err);

/** Runs it and gives its outcome: ok with what it wrote to stdout, which must be UTF-8; err if its exit status is not 0;
 *  trap if a signal ended it; deadline, cancelled, out-of-memory, output-too-large. Its stderr is the log. Blocks until
 *  nothing of it is left. `cancel_fd` readable or hung up cancels it (-1: nothing does); it is not read. Errors, with
 *  which nothing was started: NOT_GRANTED (no `exec`; or this process is root), KERNEL (no Landlock, no seccomp),
 *  TOO_LARGE (input above the limit), NOT_FOUND (a folder is not the one it was), MISSING_TOOL and IO (the supervisor).
 *  The caller frees *ret. */
CORDON_API int cordon_script_run(cordon_script *script, int cancel_fd, cordon_outcome **ret, cordon_error **err);

#ifdef __cplusplus
}
#endif
#endif
