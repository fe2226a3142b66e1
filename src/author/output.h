/* SPDX-License-Identifier: Apache-2.0
 * The component's place. */
#pragma once
#include <cordon/error.h>
#include <stdint.h>

/* Refuses what is there but is no file: a rename would put one in its place. */
int output_check(const char *path, cordon_error **err);
/* Writes the `len` bytes of `fd` to `path`, whole or not at all. */
int output_write(const char *path, int fd, uint64_t len, cordon_error **err);
