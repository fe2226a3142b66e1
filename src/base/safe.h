/* SPDX-License-Identifier: Apache-2.0
 * Places on disk that nobody else can alter, and files in them that are written whole or not at all. */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* What safe_write leaves behind in a folder when it is killed has a name that begins so. */
#define SAFE_TEMP ".tmp-"

/* ---- safe.c ---- */
/* `path` is real: absolute, no links, no dots. Checks the folders above its last name and, if `whole`, that one like them: each belongs to this user or root, and
 * others can write it only where it is sticky. UNSAFE_PATH, IO. */
int safe_chain(const char *path, bool whole, cordon_error **err);
/* UNSAFE_PATH: "PATH WHAT". `command` and the path are the hint; NULL: there is no command for it, the table's hint stands. */
int safe_refuse(const char *path, const char *what, const char *command, cordon_error **err);

/* ---- safe_folder.c: `path` is absolute; *ret_fd is the caller's ---- */
/* A folder of our own: ours, 0700, nobody else can put another in its place. What is missing of it is made. UNSAFE_PATH, IO. */
int safe_folder_make(const char *path, int *ret_fd, cordon_error **err);
/* The same, but nothing is made. 1: open; 0: it is not there. */
int safe_folder_open(const char *path, int *ret_fd, cordon_error **err);

/* ---- safe_file.c: `path` names the folder in messages ---- */
/* Opens a file of our own: regular, ours, nobody else may read or write it. 1: open; 0: it is not there. UNSAFE_PATH, IO. */
int safe_file_open(int folder, const char *path, const char *name, int flags, int *ret_fd, struct stat *ret, cordon_error **err);
/* The same without opening it, for what must not be opened and closed behind the back of a database's locks. 1: it is there. */
int safe_file_look(int folder, const char *path, const char *name, cordon_error **err);
/* Reads exactly `len` bytes from the start; -1 with errno, ENODATA if there are fewer. */
int safe_read(int fd, void *data, size_t len);
/* Writes a file of 0600, whole or not at all, also if the machine loses power. `fresh`: only if there is none of that name, else 0 is returned. 1: written. */
int safe_write(int folder, const char *path, const char *name, const void *data, size_t len, bool fresh, cordon_error **err);
/* Removes what killed writers left. Only while no other can be writing. */
void safe_sweep(int folder);
