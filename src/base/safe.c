/* SPDX-License-Identifier: Apache-2.0 */
#include "base/safe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static void cleanup_buf(struct buf *b) { buf_finish(b); }

int safe_refuse(const char *path, const char *what, const char *command, cordon_error **err)
{
    cleanup(cleanup_buf) struct buf quoted;
    buf_init(&quoted, 4 * PATH_MAX);
    int r = err_set(err, CORDON_E_UNSAFE_PATH, path, "%s %s", path, what);
    if (command && !text_quote_sh(&quoted, path))
        err_hint(err, "%s %s", command, quoted.data);
    return r;
}

/* Whoever owns a folder, or may write it while it is not sticky, decides what its names mean. */
static int check_above(const char *path, cordon_error **err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return err_errno(err, errno, "look at", path);
    if (st.st_uid && st.st_uid != geteuid())
        return safe_refuse(path, "belongs to another user, who could replace what is beneath it", NULL, err);
    if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
        return safe_refuse(path, "can be written by others", "chmod go-w", err);
    return 0;
}

int safe_chain(const char *path, bool whole, cordon_error **err)
{
    char at[PATH_MAX];
    int r = check_above("/", err);
    for (const char *p = path + 1; r >= 0 && *p;) {
        p += strcspn(p, "/");
        if (!*p && !whole)
            break;
        memcpy(at, path, (size_t)(p - path));
        at[p - path] = '\0';
        r = check_above(at, err);
        p += *p == '/';
    }
    return r;
}
