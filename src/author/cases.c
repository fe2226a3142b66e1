/* SPDX-License-Identifier: Apache-2.0
 * The cases of a project's tests/, read and checked: who runs them believes nothing else of the folder. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/shim_toml.h"
#include <cordon/author.h>
#include <cordon/outcome.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { CASES_MAX = 1000, CASE_BYTES_MAX = 64 << 10, SNAPSHOT_BYTES_MAX = 1 << 20, CASE_NAME_MAX = 100 };

struct reader {
    const char *dir;       /* real */
    int tests;
    const char *file;      /* of the case at hand, for messages: "tests/oslo.toml" */
    json_t *out;           /* its case */
    cordon_error **err;
};

static void decref(json_t **j)
{
    json_decref(*j);
}

/* ---- files of tests/ ---- */

/* What is really there, without following a link or waiting for a FIFO. 1: read; 0: it is not there. */
static int read_file(int folder, const char *name, const char *label, size_t max, struct buf *ret, cordon_error **err)
{
    char chunk[8192];
    struct stat st;
    cleanup_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if ((fd < 0 && errno == ELOOP) || (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)))
        return err_set(err, CORDON_E_BAD_MANIFEST, label, "%s is not a file of its own", label);
    if (fd < 0)
        return err_errno(err, errno, "read", label);
    buf_init(ret, max);
    for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) != 0;) {
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "read", label);
        if (n > 0 && buf_add(ret, chunk, (size_t)n) < 0)
            return err_set(err, CORDON_E_TOO_LARGE, label, "%s has more than %zu bytes", label, max);
    }
    return text_is_utf8(ret->data, ret->len) ? 1 : err_set(err, CORDON_E_BAD_MANIFEST, label, "%s is not UTF-8 text", label);
}

/* ---- values ---- */

static const char *type_of(const json_t *node)
{
    return json_string_value(json_object_get(node, "t"));
}

static bool is(const json_t *node, const char *type)
{
    return strcmp(type_of(node), type) == 0;
}

/* Of a text, or of a number as it is written. */
static const char *text_of(const json_t *node)
{
    return json_string_value(json_object_get(node, "v"));
}

static int refuse(const struct reader *r, const json_t *node, const char *key, const char *what)
{
    return err_set(r->err, CORDON_E_BAD_MANIFEST, key, "%s:%lld:%lld: %s: %s", r->file, json_integer_value(json_object_get(node, "l")),
                   json_integer_value(json_object_get(node, "c")), key, what);
}

static json_t *real_of(const char *written)
{
    cleanup_free char *plain = strdup(written);
    char *to = plain;
    for (const char *from = written; plain && *from; from++)
        if (*from != '_')
            *to++ = *from;
    if (!plain)
        return NULL;
    *to = '\0';
    return json_real(strtod(plain, NULL));   /* NULL for what JSON has no number for */
}

static json_t *plain_value(const json_t *node);

