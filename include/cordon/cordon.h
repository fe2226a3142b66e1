/* SPDX-License-Identifier: Apache-2.0
 *
 * libcordon: runs WebAssembly components nobody has reason to trust. Include this; the others come with it. The first
 * program is examples/embed/sync.c, one with an event loop of its own examples/embed/epoll.c.
 *
 * Rules that hold for every function, unless it says otherwise:
 *
 *   Errors     A fallible function returns 0, or the negative of an enum cordon_errc, and takes `cordon_error **err`
 *              last (cordon/error.h). Its out-parameters are untouched on failure. Besides the errors a function names,
 *              any may fail with NO_RESOURCES (memory, descriptors, threads) and HOST_BUG (which must not happen).
 *   Ownership  `T *` is borrowed for the length of the call; `T **ret` gives the caller what it must free. A
 *              `const char *` that is returned lives as long as the object it was read from. Strings are copied where
 *              they are kept.
 *   Arguments  NULL only where "NULL allowed" or what NULL means is said. Strings are NUL-terminated.
 *   Threads    Any thread. Two threads may use one host, skill, call or outcome at once; a set of options or a request
 *              is changed by one thread at a time, and not while another uses it.
 *   Lifetime   A host is freed last, after its skills, requests, calls and outcomes.
 *   Output     The library prints nothing, ends no process and keeps no global state.
 */
#ifndef CORDON_H
#define CORDON_H
#include <cordon/audit.h>
#include <cordon/author.h>
#include <cordon/call.h>
#include <cordon/chain.h>
#include <cordon/error.h>
#include <cordon/function.h>
#include <cordon/host.h>
#include <cordon/install.h>
#include <cordon/keep.h>
#include <cordon/limits.h>
#include <cordon/outcome.h>
#include <cordon/push.h>
#include <cordon/registry.h>
#include <cordon/script.h>
#include <cordon/skill.h>
#include <cordon/system.h>
#include <cordon/trust.h>
#endif
