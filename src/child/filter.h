/* SPDX-License-Identifier: Apache-2.0
 * Parts of seccomp filters, which are lists of what is allowed. Functions that return int give what libseccomp does: 0, or a negative errno. */
#pragma once
#include <cordon/error.h>
#include <seccomp.h>
#include <stdbool.h>

bool filter_available(void);
/* All is EPERM, so that code that merely looks for an extra goes on without it; another architecture's calls kill the process. Calls that are allowed whatever their arguments go
 * through the kernel's bitmap; the rest is a tree. NULL without memory. */
scmp_filter_ctx filter_new(void);
static inline void filter_release_p(scmp_filter_ctx *f)
{
    if (*f)
        seccomp_release(*f);
}
#define cleanup_filter __attribute__((__cleanup__(filter_release_p)))

#define FILTER_COUNT(a) (sizeof(a) / sizeof *(a))
/* Calls that this architecture does not have are passed over. */
int filter_allow(scmp_filter_ctx f, const int *calls, size_t n);
/* With one of these values in the low 32 bits of argument `arg`, which is what the kernel looks at. */
int filter_allow_values(scmp_filter_ctx f, int call, unsigned arg, const unsigned *values, size_t n);
/* Forking and threads without new namespaces; `own` are flags of clone that must be there. The flags of clone3 cannot be seen from here: it is ENOSYS, and libraries take clone. */
int filter_allow_clone(scmp_filter_ctx f, unsigned own);
/* For every thread there is, or for none. 1: in force; KERNEL. `r` is what filling it gave. */
int filter_load(scmp_filter_ctx f, int r, cordon_error **err);
