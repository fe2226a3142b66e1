/* SPDX-License-Identifier: Apache-2.0
 * The descriptors, for the table alone. A new function: its file, a line here, a line in table.c. */
#pragma once
#include "host/host_fn.h"

extern const struct host_fn host_get_context, host_log, host_recall_memory, host_http_get, host_http_post, host_read_file, host_write_file,
    host_get_secret, host_read_env;

extern const struct host_fn blufio_log, blufio_input_length, blufio_set_output, blufio_output_length, blufio_copy, blufio_ignored, blufio_http_request,
    blufio_read_file, blufio_write_file, blufio_env;
