/* SPDX-License-Identifier: Apache-2.0
 * Files in memory, which is how this process and a program of its own hand each other what they have to say. */
#pragma once
#include <cordon/error.h>
#include <stddef.h>
#include <stdint.h>

/* Never on a descriptor below CHILD_FDS_MAX. */
int memfile_new(const char *name, int *ret_fd, cordon_error **err);
/* Nobody can change the file any more, whatever descriptors or mappings of it exist. */
int memfile_seal(int fd, cordon_error **err);
/* Writes all of it at the file's position. */
int memfile_write(int fd, const void *data, size_t len, cordon_error **err);
/* Reads all of it. HOST_BUG if the file ends before. */
int memfile_read(int fd, void *data, size_t len, uint64_t at, cordon_error **err);
int memfile_size(int fd, uint64_t *ret, cordon_error **err);
