/* SPDX-License-Identifier: Apache-2.0
 *
 * HOME/registry.lock: one writer at a time, over everything that belongs to a change, the store's folders included. The kernel gives it back with its holder's last
 * descriptor, however that one ends. Who holds it is written in it, for messages.
 */
#include "registry/parts.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define FILE_NAME "registry.lock"
enum { WAIT_US = 10000, HOLDER_MAX = 32 };

static int open_file(const struct home *h, int *ret, cordon_error **err)
{
    struct stat st;
    int r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDWR, ret, &st, err);
    if (r == 0 && (r = safe_write(h->fd, h->path, FILE_NAME, "", 0, true, err)) >= 0)
        r = safe_file_open(h->fd, h->path, FILE_NAME, O_RDWR, ret, &st, err);
    if (r == 0)
        r = err_set(err, CORDON_E_IO, FILE_NAME, "%s/%s is gone again", h->path, FILE_NAME);
    return r < 0 ? r : 0;
}

static int refuse_busy(const struct registry *r, int fd, cordon_error **err)
{
    char holder[HOLDER_MAX] = "";
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);
    long pid = n > 0 ? strtol(holder, NULL, 10) : 0;
    int rc;
    if (pid > 0)
        rc = err_set(err, CORDON_E_BUSY, r->home.path, "process %ld is changing what is installed in %s", pid, r->home.path);
    else
        rc = err_set(err, CORDON_E_BUSY, r->home.path, "another process is changing what is installed in %s", r->home.path);
    err_hint(err, "Nothing was changed. Run the command again when that process is done%s.", pid > 0 ? " (ps -p shows it)" : "");
    return rc;
}

int registry_lock(struct registry *r, cordon_error **err)
{
    cleanup_fd int fd = -1;
    char holder[HOLDER_MAX];
    int rc = open_file(&r->home, &fd, err);
    if (rc < 0)
        return rc;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, errno, "lock", FILE_NAME);
        if (clock_now_ns() >= r->db.patience.deadline_ns)
            return refuse_busy(r, fd, err);
        usleep(WAIT_US);
    }
    int len = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, holder, (size_t)len, 0) != len)
        holder[0] = '\0'; /* then nobody learns who holds it; a full disk is told by what comes next */
    r->lock = take_fd(fd);
    return 0;
}

void registry_unlock(struct registry *r)
{
    if (r->lock >= 0)
        close(r->lock);
    r->lock = -1;
}
