/* SPDX-License-Identifier: Apache-2.0
 * Cleanup attributes: an owner declared with one of these is released when it leaves scope; `take()` hands it on. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(fn) __attribute__((cleanup(fn)))

#ifdef CORDON_LINT /* gcc 12's analyzer comes after the optimizer, which leaves out the NULL that a pointer has until it is set; clang-tidy sees it */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-use-of-uninitialized-value"
#endif
static inline void cleanup_free_p(void *p) { free(*(void **)p); }
#ifdef CORDON_LINT
#pragma GCC diagnostic pop
#endif
static inline void cleanup_fd_p(int *fd) { if (*fd >= 0) close(*fd); }
static inline void cleanup_file_p(FILE **f) { if (*f) fclose(*f); }
#define cleanup_free cleanup(cleanup_free_p)
#define cleanup_fd cleanup(cleanup_fd_p)
#define cleanup_file cleanup(cleanup_file_p)

/* The value of an owning pointer, which is left NULL. */
#define take(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
#define take_fd(fd) ({ int take_ = (fd); (fd) = -1; take_; })
