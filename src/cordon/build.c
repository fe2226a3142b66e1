/* SPDX-License-Identifier: Apache-2.0
 * Builds for programs: author makes the component; here it is loaded, which compiles it and checks every import, before it is put in its place. */
#include "author/build.h"
#include "author/output.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/answer.h"
#include "cordon/internal.h"
#include <cordon/author.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SECONDS = 600, SECONDS_MAX = 3600 };

struct cordon_build {
    cordon_host *host;
    char *dir, *output;   /* owned; output NULL: the usual place */
    enum cordon_tier tier;
    unsigned seconds;
    bool no_sandbox;
    int log_fd;
};

const char *cordon_language_of(const char *dir) { return author_lang_of(dir); }

int cordon_build_new(cordon_host *host, const char *dir, cordon_build **ret, cordon_error **err)
{
    err_wanted(err);
    struct cordon_build *b = calloc(1, sizeof *b);
    if (!b || !(b->dir = strdup(dir))) {
        free(b);
        return err_nomem(err);
    }
    b->host = host;
    b->tier = CORDON_TIER_UNTRUSTED;
    b->seconds = SECONDS;
    b->log_fd = -1;
    *ret = b;
    return 0;
}

void cordon_build_free(cordon_build *b)
{
    if (!b)
        return;
    free(b->dir);
    free(b->output);
    free(b);
}

int cordon_build_set_output(cordon_build *b, const char *path, cordon_error **err)
{
    err_wanted(err);
    char *copy = strdup(path);
    if (!copy)
        return err_nomem(err);
    free(b->output);
    b->output = copy;
    return 0;
}

void cordon_build_set_log(cordon_build *b, int fd) { b->log_fd = fd; }

void cordon_build_set_tier(cordon_build *b, enum cordon_tier tier) { b->tier = tier; }

void cordon_build_set_sandbox(cordon_build *b, bool sandbox) { b->no_sandbox = !sandbox; }

int cordon_build_set_timeout(cordon_build *b, unsigned seconds, cordon_error **err)
{
    err_wanted(err);
    if (!seconds || seconds > SECONDS_MAX)
        return err_set(err, CORDON_E_BAD_LIMIT, "timeout", "a tool may take from 1 s to %d s, not %u s", SECONDS_MAX, seconds);
    b->seconds = seconds;
    return 0;
}

/* ---- what author is told ---- */

