/* SPDX-License-Identifier: Apache-2.0
 * What a language's tools made becomes the skill: encoded, compared with the project's world, stripped, documented. In the helper, for it is a stranger's bytes. */
#include "author/core_imports.h"
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "child/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_WORLD "wasi:cli/command"
#define BLUFIO_WORLD "blufio"

/* The word of the job (src/cordon/jobs_author.c). */
static const char *const kinds[] = {[BUILD_CORE] = "core", [BUILD_TYPED] = "typed", [BUILD_COMMAND] = "command"};

struct made { const uint8_t *bytes; size_t len; };

static void made_close(struct made *m)
{
    if (m->len)
        munmap((void *)m->bytes, m->len);
}

static int made_open(const struct build *b, struct made *ret, cordon_error **err)
{
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/" MADE_FILE, b->scratch) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    /* A tool may have left anything there. */
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the toolchain made an empty file, or none");
    if (st.st_size > CODE_COMPONENT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the toolchain made %lld bytes (ceiling %d)", (long long)st.st_size, CODE_COMPONENT_MAX);
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return err_errno(err, errno, "read", path);
    *ret = (struct made){.bytes = at, .len = (size_t)st.st_size};
    return 0;
}

/* A module of the blufio ABI is what the linker made of it. */
static int keep_module(const struct made *made, struct author_built *ret, cordon_error **err)
{
    if (!(ret->imports = core_imports(made->bytes, made->len)))
        return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the linker made something that is no module");
    if (!(ret->world = strdup(BLUFIO_WORLD)))
        return err_nomem(err);
    ret->size = made->len;
    int rc = memfile_new("cordon-skill", &ret->fd, err);
    return rc < 0 ? rc : memfile_write(ret->fd, made->bytes, made->len, err);
}

static int take_answer(const char *meta, struct author_built *ret, cordon_error **err)
{
    json_t *j = json_loads(meta, 0, NULL);
    const char *world = json_string_value(json_object_get(j, "world"));
    ret->imports = json_incref(json_object_get(j, "imports"));
    ret->world = strdup(world ? world : COMMAND_WORLD);
    json_decref(j);
    if (!json_is_array(ret->imports))
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made a component and said nothing of its imports");
    if (ret->fd < 0)
        return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper made an empty component");
    return ret->world ? 0 : err_nomem(err);
}

static int componentize(const struct build *b, const struct made *made, struct author_built *ret, cordon_error **err)
{
    cleanup(buf_finish) struct buf in;
    cleanup_free char *meta = NULL;
    char arg[48];
    size_t wit_len = b->made == BUILD_COMMAND ? 0 : b->wit.len;
    snprintf(arg, sizeof arg, "%s %zu", kinds[b->made], wit_len);
    buf_init(&in, wit_len + CODE_COMPONENT_MAX);
    if (buf_add(&in, b->wit.json, wit_len) < 0 || buf_add(&in, made->bytes, made->len) < 0)
        return err_nomem(err);
    int rc = helper_run(b->helper, CODE_JOB_COMPONENTIZE, arg, (const uint8_t *)in.data, in.len, &meta, &ret->fd, &ret->size, err);
    if (rc < 0 || (rc = take_answer(meta, ret, err)) < 0)
        return rc;
    return ret->size <= CODE_COMPONENT_MAX ? 0
                                           : err_set(err, CORDON_E_TOO_LARGE, NULL, "the component has %llu bytes (ceiling %d)", (unsigned long long)ret->size, CODE_COMPONENT_MAX);
}

int finish_made(struct build *b, struct author_built *ret, cordon_error **err)
{
    cleanup(made_close) struct made made = {0};
    int rc = made_open(b, &made, err);
    if (rc < 0)
        return rc;
    return b->made == BUILD_BLUFIO ? keep_module(&made, ret, err) : componentize(b, &made, ret, err);
}
