/* SPDX-License-Identifier: Apache-2.0 */
#include "author/build.h"
#include "author/bindings.h"
#include "author/compile.h"
#include "author/core_imports.h"
#include "author/output.h"
#include "base/scratch.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <cordon/author.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Of the helper: making bindings and a component takes milliseconds; the largest of modules some seconds. */
static const struct code_bounds bounds = {.memory_bytes = UINT64_C(4) << 30, .cpu_s = 60, .wall_s = 120};
#define COMMAND_WORLD "wasi:cli/command"
#define BLUFIO_WORLD "blufio"

struct work {
    struct sources sources;
    struct wit_files wit;
    struct bindings bindings;
    struct hold hold;
    struct toolchain tools;
    struct helper *helper;
    char *scratch, *out;
    json_t *imports;
    uint64_t size;
    enum compile_made made;
};

/* ---- before anything is run ---- */

static int choose_output(struct work *w, const char *given, cordon_error **err)
{
    int n = given ? asprintf(&w->out, "%s", given) : asprintf(&w->out, "%s/%s.wasm", w->sources.dir, w->sources.name);
    if (n < 0) {
        w->out = NULL;
        return err_nomem(err);
    }
    return output_check(w->out, err);
}

static int find_helper(struct work *w, const char *given, cordon_error **err)
{
    cleanup_free char *path = NULL;
    int rc = helper_find(given, &path, err);
    return rc < 0 ? rc : helper_new(path, &bounds, &w->helper, err);
}

static int prepare(struct work *w, const struct author_build *b, cordon_error **err)
{
    w->tools.spawn = b->spawn;
    w->tools.spawn_data = b->spawn_data;
    int rc = sources_list(b->dir, &w->sources, err);
    if (rc < 0 || (rc = wit_files_read(w->sources.dir, &w->wit, err)) < 0 || (rc = choose_output(w, b->out_path, err)) < 0 ||
        (rc = toolchain_find(b->tool_folders, &w->tools.clang, err)) < 0)
        return rc;
    return find_helper(w, b->helper_path, err);
}

/* ---- the component ---- */

/* The input of the helper's job: the WIT, and behind it the core module. A command has no WIT. */
static int read_input(const struct work *w, size_t wit_len, struct buf *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/" COMPILE_CORE, w->scratch) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (st.st_size > CODE_COMPONENT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the module has %lld bytes (ceiling %d)", (long long)st.st_size, CODE_COMPONENT_MAX);
    if (st.st_size == 0)
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the linker made an empty module");
    void *core = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (core == MAP_FAILED)
        return err_errno(err, errno, "read", path);
    int rc = buf_add(ret, w->wit.json, wit_len) == 0 && buf_add(ret, core, (size_t)st.st_size) == 0 ? 0 : err_nomem(err);
    munmap(core, (size_t)st.st_size);
    return rc;
}

static int take_imports(struct work *w, const char *meta, cordon_error **err)
{
    json_t *j = json_loads(meta, 0, NULL);
    w->imports = json_incref(json_object_get(j, "imports"));
    json_decref(j);
    return json_is_array(w->imports) ? 0 : err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made a component and said nothing of its imports");
}

