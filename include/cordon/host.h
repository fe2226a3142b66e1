/* SPDX-License-Identifier: Apache-2.0
 *
 * The host: engines, scheduler, code cache. One per process is enough; several do not disturb each other.
 *
 * Threads. A host starts one thread when it is made, a ticker that sleeps while no guest runs. Its workers are started
 * together when the first call needs one: an asynchronous call, or a synchronous one that waits or uses up its first
 * slice. One more thread, for WASI's timers, is started with the first skill that can wait, and one for the network with
 * the first request to it. On all of them
 * every signal is blocked but those that a fault raises on the thread itself.
 * Signals. Wasmtime installs handlers for SIGSEGV, SIGILL, SIGFPE and SIGBUS when the first engine is made (with the
 * first skill), and passes on what is not a guest's. A program that replaces them later breaks the handling of traps.
 * Descriptors. Three of its own, two of the code cache, one for each loaded skill, four for each worker, four for the
 * network and one for each connection; libuv takes two more, once.
 * fork. A child of a process with a host must exec or _exit; it must not use the host. A host starts its helper with
 * posix_spawn.
 */
#ifndef CORDON_HOST_H
#define CORDON_HOST_H

#include <cordon/error.h>
#include <cordon/limits.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A host. */
typedef struct cordon_host cordon_host;
/** What a host is made with. */
typedef struct cordon_host_opts cordon_host_opts;

/** New options with every default; NULL if out of memory. The caller frees them; a host keeps nothing of them. */
CORDON_API cordon_host_opts *cordon_host_opts_new(void);
/** NULL allowed. */
CORDON_API void cordon_host_opts_free(cordon_host_opts *opts);
/** Worker threads: 1 to 64 (default: one per core), or 0: guests run inside cordon_host_dispatch and synchronous calls.
 *  Errors: USAGE. */
CORDON_API int cordon_host_opts_set_workers(cordon_host_opts *opts, unsigned workers, cordon_error **err);
/** Sandboxes per tier, 16 to 20,000 (default 1,000): how many calls can be under way at once. Each takes about 5
 *  mappings while it is in use (vm.max_map_count), and more of them cost address space and start-up time; where the
 *  machine refuses that many, half as many are made, down to 16. Errors: USAGE. */
CORDON_API int cordon_host_opts_set_sandboxes(cordon_host_opts *opts, unsigned n, cordon_error **err);
/** Folder for compiled code, absolute (else USAGE); made with mode 0700 when the first skill is loaded, and refused
 *  then if others can write it or anything above it. Default: $XDG_CACHE_HOME/cordon, else ~/.cache/cordon. */
CORDON_API int cordon_host_opts_set_cache_dir(cordon_host_opts *opts, const char *path, cordon_error **err);
/** Cordon's home, absolute (else USAGE): where the secrets and memories that a request is granted are kept
 *  (cordon/keep.h). It is looked at when such a grant is given. Default: $CORDON_HOME, else $XDG_DATA_HOME/cordon, else
 *  ~/.local/share/cordon. */
CORDON_API int cordon_host_opts_set_home(cordon_host_opts *opts, const char *path, cordon_error **err);
/** The helper program that validates and compiles, absolute (else USAGE). Default: the installed one, else
 *  cordon-helper beside the running program if nobody else can write there. */
CORDON_API int cordon_host_opts_set_helper(cordon_host_opts *opts, const char *path, cordon_error **err);
/** The program that starts and confines local scripts, absolute (else USAGE). Default: as for the helper, by the name
 *  cordon-supervisor. */
CORDON_API int cordon_host_opts_set_supervisor(cordon_host_opts *opts, const char *path, cordon_error **err);
/** May local scripts run as root, and where the kernel has no Landlock? Neither, by default: cordon_script_run is then
 *  refused there. */
CORDON_API void cordon_host_opts_set_scripts(cordon_host_opts *opts, bool as_root, bool without_landlock);
/** Bounds of one compilation in the helper: address space (64 MiB to 64 GiB), CPU seconds and wall-clock seconds (up to
 *  3,600). Defaults 4 GiB, 60 s, 120 s. 0 leaves one as it is. Errors: BAD_LIMIT. */
CORDON_API int cordon_host_opts_set_compile_bounds(cordon_host_opts *opts, uint64_t memory_bytes, unsigned cpu_s,
                                                   unsigned wall_s, cordon_error **err);
/** What the compiled code may take up on disk, 16 MiB to 16 TiB (default 2 GiB): when more has been stored, what was
 *  used least recently is removed. Errors: USAGE. */
CORDON_API int cordon_host_opts_set_cache_max(cordon_host_opts *opts, uint64_t bytes, cordon_error **err);
/** Addresses that names which a request is granted may lead to besides the open internet: one, or a range
 *  ("10.0.0.0/8", "fd00::/8"). Adds to those there are, at most 64. Errors: USAGE. */
CORDON_API int cordon_host_opts_allow_private(cordon_host_opts *opts, const char *range, cordon_error **err);
/** A proxy ("http://HOST:PORT") that everything but this machine is reached through; it resolves the names then.
 *  Default: none, whatever the environment says. Errors: USAGE. */
CORDON_API int cordon_host_opts_set_proxy(cordon_host_opts *opts, const char *url, cordon_error **err);
/** Certificate authorities in PEM form, an absolute path (else USAGE), in place of the system's. Read when the network
 *  is first needed. */
