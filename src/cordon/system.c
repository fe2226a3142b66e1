/* SPDX-License-Identifier: Apache-2.0
 * Version and locking in. */
#include "base/error.h"
#include "cordon/internal.h"
#include "engine/shim.h"
#include "keep/recall.h"

#include <string.h>

enum { LOCK_PORTS_MAX = GRANTS_MAX + 2, PORT_DNS = 53 };

const char *cordon_version(void) { return CORDON_VERSION; }
const char *cordon_engine_version(void) { return shim_engine_version(); }

/* All else that a call needs was opened when its skill was loaded. */
static void add_folders(const struct file_roots *roots, struct lockdown *what, struct landlock_path *paths)
{
    what->reach.paths = paths;
    for (size_t i = 0; roots && i < roots->n; i++) {
        unsigned access = roots->item[i]->access;
        what->needs |= (access & FILE_READ ? LOCKDOWN_READS : 0) | (access & FILE_WRITE ? LOCKDOWN_WRITES : 0);
        paths[what->reach.n_paths++] = (struct landlock_path){
            .fd = roots->item[i]->fd, .may = (access & FILE_READ ? LANDLOCK_READ : 0) | (access & FILE_WRITE ? LANDLOCK_WRITE : 0),
        };
    }
}

/* What may be recalled is opened now. */
static int hold_memory(const cordon_request *request, cordon_error **err)
{
    char slug[TEXT_SLUG_MAX + 1];
    const struct powers *p = request->spec->powers;
    return p->memory && powers_recalls(p, request->spec->bot, slug) ? recall_hold(p->memory, slug, err) : 0;
}

/* Where the gateway may have to connect to: what is granted, DNS over TCP, the proxy. */
static int add_net(const cordon_host *h, const struct grants *grants, struct lockdown *what, uint16_t ports[LOCK_PORTS_MAX], cordon_error **err)
{
    what->needs |= LOCKDOWN_NET;
    what->reach.ports = ports;
    for (size_t i = 0; i < grants->n; i++)
        if (grants->item[i].kind == GRANT_NET)
            ports[what->reach.n_ports++] = grants->item[i].net.port;
    ports[what->reach.n_ports++] = PORT_DNS;
    if (gateway_proxy_port(h->gateway))
        ports[what->reach.n_ports++] = gateway_proxy_port(h->gateway);
    return gateway_prepare(h->gateway, err);
}

/* Opens or lists what the call may need of the outside. */
static int gather(const cordon_host *h, const cordon_request *request, struct lockdown *what, struct landlock_path *paths, uint16_t ports[LOCK_PORTS_MAX], cordon_error **err)
{
    const struct powers *p = request->spec->powers;
    int rc = hold_memory(request, err);
    if (rc == 0 && p->net && grants_any(p->grants, ASK_NET))
        rc = add_net(h, p->grants, what, ports, err);
    add_folders(p->roots, what, paths);
    return rc;
}

int cordon_lock_in(cordon_host *h, const cordon_request *request, const char **ret_missing, cordon_error **err)
{
    err_wanted(err);
    struct landlock_path paths[FILE_ROOTS_MAX];
    uint16_t ports[LOCK_PORTS_MAX];
    struct lockdown what = {0};
    bool audited = false;
    int rc = request && h->opts.audit ? audit_lock_in(h, request->spec->skill, request->spec->powers, &audited, err) : 0;
    what.needs |= audited ? LOCKDOWN_KEEPS : 0;
    if (rc == 0)
        rc = request ? gather(h, request, &what, paths, ports, err) : 0;
    if (rc == 0)
        rc = lockdown_run(&what, ret_missing, err);
    if (rc == 0)
        atomic_store(&h->locked_in, true);
    /* A thread from before is outside of Landlock's domain, and the filter now lets it open files. */
    return rc == 0 && (what.needs & ~(unsigned)LOCKDOWN_KEEPS) ? sched_renew_ticker(h->sched, err) : rc;
}