static int componentize(struct work *w, const struct buf *in, size_t wit_len, cordon_error **err)
{
    char arg[24];
    snprintf(arg, sizeof arg, "%zu", wit_len);
    cleanup_free char *meta = NULL;
    cleanup_fd int fd = -1;
    int rc = helper_run(w->helper, CODE_JOB_COMPONENTIZE, arg, (const uint8_t *)in->data, in->len, &meta, &fd, &w->size, err);
    if (rc < 0 || (rc = take_imports(w, meta, err)) < 0)
        return rc;
    if (fd < 0)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made an empty component");
    if (w->size > CODE_COMPONENT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the component has %llu bytes (ceiling %d)", (unsigned long long)w->size, CODE_COMPONENT_MAX);
    return output_write(w->out, fd, w->size, err);
}

static int make_component(struct work *w, cordon_error **err)
{
    struct buf in;
    size_t wit_len = w->made == COMPILE_COMMAND ? 0 : w->wit.len;
    buf_init(&in, wit_len + CODE_COMPONENT_MAX);
    int rc = read_input(w, wit_len, &in, err);
    if (rc == 0)
        rc = componentize(w, &in, wit_len, err);
    buf_finish(&in);
    return rc;
}

/* A module of the blufio ABI is what the linker made of it. */
static int keep_module(struct work *w, cordon_error **err)
{
    struct buf module;
    buf_init(&module, CODE_COMPONENT_MAX);
    int rc = read_input(w, 0, &module, err);
    if (rc == 0 && !(w->imports = core_imports((const uint8_t *)module.data, module.len)))
        rc = err_set(err, CORDON_E_BUILD_FAILED, NULL, "the linker made something that is no module");
    buf_finish(&module);
    if (rc < 0)
        return rc;
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/" COMPILE_CORE, w->scratch) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    w->size = (uint64_t)st.st_size;
    return output_write(w->out, fd, w->size, err);
}

static int make(struct work *w, cordon_error **err)
{
    int rc = bindings_make(w->helper, &w->wit, w->scratch, &w->bindings, err);
    if (rc < 0 || (rc = compile_core(&w->tools, &w->sources, &w->bindings, w->wit.is_own, &w->made, err)) < 0)
        return rc;
    return w->made == COMPILE_BLUFIO ? keep_module(w, err) : make_component(w, err);
}

/* Whatever happens, and whichever signal comes, the scratch folder goes. */
static int make_in_scratch(struct work *w, int log_fd, cordon_error **err)
{
    int rc = hold_begin(&w->hold, err);
    if (rc < 0)
        return rc;
    rc = scratch_make("cordon-build", &w->scratch, err);
    if (rc == 0) {
        w->tools.scratch = w->scratch;
        w->tools.hold = &w->hold;
        w->tools.log_fd = log_fd;
        rc = make(w, err);
    }
    scratch_remove(take(w->scratch));
    hold_end(&w->hold);
    return rc;
}

/* ---- the answer ---- */

static const char *world_of(const struct work *w)
{
    if (w->made == COMPILE_SKILL)
        return w->bindings.world;
    return w->made == COMPILE_BLUFIO ? BLUFIO_WORLD : COMMAND_WORLD;
}

/* A name that is not UTF-8 is shown escaped. */
static json_t *json_path(const char *path)
{
    struct buf b;
    buf_init(&b, 4 * strlen(path) + 1);
    json_t *plain = json_string(path);
    if (!plain && text_escape(&b, path, strlen(path), false) == 0)
        plain = json_string(b.data);
    buf_finish(&b);
    return plain;
}

static int describe(const struct work *w, char **ret, cordon_error **err)
{
    json_t *j = json_pack("{s:o, s:I, s:s, s:O}", "output", json_path(w->out), "size_bytes", (json_int_t)w->size, "world",
                          world_of(w), "imports", w->imports);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!text)
        return err_nomem(err);
    *ret = text;
    return 0;
}

static void work_finish(struct work *w)
{
    sources_finish(&w->sources);
    bindings_finish(&w->bindings);
    helper_free(w->helper);
    json_decref(w->imports);
    free(w->wit.json);
    free(w->tools.clang);
    free(w->out);
}

int author_build(const struct author_build *b, char **ret_json, cordon_error **err)
{
    cleanup(work_finish) struct work w = {0};
    int rc = prepare(&w, b, err);
    if (rc < 0 || (rc = make_in_scratch(&w, b->log_fd, err)) < 0)
        return rc;
    return describe(&w, ret_json, err);
}

int cordon_build_c(const char *dir, const char *out_path, const char *helper_path, int log_fd, char **ret_json, cordon_error **err)
{
    struct author_build b = {.dir = dir, .out_path = out_path, .helper_path = helper_path, .log_fd = log_fd};
    cordon_error *why = NULL;
    int rc = author_build(&b, ret_json, &why);
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}
