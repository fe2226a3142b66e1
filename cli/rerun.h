/* SPDX-License-Identifier: Apache-2.0
 *
 * Doing something again whenever files change. What is done runs in a child of its own each time: it may lock itself in, crash or be ended, and nothing of it is left.
 * A signal that would end the command ends the child first; the command then dies of it.
 */
#pragma once
#include "command.h"
#include "watch.h"
#include <signal.h>
#include <sys/types.h>

struct rerun {
    const struct cli *cli;
    struct watch *watch;            /* owned */
    int signals;                    /* a signalfd */
    sigset_t before;
    int caught;                     /* the signal that ends it; 0: none */
    char changed[WATCH_NAME_MAX];   /* after RERUN_CHANGED: by what; a stranger's text */
};

enum rerun_end {
    RERUN_ENDED,     /* the child has ended by itself: *status as of waitpid */
    RERUN_CHANGED,   /* something changed, and has settled; a child was ended for it */
    RERUN_STOPPED,   /* a signal came, or the watch cannot go on (*err) */
};

/* From here on signals are read from a descriptor. What is watched is added to `watch`. */
int rerun_begin(const struct cli *cli, struct rerun *r, cordon_error **err);
void rerun_finish(struct rerun *r);
/* Runs `body` in a child, whose exit code is what it returns. `restart`: a change ends the child; else it is looked at when the child has ended by itself. */
enum rerun_end rerun_child(struct rerun *r, int (*body)(void *data), void *data, bool restart, int *ret_status, cordon_error **err);
/* Waits for a change. */
enum rerun_end rerun_wait(struct rerun *r, cordon_error **err);
/* A line on stderr, unless --quiet. */
__attribute__((format(printf, 2, 3))) void rerun_say(const struct rerun *r, const char *fmt, ...);
/* "ended with 1", "killed by signal 11" */
void rerun_status_words(int status, char *ret, size_t size);
/* The end of the command: dies of the signal that was caught, after rerun_finish. */
void rerun_reraise(const struct rerun *r);
