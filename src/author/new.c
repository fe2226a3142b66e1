/* SPDX-License-Identifier: Apache-2.0
 * A new project: a folder that was not there, with the files of a template, whole or not at all. */
#include "author/templates.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_BYTES_MAX = 128, FILE_BYTES_MAX = 64 << 10, SHOWN = 100 };

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- the name ---- */

static bool consists_of(const char *s, const char *set)
{
    return s[strspn(s, set)] == '\0';
}

/* Letters, digits, hyphens and underscores: never a path, never something that needs quotes. */
static int check_name(const char *name, bool lower_case, cordon_error **err)
{
    if (!*name)
        return err_set(err, CORDON_E_USAGE, "name", "skill name must not be empty");
    if (!lower_case && !consists_of(name, LOWER UPPER DIGITS "-_"))
        return err_set(err, CORDON_E_USAGE, "name", "skill name '%.*s' contains invalid characters (only alphanumeric, hyphens, underscores allowed)", SHOWN, name);
    if (lower_case && (!consists_of(name, LOWER DIGITS "-") || name[0] == '-' || name[strlen(name) - 1] == '-')) {
        err_set(err, CORDON_E_USAGE, "name", "Skill name '%.*s' must contain only lowercase letters, digits, and hyphens", SHOWN, name);
        return err_hint(err, "A hyphen stands at neither end.");
    }
    if (strlen(name) > NAME_BYTES_MAX)
        return err_set(err, CORDON_E_USAGE, "name", "skill name '%.*s…' has %zu bytes (ceiling %d)", SHOWN, name, strlen(name), NAME_BYTES_MAX);
    return 0;
}

/* ---- the files ---- */

static int fill_in(const char *text, const char *name, struct buf *ret, cordon_error **err)
{
    static const char mark[] = "@NAME@";
    for (const char *at; (at = strstr(text, mark)); text = at + sizeof mark - 1) {
        buf_add(ret, text, (size_t)(at - text));
        buf_adds(ret, name);
    }
    buf_adds(ret, text);
    return ret->full ? err_nomem(err) : 0;
}

static int write_file(int folder, const char *path, const struct buf *text, cordon_error **err)
{
    cleanup_fd int fd = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_errno(err, errno, "write", path);
    for (size_t done = 0; done < text->len;) {
        ssize_t n = write(fd, text->data + done, text->len - done);
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "write", path);
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int make_folders(int folder, const char *path, cordon_error **err)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        cleanup_free char *above = strndup(path, (size_t)(slash - path));
        if (!above)
            return err_nomem(err);
        if (mkdirat(folder, above, 0777) < 0 && errno != EEXIST)
            return err_errno(err, errno, "make", above);
    }
    return 0;
}

static int make_file(int folder, const struct template_file *f, const char *name, cordon_error **err)
{
    cleanup(buf_finish) struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    int rc = fill_in(f->text, name, &text, err);
    if (rc < 0 || (rc = make_folders(folder, f->path, err)) < 0)
        return rc;
    return write_file(folder, f->path, &text, err);
}

/* Takes back what was made so far, and nothing that somebody else has put there meanwhile. */
static void take_back(int parent, int folder, const struct template_file *files, const char *name)
{
    for (const struct template_file *f = files; folder >= 0 && f->path; f++) {
        char above[128];
        unlinkat(folder, f->path, 0);
        snprintf(above, sizeof above, "%s", f->path);
        for (char *slash; (slash = strrchr(above, '/'));) {
            *slash = '\0';
            unlinkat(folder, above, AT_REMOVEDIR);
        }
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}

static int make_files(int folder, const struct template_file *files, const char *name, cordon_error **err)
{
    for (const struct template_file *f = files; f->path; f++) {
        int rc = make_file(folder, f, name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int refuse_folder(const char *name, int why, cordon_error **err)
{
    if (why != EEXIST)
        return err_errno(err, why, "make the folder", name);
    err_set(err, CORDON_E_USAGE, name, "there is already a %s here", name);
    return err_hint(err, "Nothing was written. Choose another name, or move what is there out of the way.");
}

static int make_project(int parent, const struct template *t, const char *name, cordon_error **err)
{
    if (mkdirat(parent, name, 0777) < 0)
        return refuse_folder(name, errno, err);
    cleanup_fd int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = folder < 0 ? err_errno(err, errno, "open", name) : make_files(folder, t->files, name, err);
    if (rc < 0)
        take_back(parent, folder, t->files, name);
    return rc;
}

/* ---- the answer ---- */

static json_t *list_files(const struct template *t)
{
    json_t *list = json_array();
    for (const struct template_file *f = t->files; f->path; f++)
        json_array_append_new(list, json_string(f->path));
    return list;
}

static json_t *list_next(const struct template *t, const char *name)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof t->next / sizeof *t->next && t->next[i]; i++) {
        cleanup(buf_finish) struct buf text;
        buf_init(&text, FILE_BYTES_MAX);
        fill_in(t->next[i], name, &text, NULL);
        json_array_append_new(list, json_string(text.data));
    }
    return list;
}

static int describe(const struct template *t, const char *name, char **ret, cordon_error **err)
{
    json_t *j = json_pack("{s:s, s:s, s:o, s:o}", "name", name, "what", t->what, "files", list_files(t), "next", list_next(t, name));
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}

static int make_new(const char *in, const char *name, enum cordon_template which, char **ret_json, cordon_error **err)
{
    const struct template *t = template_of(which);
    if (!t)
        return err_set(err, CORDON_E_USAGE, "template", "there is no template with the number %d", (int)which);
    int rc = check_name(name, t->lower_case, err);
    if (rc < 0)
        return rc;
    cleanup_fd int parent = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return err_errno(err, errno, "open the folder", in);
    cleanup_free char *json = NULL;
    if ((rc = describe(t, name, &json, err)) < 0 || (rc = make_project(parent, t, name, err)) < 0)
        return rc;
    *ret_json = take(json);
    return 0;
}

int cordon_new(const char *in, const char *name, enum cordon_template which, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cordon_error *why = NULL;
    int rc = make_new(in, name, which, ret_json, &why);
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}
