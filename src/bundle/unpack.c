/* SPDX-License-Identifier: Apache-2.0
 *
 * An archive of a stranger's, taken apart: the helper's side, locked in. What the host cannot see any more is refused here (links, devices, holes, ciphers, packing
 * within packing); paths, doubles and ceilings are looked at again by the host.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/bundle.h"
#include "bundle/libarchive.h"
#include "bundle/path.h"
#include "bundle/stream.h"
#include <locale.h>
#include <string.h>

struct unpack {
    struct libarchive lib;
    struct archive *from;
    struct buf *to;
    size_t packed;
    uint64_t unpacked;    /* what was read of it, kept or not */
    unsigned entries;
};

enum { ENTRIES_MAX = 4 * BUNDLE_FILES_MAX };

/* Names in archives are UTF-8 whatever the user's locale says. The process is one job's alone; without that locale names beyond ASCII are refused by libarchive. */
int bundle_unpack_prepare(cordon_error **err)
{
    struct libarchive lib;
    setlocale(LC_CTYPE, "C.UTF-8");
    return libarchive_open(&lib, err);
}

static int refuse(const char *path, const char *why, cordon_error **err)
{
    err_set(err, CORDON_E_BAD_ARTIFACT, path, "\"%s\" in it %s", path, why);
    return err_hint(err, "A skill is made of regular files, packed as .tar, .tar.gz or .zip: ask its author for a plain archive.");
}

static int refuse_archive(struct unpack *u, cordon_error **err)
{
    const char *why = u->lib.archive_error_string(u->from);
    err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "it cannot be read as .tar, .tar.gz or .zip");
    if (why)
        err_cause(err, "%s", why);
    return -CORDON_E_BAD_ARTIFACT;
}

/* What each block adds to. Bytes that are thrown away count like the others. */
static int count(struct unpack *u, size_t len, cordon_error **err)
{
    if (len > BUNDLE_BYTES_MAX - u->unpacked)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "its files have more than %d MiB together", BUNDLE_BYTES_MAX >> 20);
    u->unpacked += len;
    if (u->unpacked > BUNDLE_RATIO_FREE && u->unpacked / BUNDLE_RATIO_MAX > u->packed)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "what is unpacked is more than %d times as large as what is packed", BUNDLE_RATIO_MAX);
    return 0;
}

static int copy_data(struct unpack *u, struct archive_entry *e, const char *path, cordon_error **err)
{
    const void *block;
    size_t len;
    la_int64_t at, written = 0;
    int r;
    while ((r = u->lib.archive_read_data_block(u->from, &block, &len, &at)) == ARCHIVE_OK) {
        if (at != written)
            return refuse(path, "has holes", err);
        if ((r = count(u, len, err)) < 0)
            return r;
        if (buf_add(u->to, block, len) < 0)
            return err_nomem(err);
        written += (la_int64_t)len;
    }
    if (r != ARCHIVE_EOF)
        return refuse_archive(u, err);
    return u->lib.archive_entry_size_is_set(e) && u->lib.archive_entry_size(e) != written ? refuse(path, "is not as long as it says", err) : 0;
}

static const char *why_not(const struct libarchive *lib, struct archive_entry *e)
{
    if (lib->archive_entry_hardlink(e))
        return "is a hard link";
    if (lib->archive_entry_symlink(e) || lib->archive_entry_filetype(e) == AE_IFLNK)
        return "is a symbolic link";
    if (lib->archive_entry_filetype(e) != AE_IFREG && lib->archive_entry_filetype(e) != AE_IFDIR)
        return "is neither a file nor a folder";
    if (lib->archive_entry_is_encrypted(e))
        return "is encrypted";
    return lib->archive_entry_sparse_reset(e) > 0 ? "has holes" : NULL;
}

static int take_file(struct unpack *u, struct archive_entry *e, const char *path, cordon_error **err)
{
    size_t begin = u->to->len;
    if (stream_add(u->to, path, u->lib.archive_entry_perm(e) & 0100) < 0)
        return err_nomem(err);
    int r = copy_data(u, e, path, err);
    if (r < 0)
        return r;
    if (path_is_left_out(path))   /* its bytes were counted */
        buf_cut(u->to, begin);
    else
        stream_end_file(u->to, begin);
    return 0;
}

/* `./` before a path and slashes behind a folder's say nothing. */
static int take_entry(struct unpack *u, struct archive_entry *e, cordon_error **err)
{
    const char *given = u->lib.archive_entry_pathname(e);
    bool folder = u->lib.archive_entry_filetype(e) == AE_IFDIR;
    if (!given)
        return refuse("a file", "has a name that is not UTF-8", err);
    const char *why = why_not(&u->lib, e);
    if (why)
        return refuse(given, why, err);
    while (given[0] == '.' && given[1] == '/')
        given += 2;
    size_t len = strlen(given);
    while (folder && len && given[len - 1] == '/')
        len--;
    if (folder && (!len || (len == 1 && given[0] == '.')))
        return 0;
    int r = path_check_plain(given, len, CORDON_E_BAD_ARTIFACT, err);
    if (r < 0)
        return r;
    return folder ? 0 : take_file(u, e, given, err);
}

static int unpack(struct unpack *u, cordon_error **err)
{
    struct archive_entry *e;
    int r = 0, got;
    while (r >= 0 && (got = u->lib.archive_read_next_header(u->from, &e)) == ARCHIVE_OK) {
        if (u->lib.archive_filter_count(u->from) > 2)   /* itself, and one gzip */
            return err_set(err, CORDON_E_BAD_ARTIFACT, NULL, "it is packed more than once");
        if (++u->entries > ENTRIES_MAX)
            return err_set(err, CORDON_E_TOO_LARGE, NULL, "there are more than %d entries in it", ENTRIES_MAX);
        r = take_entry(u, e, err);
    }
    return r < 0 ? r : got == ARCHIVE_EOF ? 0 : refuse_archive(u, err);
}

int bundle_unpack_job(const char *arg, const uint8_t *in, size_t len, struct buf *meta, struct buf *body, cordon_error **err)
{
    struct unpack u = {.to = body, .packed = len};
    (void)arg;
    int r = libarchive_again(&u.lib, err);
    if (r < 0)
        return r;
    if (!(u.from = u.lib.archive_read_new()))
        return err_nomem(err);
    bool good = u.lib.archive_read_support_filter_gzip(u.from) == ARCHIVE_OK && u.lib.archive_read_support_format_tar(u.from) == ARCHIVE_OK &&
                u.lib.archive_read_support_format_zip_seekable(u.from) == ARCHIVE_OK && u.lib.archive_read_open_memory(u.from, in, len) == ARCHIVE_OK;
    r = good ? unpack(&u, err) : refuse_archive(&u, err);
    u.lib.archive_read_free(u.from);
    return r < 0 ? r : buf_adds(meta, "{}") < 0 ? err_nomem(err) : 0;
}
