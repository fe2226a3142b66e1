/* SPDX-License-Identifier: Apache-2.0
 * libarchive: reading in the helper alone (unpack.c), writing anywhere (pack.c). */
#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <cordon/error.h>

#define ARCHIVE_USED(X)                                                                                                                \
    X(archive_read_new) X(archive_read_support_filter_gzip) X(archive_read_support_format_tar) X(archive_read_support_format_zip_seekable) \
    X(archive_read_open_memory) X(archive_read_next_header) X(archive_read_data_block) X(archive_read_free) X(archive_error_string)    \
    X(archive_filter_count) X(archive_entry_pathname) X(archive_entry_filetype) X(archive_entry_perm) X(archive_entry_hardlink)        \
    X(archive_entry_symlink) X(archive_entry_is_encrypted) X(archive_entry_sparse_reset) X(archive_entry_size) X(archive_entry_size_is_set)   \
    X(archive_write_new) X(archive_write_set_format_pax_restricted) X(archive_write_add_filter_gzip) X(archive_write_set_filter_option)  \
    X(archive_write_open_fd) X(archive_write_header) X(archive_write_data) X(archive_write_close) X(archive_write_free)                \
    X(archive_entry_new) X(archive_entry_clear) X(archive_entry_free) X(archive_entry_copy_pathname) X(archive_entry_set_size)       \
    X(archive_entry_set_filetype) X(archive_entry_set_perm) X(archive_entry_set_mtime)

/* Its functions, under their names. */
struct libarchive {
#define X(name) __typeof__(name) *name;
    ARCHIVE_USED(X)
#undef X
};

/* Opens it, which reads files; it stays. MISSING_TOOL. */
int libarchive_open(struct libarchive *ret, cordon_error **err);
/* The same, of one that is open already: for a process that can open nothing any more. */
int libarchive_again(struct libarchive *ret, cordon_error **err);