int build_cache(const cordon_host *h, char **ret, cordon_error **err)
{
    cleanup_free char *code = NULL;
    int rc = host_cache_dir(&h->opts, &code, err);
    if (rc < 0)
        return rc;
    if (asprintf(ret, "%s/toolchains", code) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

static struct author_build order(const struct cordon_build *b, const char *cache)
{
    const struct cordon_host_opts *o = &b->host->opts;
    return (struct author_build){.dir = b->dir, .cache = cache, .helper_path = o->helper, .supervisor_path = o->supervisor, .keep = true, .no_sandbox = b->no_sandbox,
                                 .without_landlock = o->scripts_without_landlock, .seconds = b->seconds, .log_fd = b->log_fd};
}

int cordon_build_fetch(cordon_build *b, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cleanup_free char *cache = NULL;
    json_t *answer = NULL;
    int rc = build_cache(b->host, &cache, err);
    if (rc < 0)
        return rc;
    const struct author_build want = order(b, cache);
    return (rc = author_fetch(&want, &answer, err)) < 0 ? rc : answer_json(answer, ret_json, err);
}

/* ---- what was built ---- */

static void free_json(json_t **j) { json_decref(*j); }

/* What its manifest calls the code; NULL: it has none, or no code. */
static int entry_name(const char *dir, char **ret, cordon_error **err)
{
    cleanup(manifest_finish) struct manifest m = {0};
    cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? 0 : manifest_read(fd, dir, &m, err);   /* building says why it cannot be opened */
    *ret = rc > 0 && m.entry ? strdup(m.entry) : NULL;
    return rc < 0 ? rc : rc > 0 && m.entry && !*ret ? err_nomem(err) : 0;
}

static int folder_name(const char *dir, char **ret, cordon_error **err)
{
    cleanup_free char *real = realpath(dir, NULL);
    const char *name = real ? strrchr(real, '/') + 1 : "";
    if (asprintf(ret, "%s.wasm", *name ? name : "skill") >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* As it was given; else where `cordon run FOLDER` looks for it. */
static int place(const struct cordon_build *b, char **ret, cordon_error **err)
{
    cleanup_free char *name = NULL;
    size_t len = strlen(b->dir);
    int rc = b->output ? 0 : entry_name(b->dir, &name, err);
    if (rc < 0 || (!b->output && !name && (rc = folder_name(b->dir, &name, err)) < 0))
        return rc;
    while (len > 1 && b->dir[len - 1] == '/')
        len--;
    if ((b->output ? asprintf(ret, "%s", b->output) : asprintf(ret, "%.*s/%s", (int)len, b->dir, name)) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* An interpreter takes seconds, in which nothing else is said. */
static void say_compiling(const struct cordon_build *b, uint64_t size)
{
    enum { WORTH_SAYING = 4 << 20, MB = 1000 * 1000 };
    if (b->log_fd >= 0 && size >= WORTH_SAYING)
        dprintf(b->log_fd, "compiling %llu MB ahead of time, which is kept\n", (unsigned long long)size / MB);
}

static int load(const struct cordon_build *b, const struct author_built *built, const char *path, cordon_skill **ret, cordon_error **err)
{
    const char *slash = strrchr(path, '/');
    void *bytes = mmap(NULL, built->size, PROT_READ, MAP_PRIVATE, built->fd, 0);
    if (bytes == MAP_FAILED)
        return err_errno(err, errno, "read", "what was built");
    say_compiling(b, built->size);
    int rc = cordon_skill_load_bytes(b->host, slash ? slash + 1 : path, bytes, built->size, b->tier, ret, err);
    munmap(bytes, built->size);
    return rc < 0 ? err_wrap(err, "it was built, and cannot be run here") : 0;
}

static bool has_manifest(const char *dir)
{
    cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool found = false;
    for (int f = 0; fd >= 0 && f < MANIFEST_FORMAT_COUNT; f++)
        found |= faccessat(fd, manifest_file((enum manifest_format)f), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return found;
}

/* With a manifest: does it name what was built, and is there what it exports? *ret stays NULL without one. */
static int load_folder(const struct cordon_build *b, cordon_skill **ret, cordon_error **err)
{
    if (b->output || !has_manifest(b->dir))
        return 0;
    int rc = cordon_skill_load_folder(b->host, b->dir, b->tier, ret, err);
    return rc < 0 ? err_wrap(err, "it was built, and does not go with its manifest") : 0;
}

/* A name that is not UTF-8 is shown escaped. */
static json_t *json_path(const char *path)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 4 * strlen(path) + 1);
    json_t *plain = json_string(path);
    if (!plain && text_escape(&b, path, strlen(path), false) == 0)
        plain = json_string(b.data);
    return plain;
}

static json_t *names_and_types(const json_t *exports)
{
    const json_t *one;
    json_t *list = json_array();
    size_t i;
    json_array_foreach(exports, i, one)
        json_array_append_new(list, json_pack("{s:O, s:O}", "name", json_object_get(one, "name"), "type", json_object_get(one, "type")));
    return list;
}

static int describe_skill(const cordon_skill *s, json_t **ret, cordon_error **err)
{
    cleanup_free char *text = NULL;
    int rc = cordon_skill_describe(s, &text, err);
    if (rc < 0)
        return rc;
    *ret = json_loads(text, 0, NULL);
    return *ret ? 0 : err_nomem(err);
}

struct skills { cordon_skill *alone, *whole; };   /* the code; with its manifest, or NULL */

static void skills_finish(struct skills *s)
{
    cordon_skill_free(s->alone);
    cordon_skill_free(s->whole);
}

static int describe(const struct skills *s, const struct author_built *built, const char *path, char **ret, cordon_error **err)
{
    cleanup(free_json) json_t *code = NULL, *whole = NULL;
    int rc = describe_skill(s->alone, &code, err);
    if (rc < 0 || (s->whole && (rc = describe_skill(s->whole, &whole, err)) < 0))
        return rc;
    return answer_json(json_pack("{s:o, s:s, s:I, s:O, s:s, s:O, s:o, s:O, s:O?, s:O}", "output", json_path(path), "lang", built->lang, "size_bytes", (json_int_t)built->size, "code_bytes",
                                 json_object_get(code, "code_bytes"), "world", built->world, "imports", built->imports, "exports",
                                 names_and_types(json_object_get(code, "exports")), "could_use", json_object_get(code, "asks"), "asks",
                                 json_object_get(whole, "asks"), "warnings", json_object_get(whole ? whole : code, "warnings")),
                       ret, err);
}

static int build(const struct cordon_build *b, char **ret_json, cordon_error **err)
{
    cleanup(author_built_finish) struct author_built built = {.fd = -1};
    cleanup(skills_finish) struct skills skills = {0};
    cleanup_free char *cache = NULL, *path = NULL;
    int rc = build_cache(b->host, &cache, err);
    const struct author_build want = order(b, cache);
    if (rc < 0 || (rc = place(b, &path, err)) < 0 || (rc = output_check(path, err)) < 0 || (rc = author_build(&want, &built, err)) < 0 ||
        (rc = load(b, &built, path, &skills.alone, err)) < 0 || (rc = output_write(path, built.fd, built.size, err)) < 0 || (rc = load_folder(b, &skills.whole, err)) < 0)
        return rc;
    return describe(&skills, &built, path, ret_json, err);
}

int cordon_build_run(cordon_build *b, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    cordon_error *why = NULL;
    int rc = build(b, ret_json, &why);
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}
