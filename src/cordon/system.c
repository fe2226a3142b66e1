/* SPDX-License-Identifier: Apache-2.0
 * Version and locking in. */
#include "cordon/internal.h"
#include "engine/shim.h"
#include "keep/recall.h"

#include <string.h>

const char *cordon_version(void) { return CORDON_VERSION; }
const char *cordon_engine_version(void) { return shim_engine_version(); }

/* All else that a call needs was opened when its skill was loaded. */
static void add_folders(const struct file_roots *roots, struct lockdown *what, struct landlock_path *paths)
{
    what->paths = paths;
    for (size_t i = 0; roots && i < roots->n; i++) {
        unsigned access = roots->item[i]->access;
        what->needs |= (access & FILE_READ ? LOCKDOWN_READS : 0) | (access & FILE_WRITE ? LOCKDOWN_WRITES : 0);
        paths[what->n_paths++] = (struct landlock_path){
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

int cordon_lock_in(cordon_host *h, const cordon_request *request, const char **ret_missing, cordon_error **err)
{
    struct landlock_path paths[FILE_ROOTS_MAX];
    struct lockdown what = {0};
    int rc = request ? hold_memory(request, err) : 0;
    if (rc < 0)
        return rc;
    if (request)
        add_folders(request->spec->powers->roots, &what, paths);
    rc = lockdown_run(&what, ret_missing, err);
    /* A thread from before is outside of Landlock's domain, and the filter now lets it open files. */
    return rc == 0 && what.needs ? sched_renew_ticker(h->sched, err) : rc;
}
