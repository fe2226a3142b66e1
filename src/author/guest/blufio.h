/* SPDX-License-Identifier: Apache-2.0
 *
 * For skills of the blufio ABI in C: `#include "blufio.h"`, define `void run(void)`, and `cordon build` makes a core module
 * of it. docs/guests/blufio.md says what each function does, and what traps.
 *
 * Texts are UTF-8, with a length and no NUL at their end.
 */
#ifndef BLUFIO_H
#define BLUFIO_H

#define BLUFIO_IMPORT(name) __attribute__((import_module("blufio"), import_name(#name))) extern

enum { BLUFIO_TRACE, BLUFIO_DEBUG, BLUFIO_INFO, BLUFIO_WARN, BLUFIO_ERROR };
enum { BLUFIO_GET, BLUFIO_POST, BLUFIO_PUT, BLUFIO_DELETE, BLUFIO_PATCH, BLUFIO_HEAD };

/* Adds a line to the log. */
BLUFIO_IMPORT(log) void blufio_log(int level, const char *text, int len);
/* The input: one JSON value, compact. */
BLUFIO_IMPORT(get_input_len) int blufio_get_input_len(void);
BLUFIO_IMPORT(get_input) void blufio_get_input(char *to);
/* The result. The last who sets it wins. */
BLUFIO_IMPORT(set_output) void blufio_set_output(const char *text, int len);
/* Returns the status; the text of the answer becomes the result. */
BLUFIO_IMPORT(http_request) int blufio_http_request(const char *url, int url_len, int method, const char *body, int body_len);
/* Returns the file's length, and fills `to` as far as it has room; the content becomes the result. */
BLUFIO_IMPORT(read_file) int blufio_read_file(const char *path, int path_len, char *to, int room);
/* Makes or replaces a file, and returns 0. */
BLUFIO_IMPORT(write_file) int blufio_write_file(const char *path, int path_len, const char *data, int len);
/* Returns the value's length; -1: not granted, or not set; -2: it does not fit. */
BLUFIO_IMPORT(get_env) int blufio_get_env(const char *name, int name_len, char *to, int room);
/* Cordon's own: the result so far, such as what was fetched. */
BLUFIO_IMPORT(get_output_len) int blufio_get_output_len(void);
BLUFIO_IMPORT(get_output) void blufio_get_output(char *to);

/* What `cordon build` looks for. */
void run(void);

#endif
