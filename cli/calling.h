/* SPDX-License-Identifier: Apache-2.0
 *
 * A call on the command's one thread. The guest runs inside cordon_host_dispatch on this very thread, a slice at a time, so that a signal can cancel it between two
 * instructions of it, and the process needs no other thread.
 */
#pragma once
#include "command.h"
#include <cordon/cordon.h>

/* Guest lines go out as they are written, each behind the skill's name; while a question stands they wait. */
struct calling_lines { const struct cli *cli; const char *skill; };
/* A cordon_log_fn; `data` are such lines. */
void calling_line(void *data, const char *invocation_id, const char *level, const char *message);

/* Runs the request to its end, which a signal may bring nearer. The caller frees *ret. */
int calling_run(cordon_host *host, cordon_request *req, cordon_outcome **ret, cordon_error **err);
/* From here on the process starts nothing, and reaches nothing but what was granted to `req`, which is all that it will run. */
int calling_lock_in(const struct cli *cli, cordon_host *host, const cordon_request *req, cordon_error **err);
/* Has the rows of the audit written, and says so if they cannot be. */
void calling_flush_audit(const struct cli *cli, cordon_host *host);
