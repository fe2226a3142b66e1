/* SPDX-License-Identifier: Apache-2.0
 * What surrounds the host: the machine's abilities, locking a process in, the helper program. */
#ifndef CORDON_SYSTEM_H
#define CORDON_SYSTEM_H

#include <cordon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library, "MAJOR.MINOR.PATCH". Static storage. */
CORDON_API const char *cordon_version(void);
/** The version of Wasmtime inside. Static storage. */
CORDON_API const char *cordon_engine_version(void);

/** A stranger's text (a log line, a name, doc comments, an answer) made harmless for a terminal: control characters (ESC, C1, DEL too), bidi controls, line separators and
 *  bytes that are not UTF-8 become \xNN or \u{NNNN}; `keep_newlines` leaves \n and \t as they are. Errors' and outcomes' messages need it no more. NULL if out of memory
 *  or longer than 256 MiB. The caller frees with cordon_free. Any thread. */
CORDON_API char *cordon_escape(const char *text, size_t len, bool keep_newlines);

/** Checks the machine: kernel facilities (Landlock ABI, seccomp, openat2, vm.max_map_count), cache folder, helper, toolchain for `build`, effective defaults and ceilings.
 *  One JSON object {"cordon":1,"ok":bool,"checks":[{"name","status":"ok|warn|fail","detail","hint"}],…}. The caller frees with cordon_free. `opts` may be NULL. */
CORDON_API int cordon_doctor(const cordon_host_opts *opts, char **ret_json, cordon_error **err);

/** Locks the calling process in for good: no_new_privs, a Landlock domain without any file beyond what is open, and a seccomp filter without exec, sockets, ptrace and new files.
 *  For a process that has loaded its skill and only runs guests from now on; threads started later inherit it, and it must be called while the process has one thread.
 *  What the kernel lacks is left out and named in *ret_missing (static text or NULL). */
CORDON_API int cordon_lock_in(cordon_host *host, const char **ret_missing, cordon_error **err);

/** main() of the helper program: reads a job from descriptor 0, answers on 1, exits. For libexec/cordon-helper alone. */
CORDON_API int cordon_helper_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
