/* SPDX-License-Identifier: Apache-2.0
 * JavaScript and TypeScript: the packages of package-lock.json, fetched by npm, which runs none of their scripts; compiled by one of them, componentize-qjs, which Node.js runs in the
 * sandbox (guest/build-js.mjs).
 */
#include "author/build_js_mjs.h"
#include "author/js_lock.h"
#include "author/lang.h"
#include "author/skill_world.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT "build-js.mjs"
#define WORLD "world.wit"
#define DEBIAN "nodejs npm"
enum { MANIFEST_MAX = 4 << 20 };

static const char *const locks[] = {JS_MANIFEST, JS_LOCK, NULL};
static const char *const node_names[] = {"node", "nodejs", NULL};
static const char *const npm_names[] = {"npm", NULL};

static bool is_ts(int fd) { return lang_has(fd, JS_MANIFEST) && lang_has(fd, "tsconfig.json"); }
static bool is_js(int fd) { return lang_has(fd, JS_MANIFEST); }

/* ---- fetching ---- */

/* npm gets to see the dependencies alone. */
static int reduce_manifest(const char *folder, cordon_error **err)
{
    cleanup_free char *path = NULL, *text = NULL, *reduced = NULL;
    struct stat st;
    if (asprintf(&path, "%s/" JS_MANIFEST, folder) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (st.st_size > MANIFEST_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, JS_MANIFEST, JS_MANIFEST " has more than %d bytes", MANIFEST_MAX);
    if (!(text = malloc((size_t)st.st_size + 1)))
        return err_nomem(err);
    if (read(fd, text, (size_t)st.st_size) != st.st_size)
        return err_errno(err, errno, "read", path);
    int rc = js_lock_reduce(text, (size_t)st.st_size, &reduced, err);
    if (rc < 0)
        return rc;
    if (unlink(path) < 0)
        return err_errno(err, errno, "replace", path);
    return scratch_write(folder, JS_MANIFEST, reduced, strlen(reduced), err);
}

/* With a prefix of its own, for npm else looks above the folder for a project that calls it a part of itself, and takes that one's settings. */
static int fetch(struct build *b, const char *folder, cordon_error **err)
{
    cleanup_free char *npm = NULL, *packages = NULL;
    int rc = tool_find(b, npm_names, DEBIAN, &npm, err);
    if (rc < 0 || (rc = reduce_manifest(folder, err)) < 0)
        return rc;
    const char *const argv[] = {npm, "ci", "--prefix", folder, "--workspaces=false", "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund", "--no-update-notifier", NULL};
    const struct tool t = {.argv = argv, .folder = folder, .what = "cannot fetch the packages"};
    if ((rc = tool_fetch(b, &t, err)) < 0)
        return rc;
    if (asprintf(&packages, "%s/node_modules", folder) < 0) {
        packages = NULL;
        return err_nomem(err);
    }
    /* Where there is nothing to fetch, npm makes no folder. */
    return mkdir(packages, 0777) < 0 && errno != EEXIST ? err_errno(err, errno, "make", packages) : 0;
}

/* ---- building ---- */

/* Where the WIT lies: in the project, or as a file of ours. */
static int find_wit(const struct build *b, char **ret, cordon_error **err)
{
    int rc = b->wit.is_own ? 0 : scratch_write(b->scratch, WORLD, skill_world, strlen(skill_world), err);
    if (rc < 0)
        return rc;
    if (asprintf(ret, b->wit.is_own ? "%s/wit" : "%s/" WORLD, b->wit.is_own ? b->dir : b->scratch) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* The program itself, wherever its folder is a user's own: that may hold anything. */
static int find_node(const struct build *b, char **ret, cordon_error **err)
{
    cleanup_free char *found = NULL;
    int rc = tool_find(b, node_names, DEBIAN, &found, err);
    if (rc < 0)
        return rc;
    *ret = realpath(found, NULL);
    return *ret ? 0 : err_errno(err, errno, "find", found);
}

static int make(struct build *b, cordon_error **err)
{
    cleanup_free char *node = NULL, *wit = NULL, *script = NULL;
    int rc = find_node(b, &node, err);
    if (rc < 0 || (rc = find_wit(b, &wit, err)) < 0 || (rc = scratch_write(b->scratch, SCRIPT, build_js_mjs, strlen(build_js_mjs), err)) < 0)
        return rc;
    if (asprintf(&script, "%s/" SCRIPT, b->scratch) < 0) {
        script = NULL;
        return err_nomem(err);
    }
    const char *const argv[] = {node, script, b->dir, b->packages, wit, b->scratch, NULL};
    const struct tool t = {.argv = argv, .what = "cannot build the component", .roots = {{node, TOOL_READ | TOOL_EXECUTE}}};
    b->made = BUILD_TYPED;
    return tool_run(b, &t, err);
}

const struct lang lang_js = {.name = "js", .words = "JavaScript", .is_it = is_js, .packages = "node_modules", .locks = locks, .check = js_lock_check, .fetch = fetch, .make = make};
const struct lang lang_ts = {.name = "ts", .words = "TypeScript", .is_it = is_ts, .packages = "node_modules", .locks = locks, .check = js_lock_check, .fetch = fetch, .make = make};
