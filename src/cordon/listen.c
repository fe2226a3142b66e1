/* SPDX-License-Identifier: Apache-2.0
 * Log lines as they are written: copied where the guest runs, handed to the program when it dispatches. */
#include "base/error.h"
#include "cordon/internal.h"

#include <string.h>

struct log_news {
    struct asked asked;
    cordon_log_fn *fn;
    void *data;
    const char *level;      /* static */
    char invocation_id[37];
    char text[];
};

static void run(struct asked *a)
{
    const struct log_news *n = a->news;
    n->fn(n->data, n->invocation_id, n->level, n->text);
}

/* Without memory the line is in the outcome's log all the same. */
static void tell(const struct call_listener *l, const char *invocation_id, enum log_level level, const char *text)
{
    size_t len = strlen(text);
    struct log_news *n = malloc(sizeof *n + len + 1);
    if (!n)
        return;
    *n = (struct log_news){.asked = {.run = run, .news = n}, .fn = (cordon_log_fn *)l->fn, .data = l->data, .level = outcome_level_name(level)};
    memcpy(n->invocation_id, invocation_id, sizeof n->invocation_id);
    memcpy(n->text, text, len + 1);
    host_ask(l->host, &n->asked);
}

int cordon_request_set_log(cordon_request *r, cordon_log_fn *fn, void *data, cordon_error **err)
{
    err_wanted(err);
    int rc = request_writable(r, err);
    if (rc == 0)
        r->spec->listener = (struct call_listener){.tell = fn ? tell : NULL, .host = r->skill->host, .fn = (void (*)(void))fn, .data = data};
    return rc;
}
