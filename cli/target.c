/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include "cleanup.h"
#include "near.h"
#include "source.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { ARTIFACT_MAX = 64 << 20, ENTRIES_MAX = 4096 };

static bool ends_in(const char *s, const char *ending)
{
    size_t len = strlen(s), n = strlen(ending);
    return len > n && strcmp(s + len - n, ending) == 0;
}

static bool is_artifact(const char *word)
{
    return strchr(word, '/') || strcmp(word, ".") == 0 || strcmp(word, "..") == 0 || ends_in(word, ".wasm") || ends_in(word, ".wat");
}

static void set_name(struct target *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(t->name, sizeof t->name, "%s", slash && slash[1] ? slash + 1 : path);
    char *dot = strrchr(t->name, '.');
    if (dot && dot != t->name && (strcmp(dot, ".wasm") == 0 || strcmp(dot, ".wat") == 0))
        *dot = '\0';
}

/* The artifact in `folder` whose name is nearest to `name`, with or without its ending; into `ret`, or "". */
static void find_near(const char *folder, const char *name, char ret[NAME_MAX + 1])
{
    ret[0] = '\0';
    DIR *d = opendir(folder);
    if (!d)
        return;
    char stem[NAME_MAX + 1];
    struct near whole, part;
    near_init(&whole, name);
    near_init(&part, name);
    struct dirent *e;
    for (int i = 0; i < ENTRIES_MAX && (e = readdir(d)); i++) {
        if (!ends_in(e->d_name, ".wasm") && !ends_in(e->d_name, ".wat"))
            continue;
        snprintf(stem, sizeof stem, "%.*s", (int)(strrchr(e->d_name, '.') - e->d_name), e->d_name);
        unsigned best = whole.distance < part.distance ? whole.distance : part.distance;
        near_offer(&whole, e->d_name);
        near_offer(&part, stem);
        if (whole.distance < best || part.distance < best)
            snprintf(ret, NAME_MAX + 1, "%s", e->d_name);
    }
    closedir(d);
}

void target_hint(const char *word, cordon_error **err)
{
    char name[NAME_MAX + 1], found[NAME_MAX + 1];
    struct stat st;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "@"), word);
    if (strlen(word) <= NAME_MAX && stat(word, &st) == 0)
        snprintf(found, sizeof found, "%s", word);
    else
        find_near(".", name, found);
    if (!found[0])
        return;
    cordon_error_free(*err);
    cordon_error_set(err, CORDON_E_NOT_FOUND, word, NULL, "no skill named %s is installed; did you mean ./%s?", name, found);
}

static int no_file(const char *path, int why, cordon_error **err)
{
    if (why != ENOENT && why != ENOTDIR && why != ENAMETOOLONG)
        return cordon_error_set(err, CORDON_E_IO, path, NULL, "cannot read %.500s: %s", path, strerror(why));
    char folder[PATH_MAX] = ".", found[NAME_MAX + 1] = "";
    const char *slash = strrchr(path, '/');
    size_t head = slash ? (size_t)(slash - path) + 1 : 0;
    if (head < sizeof folder && strlen(path) - head <= NAME_MAX) {
        if (head)
            snprintf(folder, sizeof folder, "%.*s", (int)head, path);
        find_near(folder, path + head, found);
    }
    if (found[0])
        return cordon_error_set(err, CORDON_E_NOT_FOUND, path, NULL, "there is no file %.500s; did you mean %.*s%s?", path, (int)head, path,
                                found);
    return cordon_error_set(err, CORDON_E_NOT_FOUND, path, NULL, "cannot find %.500s: %s", path, strerror(why));
}

static bool holds_script(const char *folder)
{
    static const char *const names[] = {"scripts/run.sh", "scripts/run.py"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup_free char *path = NULL;
        struct stat st;
        if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
            path = NULL;
        if (path && lstat(path, &st) == 0)
            return true;
    }
    return false;
}

static bool holds_manifest(const char *folder)
{
    static const char *const names[] = {"skill.toml", "Component.toml", "SKILL.md"};
    bool holds = false;
    for (size_t i = 0; !holds && i < sizeof names / sizeof *names; i++) {
        cleanup_free char *path = NULL;
        struct stat st;
        if (asprintf(&path, "%s/%s", folder, names[i]) < 0)
            path = NULL;
        holds = path && lstat(path, &st) == 0;
    }
    return holds;
}

/* With a manifest a folder is what that says. */
static int whole_folder(const char *folder, const char *real, struct target *ret, cordon_error **err)
{
    set_name(ret, real);
    ret->is_folder = true;
    ret->path = strdup(folder);
    return ret->path ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

/* Else it stands for its component: <folder>/<folder's name>.wasm, or skill.wasm. */
static int in_folder(const char *folder, struct target *ret, cordon_error **err)
{
    cleanup_free char *real = realpath(folder, NULL);
    if (!real)
        return no_file(folder, errno, err);
    if (holds_manifest(folder))
        return whole_folder(folder, real, ret, err);
    const char *name = strrchr(real, '/') + 1;
    const char *const names[] = {*name ? name : "skill", "skill"};
    for (size_t i = 0; i < 2; i++) {
        cleanup_free char *path = NULL;
        struct stat st;
        if (asprintf(&path, "%s%s%s.wasm", folder, ends_in(folder, "/") || strcmp(folder, "/") == 0 ? "" : "/", names[i]) < 0)
            return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            set_name(ret, real);
            ret->path = take(path);
            return 0;
        }
    }
    if (holds_script(folder))
        return cordon_error_set(err, CORDON_E_TIER_REFUSED, folder, "A script runs with this user's own rights, cut down to its grants, and not in a sandbox of WebAssembly's.",
                                "the folder %.500s holds a script and no component: scripts run only when they are installed with --tier local", real);
    return cordon_error_set(err, CORDON_E_NOT_FOUND, folder, "Build it first (`cordon build FOLDER`), or name the file itself.",
                            "the folder %.500s holds no component: %s.wasm or skill.wasm is expected in it", folder, names[0]);
}

static const char *kind_of(mode_t mode)
{
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

static int find_file(const char *word, struct target *ret, cordon_error **err)
{
    struct stat st;
    if (stat(word, &st) < 0)
        return no_file(word, errno, err);
    if (S_ISDIR(st.st_mode))
        return in_folder(word, ret, err);
    if (!S_ISREG(st.st_mode))
        return cordon_error_set(err, CORDON_E_BAD_ARTIFACT, word, "Give a regular file, or `-` to read the artifact from standard input.",
                                "%.500s is %s, not a file", word, kind_of(st.st_mode));
    set_name(ret, word);
    ret->path = strdup(word);
    return ret->path ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

bool target_is_installed(const char *word)
{
    return strcmp(word, "-") != 0 && !is_artifact(word);
}

int target_find(const char *word, struct target *ret, cordon_error **err)
{
    *ret = (struct target){0};
    if (strcmp(word, "-") == 0) {
        snprintf(ret->name, sizeof ret->name, "stdin");
        return source_read("-", ARTIFACT_MAX, "the artifact", &ret->bytes, &ret->len, err);
    }
    if (is_artifact(word))
        return find_file(word, ret, err);
    ret->installed = true;
    snprintf(ret->name, sizeof ret->name, "%s", word);
    return 0;
}

void target_finish(struct target *t)
{
    free(t->path);
    free(t->bytes);
}
