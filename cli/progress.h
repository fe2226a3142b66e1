/* SPDX-License-Identifier: Apache-2.0
 * One line on a terminal's stderr while something takes more than a second: "compiling hello … 3 s". */
#pragma once
#include <pthread.h>
#include <stdbool.h>

struct progress {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over, shown;
    const char *verb;
    char *what;   /* owned, escaped */
};

/* Starts a thread that waits and writes; 0 or -1. `verb` is static. */
int progress_begin(struct progress *p, const char *verb, const char *what);
/* Ends the thread and wipes the line. */
void progress_end(struct progress *p);
