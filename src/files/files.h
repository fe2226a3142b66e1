/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of granted folders. A root is a folder that the operator granted, held open, and known again by device and inode; everything a guest names is
 * opened beneath one, by descriptors alone, and is a regular file or a folder. All of it may block: it runs on threads for that (sched/pool.h).
 *
 * Words: a *guest path* is what the guest says; canonical it is absolute, without dot segments and doubled slashes. The *rest* is what of it lies beneath
 * a root, relative, "" for the root itself.
 */
#pragma once
#include "policy/grant.h"
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

enum {
    FILE_ROOTS_MAX = 64,
    FILE_PATH_MAX = 4095,
    FILE_OPENS_MAX = 1000, /* files and folders that one call may open */
};

/* ---- roots ---- */
/* A folder that no grant may reach: not it, not what contains it, not what lies in it. */
struct file_place {
    const char *path; /* absolute; need not exist yet */
    const char *what; /* for the message: "Cordon's own data" */
    unsigned access;  /* refused for these accesses (enum file_access) */
};
struct file_guard {
    const char *home; /* the user's; NULL where there is none */
    const struct file_place *places;
    size_t n;
};

struct file_root {
    _Atomic uint32_t refs;
    char *guest;     /* canonical */
    char *path;      /* real path */
    unsigned access; /* set of enum file_access */
    int fd;          /* O_PATH */
    dev_t dev;
    ino_t ino;
};

/* Opens what `g` (GRANT_FILES, with a path) grants. USAGE: there is no such folder, or it is one that cannot be granted; the message says why. */
int file_root_open(const struct grant *g, const struct file_guard *guard, struct file_root **ret, cordon_error **err);
void file_root_ref(struct file_root *r);
void file_root_unref(struct file_root *r); /* NULL allowed */
/* Is the folder at its path still the one that was granted? 0, or -ESTALE. */
int file_root_check(const struct file_root *r);

/* The roots of a call: immutable while shared, the longest guest path first. */
struct file_roots {
    _Atomic uint32_t refs;
    size_t n;
    struct file_root **item;
};
/* NULL without memory. */
struct file_roots *file_roots_new(void);
void file_roots_ref(struct file_roots *s);
void file_roots_unref(struct file_roots *s); /* NULL allowed */
/* Adds a root; takes a reference of its own. A set that others hold too is not changed: *s becomes a copy. Of the same folder at the same guest path the
 * accesses add up. USAGE: another folder is at that guest path already. TOO_LARGE above FILE_ROOTS_MAX. */
int file_roots_add(struct file_roots **s, struct file_root *r, cordon_error **err);

/* Where a guest path leads: the root with the longest guest path at or above it, and no other, whatever access that one has. NULL: nowhere.
 * `path` is canonical; *ret_rest points into it. */
const struct file_root *file_roots_find(const struct file_roots *s, const char *path, const char **ret_rest);
/* The canonical form of what a guest says, by its words alone: `..` takes the segment before it away, above / it stays at /. A relative path starts at the
 * only root. `path` has a NUL behind its `len` bytes. USAGE with the reason alone as message: a NUL in it, too long, not UTF-8, or relative and there is no root or more than one. */
int file_guest_path(const struct file_roots *s, const char *path, size_t len, char **ret, cordon_error **err);

/* ---- what a call does with them ---- */
/* What one call has used, and whether its work is wanted still. Zero at first; shared by the call and by work that outlives it. */
struct file_use {
    _Atomic uint32_t refs;
    _Atomic uint32_t opens;
    _Atomic bool stop; /* set from any thread: work under way ends soon, a file being written stays as it was */
};
/* NULL without memory. */
struct file_use *file_use_new(void);
void file_use_ref(struct file_use *u);
void file_use_unref(struct file_use *u); /* NULL allowed */

/* Both set an error whose message is the reason alone ("No such file or directory"), without a path of the host's. */
/* The whole of a regular file of at most `max` bytes; *ret is NUL-terminated and the caller's. TOO_LARGE, IO, NO_RESOURCES. */
int file_read(const struct file_root *r, const char *rest, size_t max, struct file_use *use, char **ret, size_t *ret_len, cordon_error **err);
/* Makes `data` the whole content of a regular file, or leaves it as it was: whoever looks sees the old or the new. A last name that is a link is refused. The
 * mode of a file that was there stays. */
int file_write(const struct file_root *r, const char *rest, const void *data, size_t len, struct file_use *use, cordon_error **err);

/* ---- one step at a time, for WASI; all return -errno ---- */
/* `folder` is a descriptor of a folder of the root, from here or the root's own; `path` is what lies beneath it. -EBADF: it is neither a regular file nor a folder.
 * -EUSERS: FILE_OPENS_MAX steps that open or change something. -ESTALE: the root is another folder now. -EXDEV: it leads out. -ECANCELED: the call is over. */
int file_at_open(const struct file_root *r, int folder, const char *path, int flags, mode_t mode, struct file_use *use);
/* Of whatever kind it is. */
int file_at_look(const struct file_root *r, int folder, const char *path, bool follow, struct stat *ret);
int file_at_make_folder(const struct file_root *r, int folder, const char *path, struct file_use *use);
int file_at_remove(const struct file_root *r, int folder, const char *path, bool is_folder, struct file_use *use);
int file_at_rename(const struct file_root *r, int folder, const char *path, const struct file_root *to, int to_folder, const char *to_path, struct file_use *use);
/* Reads on in a folder that was opened for reading: for each entry its type (DT_*, one byte), its name and a NUL, but for `.`, `..` and names that are not UTF-8.
 * Returns the bytes written; 0: that is all. */
int file_list(int folder, char *buf, size_t size);

/* ---- for the parts ---- */
/* Asked before each step: is the call over, has it taken too many, is the root what it was? */
int file_step(const struct file_root *r, struct file_use *use);
/* file_at_open from the root itself. */
int file_open(const struct file_root *r, const char *rest, int flags, mode_t mode, struct file_use *use);
/* IO (or NO_RESOURCES), with the words for -errno of the above. */
int file_errno(cordon_error **err, int negative);