static json_t *plain_table(const json_t *table)
{
    json_t *ret = json_object(), *child;
    const char *key;
    json_object_foreach((json_t *)table, key, child)
        if (json_object_set_new(ret, key, plain_value(child)) < 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

static json_t *plain_array(const json_t *array)
{
    json_t *ret = json_array(), *child;
    size_t i;
    json_array_foreach(array, i, child)
        if (json_array_append_new(ret, plain_value(child)) < 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

/* TOML as plain JSON; NULL where JSON has nothing for it. The shim bounds its depth. */
static json_t *plain_value(const json_t *node)
{
    json_t *v = json_object_get(node, "v");
    if (is(node, "string") || is(node, "boolean"))
        return json_incref(v);
    if (is(node, "integer"))
        return json_integer(strtoll(text_of(node), NULL, 10));
    if (is(node, "float"))
        return real_of(text_of(node));
    return is(node, "table") ? plain_table(v) : is(node, "array") ? plain_array(v) : NULL;
}

/* ---- keys ---- */

typedef int key_fn(const struct reader *r, const json_t *node, const char *key);

static int put(const struct reader *r, const char *key, json_t *value)
{
    return json_object_set_new(r->out, key, value) == 0 ? 0 : err_nomem(r->err);
}

static int on_text(const struct reader *r, const json_t *node, const char *key)
{
    return is(node, "string") ? put(r, key, json_incref(json_object_get(node, "v"))) : refuse(r, node, key, "a text is expected");
}

static int on_limit(const struct reader *r, const json_t *node, const char *key)
{
    return is(node, "string") || is(node, "integer") ? put(r, key, json_incref(json_object_get(node, "v"))) : refuse(r, node, key, "a number, or a text such as \"1M\", is expected");
}

static int on_value(const struct reader *r, const json_t *node, const char *key)
{
    json_t *plain = plain_value(node);
    return plain ? put(r, key, plain) : refuse(r, node, key, "JSON has no form for this value: write it as a text");
}

/* As text, which is what a call takes: then a text can hold numbers that TOML has no room for. */
static int on_args(const struct reader *r, const json_t *node, const char *key)
{
    if (is(node, "string"))
        return on_text(r, node, key);
    cleanup(decref) json_t *plain = plain_value(node);
    if (!plain || !json_is_object(plain) == !json_is_array(plain))
        return refuse(r, node, key, "a table by parameter name, a list, or a text of JSON is expected");
    char *text = json_dumps(plain, JSON_COMPACT);
    int rc = text ? put(r, key, json_string(text)) : err_nomem(r->err);
    free(text);
    return rc;
}

static int on_expect(const struct reader *r, const json_t *node, const char *key)
{
    bool known = is(node, "string") && strcmp(text_of(node), "not-started") == 0;
    for (int k = 0; is(node, "string") && k < CORDON_OUTCOME_COUNT; k++)
        known |= strcmp(text_of(node), cordon_outcome_name((enum cordon_outcome_kind)k)) == 0;
    return known ? on_text(r, node, key) : refuse(r, node, key, "an outcome is expected: \"ok\", \"err\", \"trap\", \"out-of-fuel\", … or \"not-started\"");
}

static int on_argv(const struct reader *r, const json_t *node, const char *key)
{
    const json_t *word;
    size_t i;
    if (!is(node, "array"))
        return refuse(r, node, key, "a list of texts is expected");
    json_array_foreach(json_object_get(node, "v"), i, word)
        if (!is(word, "string"))
            return refuse(r, word, key, "a text is expected");
    return on_value(r, node, key);
}

static int on_env(const struct reader *r, const json_t *node, const char *key)
{
    const char *name;
    const json_t *value;
    if (!is(node, "table"))
        return refuse(r, node, key, "a table of variables is expected, such as { LANG = \"C\" }");
    json_object_foreach(json_object_get(node, "v"), name, value)
        if (!is(value, "string"))
            return refuse(r, value, key, "a text is expected");
    return on_value(r, node, key);
}

static bool has_dots(const char *path)
{
    for (; *path; path += strspn(path, "/")) {
        size_t n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.')
            return true;
        path += n;
    }
    return false;
}

/* A case is the author's word: it gives what lies in the project, to read, and nothing else of this machine. */
static int take_folder(const struct reader *r, const json_t *node, const char *guest, json_t *list)
{
    char path[PATH_MAX], real[PATH_MAX];
    const char *given = is(node, "string") ? text_of(node) : NULL;
    size_t len = strlen(r->dir);
    if (!given || !*given || given[0] == '/' || has_dots(given))
        return refuse(r, node, "files", "a path in the project is expected, such as \"data\"; what lies elsewhere is granted on the command line");
    if ((size_t)snprintf(path, sizeof path, "%s/%s", r->dir, given) >= sizeof path || !realpath(path, real))
        return refuse(r, node, "files", "there is no such file or folder in the project");
    if (strncmp(real, r->dir, len) != 0 || (real[len] != '/' && real[len] != '\0'))
        return refuse(r, node, "files", "it leads out of the project; what lies elsewhere is granted on the command line");
    if (!text_is_utf8(real, strlen(real)))
        return refuse(r, node, "files", "its path is not UTF-8");
    return json_array_append_new(list, json_pack("{s:s, s:s}", "guest", guest, "path", real)) == 0 ? 0 : err_nomem(r->err);
}

static int on_files(const struct reader *r, const json_t *node, const char *key)
{
    const char *guest;
    const json_t *value;
    cleanup(decref) json_t *list = json_array();
    if (!is(node, "table"))
        return refuse(r, node, key, "a table of paths is expected, such as { \"/data\" = \"data\" }");
    json_object_foreach(json_object_get(node, "v"), guest, value) {
        int rc = take_folder(r, value, guest, list);
        if (rc < 0)
            return rc;
    }
    return put(r, key, json_incref(list));
}

static const struct { const char *name; key_fn *read; } keys[] = {
    {"export", on_text}, {"input", on_text}, {"args", on_args}, {"argv", on_argv}, {"files", on_files}, {"env", on_env}, {"expect", on_expect},
    {"output", on_value}, {"contains", on_text}, {"error", on_text}, {"fuel", on_limit}, {"memory", on_limit},
};

static int read_key(const struct reader *r, const char *name, const json_t *node)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].read(r, node, name);
    return refuse(r, node, name, "a case has no such key: export, input, args, argv, files, env, expect, output, contains, error, fuel, memory");
}

/* ---- a case ---- */

static int parse(const struct reader *r, const struct buf *text, json_t **ret)
{
    struct shim_bytes json = {0}, why = {0};
    int rc = shim_toml_parse((const uint8_t *)(text->data ? text->data : ""), text->len, &json, &why);
    if (rc < 0) {
        const char *said = why.data ? (const char *)why.data : "no reason given";
        bool has_place = said[0] >= '0' && said[0] <= '9';
        rc = err_set(r->err, rc == -2 ? CORDON_E_HOST_BUG : CORDON_E_BAD_MANIFEST, r->file, "%s:%s%s", r->file, has_place ? "" : " ", said);
        shim_bytes_free(why);
        return rc;
    }
    *ret = json_loadb((const char *)json.data, json.len, 0, NULL);
    shim_bytes_free(json);
    return *ret ? 0 : err_nomem(r->err);
}

static int read_keys(const struct reader *r, const json_t *root)
{
    const char *name;
    json_t *node;
    json_object_foreach(json_object_get(root, "v"), name, node) {
        int rc = read_key(r, name, node);
        if (rc < 0)
            return rc;
    }
    if (json_object_get(r->out, "input") && json_object_get(r->out, "args"))
        return refuse(r, root, "args", "a case has an input or args, not both");
    return 0;
}

/* The answer of before, in the file beside the case. */
static int read_snapshot(const struct reader *r, const char *name)
{
    cleanup(buf_finish) struct buf text = {0};
    char file[NAME_MAX + 16], label[NAME_MAX + 32];
    snprintf(file, sizeof file, "%s.out", name);
    snprintf(label, sizeof label, "tests/%s", file);
    int rc = read_file(r->tests, file, label, SNAPSHOT_BYTES_MAX, &text, r->err);
    return rc <= 0 ? rc : put(r, "snapshot", json_stringn(text.data ? text.data : "", text.len));
}

static int read_case(struct reader *r, const char *file)
{
    cleanup(buf_finish) struct buf text = {0};
    cleanup(decref) json_t *root = NULL;
    char name[NAME_MAX + 8], label[NAME_MAX + 16];
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    snprintf(label, sizeof label, "tests/%s", file);
    r->file = label;
    int rc = read_file(r->tests, file, label, CASE_BYTES_MAX, &text, r->err);
    if (rc == 0)
        return err_errno(r->err, ENOENT, "read", label);
    if (rc < 0 || (rc = parse(r, &text, &root)) < 0 || (rc = put(r, "name", json_string(name))) < 0 || (rc = put(r, "expect", json_string("ok"))) < 0)
        return rc;
    return (rc = read_keys(r, root)) < 0 ? rc : read_snapshot(r, name);
}

/* ---- all of them ---- */

static int is_case(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return len > 5 && e->d_name[0] != '.' && strcmp(e->d_name + len - 5, ".toml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A name goes into lines that programs read. */
static int check_name(const char *file, cordon_error **err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (strlen(file) <= CASE_NAME_MAX && file[strspn(file, letters)] == '\0')
        return 0;
    return err_set(err, CORDON_E_BAD_MANIFEST, "tests", "tests/%.200s: the name of a case is letters, digits, dots, hyphens and underscores, at most %d", file, CASE_NAME_MAX);
}

static int add_case(struct reader *r, const char *file, json_t *list)
{
    int rc = check_name(file, r->err);
    if (rc < 0)
        return rc;
    cleanup(decref) json_t *one = json_object();
    r->out = one;
    if ((rc = read_case(r, file)) < 0)
        return rc;
    return json_array_append(list, one) == 0 ? 0 : err_nomem(r->err);
}

static int no_cases(const char *dir, cordon_error **err)
{
    err_set(err, CORDON_E_NOT_FOUND, dir, "%s holds no case (tests/*.toml)", dir);
    return err_hint(err, "A case is a file such as tests/first.toml, with the lines `input = \"…\"` and `expect = \"ok\"`; `man cordon-test` has every key.");
}

static int add_cases(struct reader *r, json_t *list)
{
    struct dirent **entries;
    int n = scandirat(r->tests, ".", &entries, is_case, by_name), rc = 0;
    if (n < 0)
        return err_errno(r->err, errno, "read the folder", "tests");
    if (n == 0)
        rc = no_cases(r->dir, r->err);
    else if (n > CASES_MAX)
        rc = err_set(r->err, CORDON_E_TOO_LARGE, r->dir, "tests/ holds %d cases (ceiling %d)", n, CASES_MAX);
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = add_case(r, entries[i]->d_name, list);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int open_tests(const char *dir, int *ret, cordon_error **err)
{
    cleanup_fd int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(err, errno, "open the folder", dir);
    *ret = openat(folder, "tests", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret >= 0)
        return 0;
    if (errno == ENOENT)
        return no_cases(dir, err);
    return errno == ELOOP || errno == ENOTDIR ? err_set(err, CORDON_E_BAD_MANIFEST, "tests", "tests is not a folder of its own") : err_errno(err, errno, "open the folder", "tests");
}

static int read_cases(const char *dir, char **ret_json, cordon_error **err)
{
    char real[PATH_MAX];
    cleanup_fd int tests = -1;
    cleanup(decref) json_t *list = json_array();
    if (!realpath(dir, real))
        return errno == ENOENT ? err_set(err, CORDON_E_NOT_FOUND, dir, "there is no folder %s", dir) : err_errno(err, errno, "open the folder", dir);
    int rc = open_tests(real, &tests, err);
    struct reader r = {.dir = real, .tests = tests, .err = err};
    if (rc < 0 || (rc = add_cases(&r, list)) < 0)
        return rc;
    char *text = json_dumps(list, JSON_COMPACT);
    if (!text)
        return err_nomem(err);
    *ret_json = text;
    return 0;
}

int cordon_cases_read(const char *dir, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cordon_error *why = NULL;
    int rc = read_cases(dir, ret_json, &why);
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}
