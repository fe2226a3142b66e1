/* SPDX-License-Identifier: Apache-2.0
 * Cordon's home: the folder of what it keeps for its operator. Ours, 0700, and nobody else can put another in its place. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>

struct home {
    char *path; /* owned; absolute */
    int fd;     /* of the folder; -1: it is not there */
};

#define HOME_NONE {.fd = -1}

/* `given`, else $CORDON_HOME, else $XDG_DATA_HOME/cordon, else ~/.local/share/cordon; the caller frees *ret. UNSAFE_PATH if it is not absolute, or there is no such place. */
int home_find(const char *given, char **ret, cordon_error **err);
/* Opens it (`given` as above) and makes what is missing. */
int home_make(const char *given, struct home *ret, cordon_error **err);
/* Makes nothing: 1: open; 0: it is not there. */
int home_open(const char *given, struct home *ret, cordon_error **err);
/* The folder `name` in it, made if `make`; *ret_path is owned by the caller. 1: open; 0: it is not there. */
int home_folder(const struct home *h, const char *name, bool make, int *ret_fd, char **ret_path, cordon_error **err);
void home_finish(struct home *h);
