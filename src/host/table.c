/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct host_fn *const skill_fns[] = {
    &host_get_context, &host_log, &host_recall_memory, &host_http_get, &host_http_post, &host_read_file, &host_write_file, &host_get_secret, &host_read_env,
};

static const struct host_fn *const blufio_fns[] = {
    &blufio_log, &blufio_input_length, &blufio_set_output, &blufio_output_length, &blufio_copy, &blufio_ignored, &blufio_http_request, &blufio_read_file,
    &blufio_write_file, &blufio_env,
};

const struct host_interface host_interfaces[HOST_WORLDS] = {
    [HOST_WORLD_SKILL] = {HOST_INTERFACE, skill_fns, COUNT(skill_fns)},
    [HOST_WORLD_BLUFIO] = {BLUFIO_INTERFACE, blufio_fns, COUNT(blufio_fns)},
};
