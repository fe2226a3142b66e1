/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn *const host_fns[] = {
    &host_get_context, &host_log, &host_recall_memory, &host_http_get, &host_http_post, &host_read_file, &host_write_file, &host_get_secret, &host_read_env,
};
const size_t n_host_fns = sizeof host_fns / sizeof *host_fns;
