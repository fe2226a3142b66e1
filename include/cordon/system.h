/* SPDX-License-Identifier: Apache-2.0
 *
 * What surrounds the host: versions, the machine's abilities, locking a process in, the helper program.
 */
#ifndef CORDON_SYSTEM_H
#define CORDON_SYSTEM_H

#include <cordon/call.h>
#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library, "MAJOR.MINOR.PATCH". Static storage. */
CORDON_API const char *cordon_version(void);
/** The version of Wasmtime inside. Static storage. */
CORDON_API const char *cordon_engine_version(void);

/** `len` bytes of a stranger's text (a log line, a name, doc comments, an answer) made harmless for a terminal: control
 *  characters (ESC, C1, DEL too), bidi controls, line separators and bytes that are not UTF-8 become \xNN or \u{NNNN};
 *  `keep_newlines` leaves \n and \t as they are. Messages of errors and outcomes need it no more. NULL if out of memory
 *  or longer than 256 MiB. The caller frees with cordon_free. */
CORDON_API char *cordon_escape(const char *text, size_t len, bool keep_newlines);
/** The same for `len` bytes of JSON, which stay JSON of the same meaning: such characters become \uNNNN. Line breaks and
 *  tabs stay. NULL if out of memory or longer than 256 MiB. The caller frees with cordon_free. */
CORDON_API char *cordon_escape_json(const char *json, size_t len);

/** Checks the machine: kernel facilities (Landlock ABI, seccomp, openat2, vm.max_map_count), cache folder, helper,
 *  local scripts, engines, toolchain for building; and tells the defaults and ceilings in force. `opts` as for cordon_host_new. One
 *  JSON object: `cordon` (1), `ok` (no check failed), `version`, `wasmtime`, `checks` (each with `name`, `status` ok |
 *  warn | fail, `detail`, `hint`), `limits` (by tier and name, each with `default` and `ceiling`; null: without end),
 *  `settings` (`files`, each with `path` and whether it was `read`, and `values`, each with `key`, `value` as a settings file would have it, `from` and `line`).
 *  Makes a host and a cache folder. Errors: as of cordon_host_new. The caller frees with cordon_free. */
CORDON_API int cordon_doctor(const cordon_host_opts *opts, char **ret_json, cordon_error **err);

/** Locks the calling process in for good: no new privileges, a seccomp filter without exec, sockets, ptrace, opening of
 *  files and new executable memory, and a Landlock domain without a rule, but for what `request` was granted: its
 *  folders stay within reach. For a process that has loaded its skills and only runs `request` from now on (NULL: what
 *  was granted nothing): nothing can be loaded any more. The filter holds for every thread there is; the
 *  Landlock domain for the calling thread and those started later, so call it on the thread that runs guests, before
 *  workers are started. What the kernel lacks is left out and named in *ret_missing (static text; NULL: nothing is).
 *  Errors: KERNEL. docs/internals/code.md has the list of what is left. */
CORDON_API int cordon_lock_in(cordon_host *host, const cordon_request *request, const char **ret_missing, cordon_error **err);

/** main() of the helper program: reads a job from descriptor 0, answers on 1. Returns the exit status. For
 *  libexec/cordon-helper alone. */
CORDON_API int cordon_helper_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
