/* SPDX-License-Identifier: Apache-2.0
 * A bundle as one archive, for a registry. libarchive writes here, in this process: what it is given are our own lists and the bytes that were hashed. */
#include "bundle/bundle.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/libarchive.h"
#include <locale.h>

struct pack {
    locale_t utf8, before; /* libarchive takes names as this thread's locale has them; ours are UTF-8, whatever the user's says */
    struct libarchive api;
    struct archive *archive;
    struct archive_entry *entry;
    cordon_error **err;
};

static void pack_finish(struct pack *p)
{
    if (p->utf8) {
        uselocale(p->before);
        freelocale(p->utf8);
    }
    if (p->entry)
        p->api.archive_entry_free(p->entry);
    if (p->archive)
        p->api.archive_write_free(p->archive);
}

static int failed(const struct pack *p)
{
    const char *why = p->archive ? p->api.archive_error_string(p->archive) : NULL;
    return err_set(p->err, CORDON_E_IO, NULL, "cannot write the archive: %s", why ? why : "memory ran out");
}

static int enter_locale(struct pack *p)
{
    p->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!p->utf8)
        return err_set(p->err, CORDON_E_MISSING_TOOL, "C.UTF-8", "this system has no locale C.UTF-8, in which the names of an archive are written");
    p->before = uselocale(p->utf8);
    return 0;
}

/* The same bundle gives the same bytes: no times, no owners, no name in gzip's head. */
static int begin(struct pack *p, int fd)
{
    p->archive = p->api.archive_write_new();
    p->entry = p->api.archive_entry_new();
    if (!p->archive || !p->entry || p->api.archive_write_set_format_pax_restricted(p->archive) != ARCHIVE_OK || p->api.archive_write_add_filter_gzip(p->archive) != ARCHIVE_OK ||
        p->api.archive_write_set_filter_option(p->archive, "gzip", "timestamp", NULL) != ARCHIVE_OK || p->api.archive_write_open_fd(p->archive, fd) != ARCHIVE_OK)
        return failed(p);
    return 0;
}

static int add(struct pack *p, const struct bundle *b, const struct bundle_file *f)
{
    cleanup_free char *data = NULL;
    size_t len;
    int rc = bundle_load(b, f->path, BUNDLE_BYTES_MAX, &data, &len, p->err);
    if (rc < 0)
        return rc;
    p->api.archive_entry_clear(p->entry);
    p->api.archive_entry_copy_pathname(p->entry, f->path);
    p->api.archive_entry_set_size(p->entry, (la_int64_t)len);
    p->api.archive_entry_set_filetype(p->entry, AE_IFREG);
    p->api.archive_entry_set_perm(p->entry, f->mode);
    p->api.archive_entry_set_mtime(p->entry, 0, 0);
    if (p->api.archive_write_header(p->archive, p->entry) != ARCHIVE_OK || p->api.archive_write_data(p->archive, data, len) != (la_ssize_t)len)
        return failed(p);
    return 0;
}

int bundle_pack(const struct bundle *b, int fd, cordon_error **err)
{
    cleanup(pack_finish) struct pack p = {.err = err};
    int rc = libarchive_open(&p.api, err);
    if (rc < 0 || (rc = enter_locale(&p)) < 0 || (rc = begin(&p, fd)) < 0)
        return rc;
    for (size_t i = 0; i < b->n && rc == 0; i++)
        rc = add(&p, b, &b->file[i]);
    if (rc == 0 && p.api.archive_write_close(p.archive) != ARCHIVE_OK)
        rc = failed(&p);
    return rc;
}
