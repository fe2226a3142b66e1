/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything is opened before anything is confined, by the supervisor, and Landlock is told descriptors: a path that is replaced later is another file.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "script/confine.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What bash, Python and the programs of a Debian system need. Nothing of /proc, /sys, /home; of /etc what holds no secret and no names. */
static const struct {
    const char *path;
    unsigned may;
} common[] = {
    {"/usr", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/bin", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/sbin", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/lib", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/lib32", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/lib64", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/libx32", LANDLOCK_READ | LANDLOCK_EXECUTE},
    {"/etc/ld.so.cache", LANDLOCK_READ},
    {"/etc/localtime", LANDLOCK_READ},
    {"/etc/ssl/openssl.cnf", LANDLOCK_READ},
    {"/dev/null", LANDLOCK_READ | LANDLOCK_WRITE},
    {"/dev/zero", LANDLOCK_READ | LANDLOCK_WRITE},
    {"/dev/urandom", LANDLOCK_READ},
};
_Static_assert(sizeof common / sizeof *common < 32, "they fit");

static void add(struct confine_paths *p, int fd, unsigned may)
{
    p->item[p->n++] = (struct landlock_path){.fd = fd, .may = may};
}

/* Links on the way have been resolved when it was granted: one that is there now was put there since. A kernel or filter without openat2 looks at the last name alone. */
static int open_real(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    return fd < 0 && (errno == ENOSYS || errno == EPERM) ? open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW) : fd;
}

static int add_place(struct confine_paths *p, const char *path, const struct script_job_place *want, cordon_error **err)
{
    struct stat st;
    cleanup_fd int fd = open_real(path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, CORDON_E_NOT_FOUND, path, "cannot open %s for the script: %s", path, strerror(errno));
    if (st.st_dev != want->dev || st.st_ino != want->ino)
        return err_set(err, CORDON_E_NOT_FOUND, path, "%s is another folder now than the one that was granted", path);
    add(p, take_fd(fd), want->may);
    return 0;
}

static void add_common(struct confine_paths *p, const char *path, unsigned may)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0)
        add(p, fd, may);
}

/* Debian keeps Python's own settings there: /etc/python3.11 for python3.11. */
static void add_settings(struct confine_paths *p, const char *interpreter)
{
    char real[PATH_MAX], path[PATH_MAX + 8];
    const char *slash = realpath(interpreter, real) ? strrchr(real, '/') : NULL;
    if (!slash || strncmp(slash, "/python", 7) != 0)
        return;
    snprintf(path, sizeof path, "/etc%s", slash);
    add_common(p, path, LANDLOCK_READ);
}

int confine_open(const struct script_order *o, struct confine_paths *ret, cordon_error **err)
{
    *ret = (struct confine_paths){.folder = -1};
    for (uint32_t i = 0; i < o->job.n_places; i++) {
        int r = add_place(ret, o->place[i], &o->job.place[i], err);
        if (r < 0)
            return r;
    }
    ret->folder = ret->item[0].fd;
    int scratch = open(o->scratch, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (scratch < 0)
        return err_errno(err, errno, "open", o->scratch);
    add(ret, scratch, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_SYMLINK);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        add_common(ret, common[i].path, common[i].may);
    add_settings(ret, o->words[0]);
    return 0;
}

void confine_paths_finish(struct confine_paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        close(p->item[i].fd);
}
