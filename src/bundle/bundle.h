/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle: the folder of a skill, as it is staged and then kept. Where it comes from (a folder, a file, an archive of a stranger's), it becomes the same plain thing:
 * regular files and folders, modes 0644 or 0755, names that can be told apart by everyone, within ceilings. What is hashed is what was written.
 *
 * Left out wherever they come from, with all beneath: names that begin with a dot, and `target`, `node_modules`, `__pycache__` and `__MACOSX`. Folders without
 * files are not kept. Anything else that does not fit (links, devices, odd names) is refused, with its name.
 *
 * Digest: SHA-256 over, for each file but `cordon.sig` at the top, by path: the path's length (u32be), the path, the mode (u32be), the length (u64be), its SHA-256.
 * So two bundles of one digest may differ in their signature, and in nothing else.
 */
#pragma once
#include <cordon/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct helper;

enum {
    BUNDLE_FILES_MAX = 1000,       /* files; of folders as many again */
    BUNDLE_BYTES_MAX = 128 << 20,  /* together */
    BUNDLE_PATH_MAX = 255,         /* bytes of a path */
    BUNDLE_DEPTH_MAX = 16,         /* names in a path */
    BUNDLE_ARCHIVE_MAX = 64 << 20, /* an archive, packed */
    BUNDLE_RATIO_MAX = 100,        /* what is unpacked, in times of what is packed, beyond the first BUNDLE_RATIO_FREE bytes */
    BUNDLE_RATIO_FREE = 1 << 20,
    BUNDLE_DIGEST = 32,
};

struct bundle_file {
    char *path;                    /* owned; relative, with slashes */
    uint32_t mode;                 /* 0644 or 0755 */
    uint64_t len;
    uint8_t sha256[BUNDLE_DIGEST];
};

struct bundle {
    int fd;                        /* of the folder. While a staged one is open it is locked, so that a sweep leaves it alone */
    char *path;                    /* owned: where the folder is */
    struct bundle_file *file;      /* owned; by path, bytewise */
    size_t n, left_out;
    bool staged;                   /* its folder is removed by bundle_discard */
    bool by_others;                /* of an author's folder: something that was taken is not this user's, or others can write it */
    uint64_t bytes;
    uint8_t digest[BUNDLE_DIGEST];
};
#define BUNDLE_NONE {.fd = -1}

/* ---- read.c ---- */
/* Lists and hashes a folder that is kept (its descriptor stays the caller's; `path` is for messages and *ret). DAMAGED: there is something that staging does not make. */
int bundle_read(int folder, const char *path, struct bundle *ret, cordon_error **err);
/* Lists and hashes an author's folder: what bundle_stage_folder would take, without taking it. */
int bundle_survey(const char *source, struct bundle *ret, cordon_error **err);
/* NULL: there is none of that path. */
const struct bundle_file *bundle_find(const struct bundle *b, const char *path);
/* Opens a file of it, beneath its folder, regular. NOT_FOUND. */
int bundle_open(const struct bundle *b, const char *path, int *ret_fd, cordon_error **err);
/* All of one file, checked against its length and hash (DIGEST_MISMATCH). A NUL follows; the caller frees. TOO_LARGE: it has more than `max` bytes. */
int bundle_load(const struct bundle *b, const char *path, size_t max, char **ret, size_t *ret_len, cordon_error **err);

/* ---- stage.c: each makes a fresh folder (0700) beneath `staging`, which is a folder of our own (safe_folder_make) ---- */
int bundle_stage_folder(const char *staging, const char *source, struct bundle *ret, cordon_error **err);
/* One artifact, read from `fd` from its start, as the file `name` ("skill.wasm"). */
int bundle_stage_file(const char *staging, int fd, const char *name, struct bundle *ret, cordon_error **err);
/* .tar, .tar.gz or .zip, unpacked by the helper, whose answer is checked again. A single folder at its top is stepped into. `what` names the archive in messages. */
int bundle_stage_archive(const char *staging, struct helper *helper, int fd, const char *what, struct bundle *ret, cordon_error **err);
/* Do these first bytes begin such an archive? 512 are enough. */
bool bundle_is_archive(const void *head, size_t len);
/* Adds a file to a staged bundle, or puts it in the place of the one of that path; the digest is made anew. */
int bundle_add(struct bundle *b, const char *path, uint32_t mode, const void *data, size_t len, cordon_error **err);
/* Takes everybody's right to write from what is in it (the folder itself keeps it, or it could not be moved), and has it all on the disk. */
int bundle_settle(struct bundle *b, cordon_error **err);
/* Removes the folder of a staged one, unless it was moved (bundle_finish then), and finishes it. */
void bundle_discard(struct bundle *b);
/* A path beneath `staging` that nothing is at, for a folder that a sweep takes if nobody removes it first. The caller frees. */
int bundle_staging_path(const char *staging, char **ret, cordon_error **err);
/* Removes folders beneath `staging` that no process holds open. 0: also if there is nothing. */
int bundle_sweep(const char *staging, cordon_error **err);

/* ---- pack.c ---- */
/* Writes all of it to `fd`, which is empty, as .tar.gz: the same bundle gives the same bytes. MISSING_TOOL, DIGEST_MISMATCH (it changed since it was listed), IO. */
int bundle_pack(const struct bundle *b, int fd, cordon_error **err);

/* ---- unpack.c: the helper's side ---- */
/* Before it locks itself in: loads what reads archives. MISSING_TOOL. */
int bundle_unpack_prepare(cordon_error **err);
/* The job (code_job_fn): an archive to the stream of what is in it (stream.h). */
int bundle_unpack_job(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err);

/* ---- tools.c ---- */
/* Are the libraries there that are opened when first needed: libarchive, libunistring? MISSING_TOOL names the one that is not. */
int bundle_tools(cordon_error **err);

/* Closes it; the folder stays. */
void bundle_finish(struct bundle *b);