CORDON_API int cordon_host_opts_set_ca_file(cordon_host_opts *opts, const char *path, cordon_error **err);
/** Ceiling of a limit in a tier, in the unit of the limit's name, below or above what is shipped
 *  (cordon_limit_ceiling). The program that embeds the library decides this, never a skill. Errors: BAD_LIMIT for 0 and
 *  for what no sum could hold (above 1 TiB, 30 days; fuel may be anything), USAGE for an unknown tier or limit. */
CORDON_API int cordon_host_opts_set_ceiling(cordon_host_opts *opts, enum cordon_tier tier, enum cordon_limit limit,
                                            uint64_t value, cordon_error **err);
/** Default of a limit in a tier. Not above the ceiling, which cordon_host_new checks. Errors as there. */
CORDON_API int cordon_host_opts_set_default(cordon_host_opts *opts, enum cordon_tier tier, enum cordon_limit limit,
                                            uint64_t value, cordon_error **err);

/** Reads the operator's settings and puts what they set into `opts` (cordon-config(5) describes the files):
 *  /etc/cordon/config.toml, which sets the frame, and `config_path`, which within that frame may only narrow; NULL:
 *  config.toml in $CORDON_HOME, else in $XDG_CONFIG_HOME/cordon, else in ~/.config/cordon. What no file sets stays as
 *  it is, and so does everything after an error; a setter that is called later wins. A program calls this if its user
 *  is the operator; nothing is read unless it does. Where neither file is there, it costs two calls of open. Errors:
 *  BAD_CONFIG (names file, line, column and key), UNSAFE_PATH (a file that others can write or replace, a CORDON_HOME
 *  that is not absolute), IO (a file cannot be read; `config_path` is not there). */
CORDON_API int cordon_host_opts_load(cordon_host_opts *opts, const char *config_path, cordon_error **err);
/** The ceiling of a limit in a tier as these options have it. 0 outside the enums. */
CORDON_API uint64_t cordon_host_opts_ceiling(const cordon_host_opts *opts, enum cordon_tier tier,
                                             enum cordon_limit limit);
/** The default of a limit in a tier as these options have it. 0 outside the enums. */
CORDON_API uint64_t cordon_host_opts_default(const cordon_host_opts *opts, enum cordon_tier tier,
                                             enum cordon_limit limit);
/** False if the settings say that flags may neither raise a limit above its default nor grant anything (`[policy] flags
 *  = false`). For whoever reads a command line or the like; the library itself does not know where a caller's values
 *  come from. */
CORDON_API bool cordon_host_opts_flags(const cordon_host_opts *opts);
/** Reads a limit that a flag gives, as cordon_limit_parse does, but within these options: up to the ceiling, or the
 *  default where flags may raise nothing. Errors: BAD_LIMIT, naming the bound. */
CORDON_API int cordon_host_opts_parse_limit(const cordon_host_opts *opts, enum cordon_tier tier,
                                            enum cordon_limit limit, const char *text, uint64_t *ret,
                                            cordon_error **err);
/** May a target that is not installed be run in `tier`? Untrusted always; verified where the settings allow it
 *  (`[policy] highest_tier`); local never. Errors: TIER_REFUSED. */
CORDON_API int cordon_host_opts_check_tier(const cordon_host_opts *opts, enum cordon_tier tier, cordon_error **err);

/** Makes a host. `opts` may be NULL: every default. Engines, helper and cache are made when first needed, so what is
 *  wrong with them is told by cordon_skill_load. Errors: BAD_LIMIT (a default above its ceiling), IO.
 *  The caller frees. */
CORDON_API int cordon_host_new(const cordon_host_opts *opts, cordon_host **ret, cordon_error **err);
/** Cancels what cordon_request_start started and has not ended, waits until all is given back, delivering completions
 *  meanwhile, and frees. Nothing can be started meanwhile. Skills, requests, calls and outcomes of the host must be
 *  freed before, and no other thread may be in a synchronous call. Not from inside a completion. NULL allowed. */
CORDON_API void cordon_host_free(cordon_host *host);

/** A descriptor that is readable when cordon_host_dispatch has something to do. Owned by the host; poll it, do not read
 *  it. */
CORDON_API int cordon_host_fd(const cordon_host *host);
/** Delivers finished calls (their completions run on this thread and nowhere else); with workers = 0 also runs guests,
 *  a slice each. Blocks for about one slice (1 ms) at most, completions aside. Returns the number of completions
 *  delivered. One thread at a time. */
CORDON_API size_t cordon_host_dispatch(cordon_host *host);
/** Longest time in ms that poll() on the descriptor may sleep before the next dispatch (deadlines with workers = 0);
 *  -1: any. */
CORDON_API int cordon_host_timeout_ms(const cordon_host *host);
/** Waits until no call is running or waiting to be delivered, dispatching meanwhile: everything has then been given
 *  back but what kept outcomes hold. One thread at a time, as cordon_host_dispatch. Errors: WOULD_DEADLOCK from inside
 *  a completion or a host function, which it would wait for. */
CORDON_API int cordon_host_quiesce(cordon_host *host, cordon_error **err);

/** Numbers about the host now; for tests, metrics and leak checks. */
struct cordon_host_stats {
    uint64_t calls_started;    /**< since the host was made */
    uint64_t calls_ended;      /**< of these */
    uint64_t sandboxes_in_use; /**< over all tiers; a kept outcome of a synchronous call may hold one */
    uint64_t skills_loaded;    /**< and not yet freed, requests and running calls included */
    unsigned threads;          /**< ticker, workers and the timer thread, as far as they run */
};
/** Fills *ret. */
CORDON_API void cordon_host_stats(const cordon_host *host, struct cordon_host_stats *ret);

#ifdef __cplusplus
}
#endif
#endif
