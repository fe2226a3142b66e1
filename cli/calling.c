/* SPDX-License-Identifier: Apache-2.0 */
#include "calling.h"

#include "cleanup.h"
#include "interrupt.h"
#include "report.h"
#include <poll.h>

void calling_line(void *data, const char *invocation_id, const char *level, const char *message)
{
    const struct calling_lines *l = data;
    (void)invocation_id;
    report_log_line(l->cli, l->skill, level, message);
}

struct ending {
    bool done;
    cordon_outcome *outcome;
    cordon_error *err;
};

static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    *(struct ending *)data = (struct ending){.done = true, .outcome = outcome, .err = err};
}

int calling_run(cordon_host *host, cordon_request *req, cordon_outcome **ret, cordon_error **err)
{
    cordon_call *started = NULL;
    struct ending end = {0};
    interrupt_begin();
    int rc = cordon_request_start(req, on_done, &end, &started, err);
    if (rc < 0)
        return rc;
    interrupt_watch(started);
    struct pollfd ready = {.fd = cordon_host_fd(host), .events = POLLIN};
    while (cordon_host_dispatch(host), !end.done)
        poll(&ready, 1, cordon_host_timeout_ms(host)); /* EINTR: the handler has cancelled, the next dispatch delivers */
    interrupt_watch(NULL);
    cordon_call_unref(started);
    *ret = end.outcome;
    if (!end.err)
        return 0;
    *err = end.err;
    return -(int)cordon_error_code(end.err);
}

/* Not where the process itself has something to do at its end: the address sanitizer starts a thread that traces the others, to look for leaks; the figures of
 * `make coverage` are files. */
int calling_lock_in(const struct cli *cli, cordon_host *host, const cordon_request *req, cordon_error **err)
{
#if defined(__SANITIZE_ADDRESS__) || defined(CORDON_COVERAGE)
    (void)cli, (void)host, (void)req, (void)err;
    return 0;
#else
    const char *missing = NULL;
    int rc = cordon_lock_in(host, req, &missing, err);
    if (rc == 0 && missing && cli->verbose && !cli->json)
        fprintf(stderr, "cordon %s: not locked in fully, the kernel lacks: %s\n", cli->command->name, missing);
    return rc;
#endif
}

void calling_flush_audit(const struct cli *cli, cordon_host *host)
{
    cleanup_error cordon_error *why = NULL;
    fflush(stdout);
    if (cordon_audit_flush(host, &why) < 0 && !cli->quiet && !cli->json)
        fprintf(stderr, "cordon %s: this call is not in the audit: %s\n", cli->command->name, cordon_error_message(why));
}
