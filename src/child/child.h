/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of Cordon's own that run as its children: where they are, how they are started with nothing but the descriptors they are given, how their end is
 * seen. What a child does, and what bounds it, is its owner's.
 */
#pragma once
#include <cordon/error.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* A child's descriptors are 0, 1, ...: as many as it is given, at most these. Descriptors that are made for one lie above. */
enum { CHILD_FDS_MAX = 8 };

struct child_program {
    const char *what;        /* "the helper" */
    const char *name;        /* "cordon-helper" */
    const char *installed;   /* its absolute path */
    const char *word;        /* its one argument */
};

struct child {
    pid_t pid;
    int pidfd;   /* -1: it is no child of ours any more, where children are not kept for us (SIGCHLD ignored) */
};

/* ---- find.c ---- */
/* Its path, absolute and executable: the one given (NULL: none), else one beside the running program, else the installed one. The caller frees *ret. */
int child_find(const struct child_program *program, const char *given, char **ret, cordon_error **err);

/* ---- start.c ---- */
/* Both ends are closed at exec and lie above CHILD_FDS_MAX; the reading one does not block. */
int child_pipe(int *ret_read, int *ret_write, cordon_error **err);
/* Starts `path` with fds[0..n) as its descriptors and no other, in folder `/`, a session of its own, default signals, an empty environment (but for where the
 * loader finds the libraries that we were started with). */
int child_start(const struct child_program *program, const char *path, const int *fds, size_t n, struct child *ret, cordon_error **err);
/* False: it is no child of ours any more. `flags` as for waitid. Out-parameters may be NULL. */
bool child_wait(const struct child *c, int flags, siginfo_t *ret, struct rusage *ret_used);
void child_kill(const struct child *c);
/* Adds to *err what to do about a program that is not there. Returns its negative code. */
int child_missing_hint(const struct child_program *program, cordon_error **err);

/* ---- bound.c ---- */
/* Lowers a resource limit of this process: what is lower already stays. */
int child_bound(__rlimit_resource_t what, uint64_t soft, uint64_t hard, cordon_error **err);
