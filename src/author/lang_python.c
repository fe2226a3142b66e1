/* SPDX-License-Identifier: Apache-2.0
 * Python: skill.py and what it imports, with CPython in one component. That is made by componentize-py, a library of requirements.txt, which the system's own Python runs in the sandbox
 * (guest/build-python.py); pip fetches it (guest/fetch-python.py).
 */
#include "author/build_python.h"
#include "author/fetch_python.h"
#include "author/lang.h"
#include "author/python_lock.h"
#include "author/skill_world.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE "skill.py"
#define PACKAGES ".packages"
#define PINNED "pinned.txt"
#define WORLD "world.wit"
enum { PINNED_MAX = 64 << 20 };

static const char *const locks[] = {PYTHON_LOCK, NULL};
static const char *const names[] = {"python3", NULL};
static const char has_pip[] = "import importlib.util, sys; sys.exit(not importlib.util.find_spec('pip'))";

static bool is_it(int fd) { return lang_has(fd, SOURCE); }

static int path_in(const char *folder, const char *name, char **ret, cordon_error **err)
{
    if (asprintf(ret, "%s/%s", folder, name) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* The system's: one in a user's own folder would need that to be open to the sandbox, with whatever else lies there. */
static int find_python(const struct build *b, char **ret, cordon_error **err)
{
    cleanup_free char *found = NULL;
    int rc = tool_find(b, names, "python3", &found, err);
    if (rc < 0)
        return rc;
    cleanup_free char *real = realpath(found, NULL);
    if (!real)
        return err_errno(err, errno, "find", found);
    if (strncmp(real, "/usr/", strlen("/usr/")) != 0) {
        err_set(err, CORDON_E_MISSING_TOOL, "python3", "%s lies outside of /usr, where the sandbox of a build can read nothing (Debian: python3)", real);
        return err_hint(err, "apt-get install python3");
    }
    *ret = take(found);
    return 0;
}

/* ---- fetching ---- */

static int find_pip(struct build *b, const char *python, const char *folder, cordon_error **err)
{
    const char *const argv[] = {python, "-I", "-c", has_pip, NULL};
    const struct tool t = {.argv = argv, .folder = folder, .what = "cannot look for pip"};
    cordon_error *why = NULL;
    int rc = tool_fetch(b, &t, &why);
    cordon_error_free(why);
    if (rc == 0 || hold_is_asked(&b->hold))
        return 0;
    err_set(err, CORDON_E_MISSING_TOOL, "pip", "pip is not installed (Debian: python3-pip)");
    return err_hint(err, "apt-get install --no-install-recommends python3-pip");
}

/* pip is given what was read of the file, and not the file. */
static int write_pinned(const char *folder, cordon_error **err)
{
    cleanup_free char *path = NULL;
    cleanup(buf_finish) struct buf given, pinned;
    struct stat st;
    buf_init(&given, PINNED_MAX);
    buf_init(&pinned, PINNED_MAX);
    int rc = path_in(folder, PYTHON_LOCK, &path, err);
    if (rc < 0)
        return rc;
    cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    cleanup_free char *text = malloc((size_t)st.st_size + 1);
    if (!text)
        return err_nomem(err);
    if (read(fd, text, (size_t)st.st_size) != st.st_size)
        return err_errno(err, EIO, "read", path);
    if ((rc = python_lock_print(text, (size_t)st.st_size, &pinned, err)) < 0)
        return rc;
    return scratch_write(folder, PINNED, pinned.data, pinned.len, err);
}

static int fetch(struct build *b, const char *folder, cordon_error **err)
{
    cleanup_free char *python = NULL;
    int rc = find_python(b, &python, err);
    if (rc < 0 || (rc = find_pip(b, python, folder, err)) < 0 || (rc = write_pinned(folder, err)) < 0)
        return rc;
    const char *const argv[] = {python, "-I", "-c", fetch_python, PINNED, PACKAGES, NULL};
    const struct tool t = {.argv = argv, .folder = folder, .what = "cannot fetch the packages"};
    return tool_fetch(b, &t, err);
}

/* ---- building ---- */

/* Where the WIT lies: in the project, or as a file of ours. */
static int find_wit(const struct build *b, char **ret, cordon_error **err)
{
    int rc = b->wit.is_own ? 0 : scratch_write(b->scratch, WORLD, skill_world, strlen(skill_world), err);
    return rc < 0 ? rc : path_in(b->wit.is_own ? b->dir : b->scratch, b->wit.is_own ? "wit" : WORLD, ret, err);
}

static int find_source(const struct build *b, cordon_error **err)
{
    cleanup_free char *path = NULL;
    struct stat st;
    int rc = path_in(b->dir, SOURCE, &path, err);
    if (rc < 0 || (lstat(path, &st) == 0 && S_ISREG(st.st_mode)))
        return rc;
    err_set(err, CORDON_E_NOT_FOUND, path, "there is no %s in %s", SOURCE, b->dir);
    return err_hint(err, "A skill in Python begins there, with a class WitWorld. `cordon new --lang python` makes a project.");
}

static int make(struct build *b, cordon_error **err)
{
    cleanup_free char *python = NULL, *wit = NULL, *made = NULL;
    int rc = find_source(b, err);
    if (rc < 0 || (rc = find_python(b, &python, err)) < 0 || (rc = find_wit(b, &wit, err)) < 0 || (rc = path_in(b->scratch, MADE_FILE, &made, err)) < 0)
        return rc;
    const char *const argv[] = {python, "-I", "-B", "-c", build_python, b->packages, wit, b->dir, made, NULL};
    const struct tool t = {.argv = argv, .what = "cannot build " SOURCE};
    b->made = BUILD_TYPED;
    return tool_run(b, &t, err);
}

const struct lang lang_python = {.name = "python", .words = "Python", .is_it = is_it, .packages = PACKAGES, .locks = locks, .check = python_lock_check, .fetch = fetch, .make = make};
