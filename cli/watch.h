/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that an author changes: one descriptor that is readable when something happened, and the question whether it counts.
 *
 * What does not count: names that begin with a dot or are left by editors, folders that hold what tools make (a CACHEDIR.TAG; node_modules, target, __pycache__), and
 * in a project the component that building puts beside its manifest. Links in a folder are not followed.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { WATCH_NAME_MAX = 256, WATCH_IDS_MAX = 1024 };

struct watch;

int watch_new(struct watch **ret, cordon_error **err);
void watch_free(struct watch *w);   /* NULL allowed */

/* A folder that a program writes to while it runs: what happens in it does not count. To be said before watch_folder. What is not there is ignored. */
int watch_except(struct watch *w, const char *path, cordon_error **err);
/* All that is in the folder, new folders included. `id`: for watch_take, below WATCH_IDS_MAX. `project`: its *.wasm are made, not written. Errors: NOT_FOUND, NO_RESOURCES (more folders than the system or WATCH_FOLDERS_MAX
 * allow), USAGE (an exception is around it), IO. */
int watch_folder(struct watch *w, const char *path, unsigned id, bool project, cordon_error **err);
/* One file, whether it is written in place or replaced; through a link, and the link itself. It need not be there, its folder must. */
int watch_file(struct watch *w, const char *path, unsigned id, cordon_error **err);

int watch_fd(const struct watch *w);
/* Takes what happened, without waiting. 1: something counts, and `what` names the first of it (a path in the folder; a stranger's text); 0: nothing does. NOT_FOUND: a
 * watched folder is gone. */
int watch_read(struct watch *w, char what[WATCH_NAME_MAX], cordon_error **err);
/* Did something of that id count since this was asked last? */
bool watch_take(struct watch *w, unsigned id);
/* After a change: waits until nothing happens for a tenth of a second, at most two seconds. Saving is more than one event, and a checkout many. `what` becomes what a temporary
 * file was renamed to. */
int watch_settle(struct watch *w, char what[WATCH_NAME_MAX], cordon_error **err);
