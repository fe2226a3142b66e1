/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's side of an archive: the helper takes it apart, and what it says is in there goes through the same checks as a folder's files.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "bundle/archive.h"
#include "bundle/stage.h"
#include "code/code.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { TAR_MAGIC_AT = 257 };

bool bundle_is_archive(const void *head, size_t len)
{
    const uint8_t *h = head;
    return (len >= 2 && h[0] == 0x1f && h[1] == 0x8b) || (len >= 4 && !memcmp(h, "PK\3\4", 4)) || (len >= 4 && !memcmp(h, "PK\5\6", 4)) ||
           (len >= TAR_MAGIC_AT + 5 && !memcmp(h + TAR_MAGIC_AT, "ustar", 5));
}

/* ---- the one folder at its top ---- */

/* Length of the first name with its slash; 0: it is a file at the top. */
static size_t first_name(const struct stream_file *f)
{
    const char *slash = memchr(f->path, '/', f->path_len);
    return slash ? (size_t)(slash - f->path) + 1 : 0;
}

/* How much of each path is the one folder that everything lies in. */
static size_t common_folder(struct stream s)
{
    struct stream_file f, first = {0};
    size_t len = 0;
    for (bool is_first = true; stream_next(&s, &f) > 0; is_first = false) {
        size_t own = first_name(&f);
        if (is_first)
            first = f, len = own;
        if (!own || own != len || memcmp(f.path, first.path, len))
            return 0;
    }
    return len;
}

/* ---- the stream into a draft ---- */

static int take_file(struct draft *d, const struct stream_file *f, size_t skip, cordon_error **err)
{
    cleanup(sink_finish) struct sink s = SINK_NONE;
    int r = path_check(f->path, f->path_len, d->refusal, err);   /* with the folder that is stepped into */
    if (r < 0 || (r = draft_open(d, f->path + skip, f->path_len - skip, f->executable, true, &s, err)) <= 0)
        return r;
    r = draft_write(d, &s, f->bytes, f->len, err);
    return r < 0 ? r : draft_close(d, &s, err);
}

int archive_take(struct draft *d, const void *bytes, size_t len, cordon_error **err)
{
    struct stream s = {bytes, len};
    struct stream_file f;
    size_t skip = common_folder(s);
    int r = 0, got = 0;
    while (r >= 0 && (got = stream_next(&s, &f)) > 0)
        r = take_file(d, &f, skip, err);
    return r < 0 ? r : got < 0 ? err_set(err, CORDON_E_HOST_BUG, NULL, "the helper's list of an archive is not well-formed") : 0;
}

/* The file is sealed: it cannot end before the mapping. */
static int take_mapped(struct draft *d, int fd, uint64_t len, cordon_error **err)
{
    if (!len)
        return 0;
    void *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return err_errno(err, errno, "map", "what was unpacked");
    int r = archive_take(d, bytes, len, err);
    munmap(bytes, len);
    return r;
}

/* ---- the archive ---- */

static int read_all(int fd, const char *what, char **ret, size_t *ret_len, cordon_error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", what);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_ARTIFACT, what, "%s is not a regular file", what);
    if (st.st_size > BUNDLE_ARCHIVE_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, what, "%s has more than %d MiB", what, BUNDLE_ARCHIVE_MAX >> 20);
    size_t len = (size_t)st.st_size, at = 0;
    cleanup_free char *bytes = malloc(len + 1);
    if (!bytes)
        return err_nomem(err);
    while (at < len) {
        ssize_t n = pread(fd, bytes + at, len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", what);
        if (!n)
            break;   /* somebody made it shorter: what there is is not whole, and says so */
        at += (size_t)n;
    }
    *ret_len = at;
    *ret = take(bytes);
    return 0;
}

static int unpack(struct helper *helper, const char *bytes, size_t len, struct draft *d, cordon_error **err)
{
    cleanup_free char *meta = NULL;
    cleanup_fd int fd = -1;
    uint64_t unpacked = 0;
    int r = helper_run(helper, CODE_JOB_UNPACK, "", (const uint8_t *)bytes, len, &meta, &fd, &unpacked, err);
    return r < 0 ? r : take_mapped(d, fd, unpacked, err);
}

int bundle_stage_archive(const char *staging, struct helper *helper, int fd, const char *what, struct bundle *ret, cordon_error **err)
{
    cleanup(stage_finish) struct draft d = DRAFT(true, CORDON_E_BAD_ARTIFACT);
    cleanup_free char *bytes = NULL;
    size_t len = 0;
    int r = read_all(fd, what, &bytes, &len, err);
    if (r < 0 || (r = stage_begin(&d, staging, err)) < 0)
        return r;
    if ((r = unpack(helper, bytes, len, &d, err)) < 0 || (r = draft_end(&d, ret, err)) < 0)
        return err_wrap(err, "%s is no archive of a skill", what);
    return 0;
}
