/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/secret_key.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/key_file.h"
#include <limits.h>

#define FILE_NAME "secrets.key"

_Static_assert((int)SECRET_KEY == (int)KEY_FILE_KEY, "a key file holds such a key");

int secret_key_lost(const struct home *h, const char *what, cordon_error **err)
{
    cleanup(buf_finish) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_DAMAGED, FILE_NAME, "%s/" FILE_NAME " %s, and without it no secret can be opened", h->path, what);
    if (!text_quote_sh(&quoted, h->path))
        err_hint(err, "Restore it from a backup. Or give the secrets up and set them again: rm -r -- %s/secrets %s/" FILE_NAME, quoted.data, quoted.data);
    return r;
}

static const struct key_file file = {FILE_NAME, secret_key_lost};

int secret_key_read(const struct home *h, uint8_t **ret, cordon_error **err) { return key_file_read(&file, h, ret, err); }
int secret_key_make(const struct home *h, uint8_t **ret, cordon_error **err) { return key_file_make(&file, h, ret, err); }
