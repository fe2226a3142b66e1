/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "script/script.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *what, *hint;
    const char *interpreters[3];
} kinds[] = {
    [SCRIPT_BASH] = {"run.sh", "bash", "Install it: apt-get install bash", {"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"}},
    [SCRIPT_PYTHON] = {"run.py", "python3", "Install it: apt-get install python3", {"/usr/bin/python3", "/usr/local/bin/python3", NULL}},
};

static int no_script(const char *folder, cordon_error **err)
{
    return err_set(err, CORDON_E_NOT_FOUND, folder, "the folder %s holds no script: scripts/run.sh or scripts/run.py is expected in it", folder);
}

/* 1: it is there; 0: it is not. A link is refused, wherever it leads: what runs is what lies in the folder. */
static int look(int scripts, const char *folder, const char *name, cordon_error **err)
{
    struct stat st;
    if (fstatat(scripts, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "look at the script in", folder);
    if (!S_ISREG(st.st_mode))
        return err_set(err, CORDON_E_BAD_ARTIFACT, folder, "%s/scripts/%s is no regular file", folder, name);
    return 1;
}

static int find_kind(int at, const char *folder, enum script_kind *ret, cordon_error **err)
{
    cleanup_fd int scripts = openat(at, "scripts", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (scripts < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? no_script(folder, err) : err_errno(err, errno, "look into", folder);
    for (enum script_kind k = SCRIPT_BASH; k <= SCRIPT_PYTHON; k++) {
        int r = look(scripts, folder, kinds[k].name, err);
        if (r < 0)
            return r;
        if (r) {
            *ret = k;
            return 0;
        }
    }
    return no_script(folder, err);
}

static int find_interpreter(enum script_kind kind, const char **ret, cordon_error **err)
{
    for (size_t i = 0; i < sizeof kinds[kind].interpreters / sizeof(char *); i++) {
        const char *path = kinds[kind].interpreters[i];
        if (path && access(path, X_OK) == 0) {
            *ret = path;
            return 0;
        }
    }
    err_set(err, CORDON_E_MISSING_TOOL, kinds[kind].what, "the script needs %s, which is not installed", kinds[kind].what);
    return err_hint(err, "%s", kinds[kind].hint);
}

static int open_folder(const char *folder, struct script_place *ret, int *ret_fd, cordon_error **err)
{
    struct stat st;
    cleanup_free char *real = realpath(folder, NULL);
    if (!real && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, CORDON_E_NOT_FOUND, folder, "there is no folder %s", folder);
    cleanup_fd int fd = real ? open(real, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "open", folder);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, CORDON_E_NOT_FOUND, folder, "%s is no folder", folder);
    *ret = (struct script_place){.path = take(real), .dev = st.st_dev, .ino = st.st_ino};
    *ret_fd = take_fd(fd);
    return 0;
}

int script_find(const char *folder, struct script *ret, cordon_error **err)
{
    cleanup(script_finish) struct script s = {0};
    cleanup_fd int fd = -1;
    int r = open_folder(folder, &s.folder, &fd, err);
    if (r < 0 || (r = find_kind(fd, s.folder.path, &s.kind, err)) < 0 || (r = find_interpreter(s.kind, &s.interpreter, err)) < 0)
        return r;
    if (asprintf(&s.path, "%s/scripts/%s", s.folder.path, kinds[s.kind].name) < 0) {
        s.path = NULL;
        return err_nomem(err);
    }
    *ret = s;
    s = (struct script){0};
    return 0;
}

void script_finish(struct script *s)
{
    free(s->folder.path);
    free(s->path);
}
