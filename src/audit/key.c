/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/key_file.h"
#include <limits.h>

#define FILE_NAME "audit.key"

_Static_assert((int)AUDIT_KEY == (int)KEY_FILE_KEY, "a key file holds such a key");

int audit_key_lost(const struct home *h, const char *what, cordon_error **err)
{
    cleanup(buf_finish) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_DAMAGED, FILE_NAME, "%s/" FILE_NAME " %s, and without it the audit can be neither verified nor gone on with", h->path, what);
    if (!text_quote_sh(&quoted, h->path))
        err_hint(err, "Restore it from a backup. Or keep the audit as it is and begin another: cd %s && mkdir old-audit && mv audit.* old-audit", quoted.data);
    return r;
}

static const struct key_file file = {FILE_NAME, audit_key_lost};

int audit_key_read(const struct home *h, uint8_t **ret, cordon_error **err) { return key_file_read(&file, h, ret, err); }
int audit_key_make(const struct home *h, uint8_t **ret, cordon_error **err) { return key_file_make(&file, h, ret, err); }
