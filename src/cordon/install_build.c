/* SPDX-License-Identifier: Apache-2.0
 * Building what came as source. A compiler reads whatever file a stranger's source names (`#include`, `.incbin`), so it runs as a local script does: no network, no
 * environment, and of the files the toolchain, the project and one folder between, which alone it can write. */
#include "author/build.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"
#include "cordon/install_parts.h"
#include "policy/grant.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* Of one run of the compiler. */
static const struct script_limits limits = {.wall_ms = 300000, .memory_bytes = UINT64_C(2) << 30, .output_bytes = 1 << 20, .stderr_bytes = 1 << 20,
                                            .file_bytes = UINT64_C(128) << 20, .cpu_s = 300, .processes = 32, .files = 256};
enum { WORDS_MAX = 256 << 10 };
#define SCRIPT "scripts/run.sh"

struct box {
    const struct cordon_host_opts *opts;
    const char *project;
    char *folder, *supervisor;   /* owned: the script's folder, the program that confines it */
};

static void box_finish(struct box *b)
{
    scratch_remove(b->folder);
    free(b->supervisor);
}

static int box_open(struct box *b, cordon_error **err)
{
    cleanup_free char *scripts = NULL;
    int rc = script_find_supervisor(b->opts->supervisor, &b->supervisor, err);
    if (rc < 0 || (rc = scratch_make("cordon-compile", &b->folder, err)) < 0)
        return rc;
    if (asprintf(&scripts, "%s/scripts", b->folder) < 0) {
        scripts = NULL;
        return err_nomem(err);
    }
    return mkdir(scripts, 0700) < 0 ? err_errno(err, errno, "make", scripts) : 0;
}

/* The command line as a script: exec and words, quoted. */
static int write_script(const struct box *b, const char *const *argv, cordon_error **err)
{
    cleanup(buf_finish) struct buf text;
    buf_init(&text, WORDS_MAX);
    buf_adds(&text, "exec");
    for (; *argv; argv++) {
        buf_addc(&text, ' ');
        text_quote_sh(&text, *argv);
    }
    buf_addc(&text, '\n');
    if (text.full)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the compiler's command line is longer than %d bytes", WORDS_MAX);
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/" SCRIPT, b->folder) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    unlink(path); /* the command before this one */
    return scratch_write(b->folder, SCRIPT, text.data, text.len, err);
}

static int root_at(const char *path, unsigned access, struct script_root *ret, char **ret_real, cordon_error **err)
{
    struct stat st;
    *ret_real = realpath(path, NULL);
    if (!*ret_real || stat(*ret_real, &st) < 0)
        return err_errno(err, errno, "open", path);
    *ret = (struct script_root){.at = {.path = *ret_real, .dev = st.st_dev, .ino = st.st_ino}, .access = access};
    return 0;
}

/* What the compiler says is a stranger's text in parts, so it goes where the caller wants it and nowhere else. */
static void pass_on(const struct buf *said, int fd)
{
    for (size_t at = 0; fd >= 0 && at < said->len;) {
        ssize_t n = write(fd, said->data + at, said->len - at);
        if (n < 0 && errno != EINTR)
            return;
        at += n > 0 ? (size_t)n : 0;
    }
}

static int status_of(const struct script_result *r, int *ret_status, cordon_error **err)
{
    switch (r->end) {
    case SCRIPT_EXITED: *ret_status = (r->status & 0xff) << 8; return 0;
    case SCRIPT_SIGNALLED: *ret_status = r->status & 0x7f; return 0;
    case SCRIPT_DEADLINE: return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the compiler was stopped after %u s", (unsigned)(limits.wall_ms / 1000));
    case SCRIPT_OUT_OF_MEMORY: return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the compiler was stopped at %u MiB of memory", (unsigned)(limits.memory_bytes >> 20));
    case SCRIPT_CANCELLED: case SCRIPT_LOST: return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the compiler was ended from outside");
    default: return err_set(err, CORDON_E_BUILD_FAILED, NULL, "the compiler was stopped: it said too much, or started too many processes");
    }
}


static int compile(void *data, const char *scratch, const char *const *argv, int said_fd, int *ret_status, cordon_error **err)
{
    const struct box *b = data;
    cleanup(script_finish) struct script script = {0};
    cleanup_free char *project = NULL, *between = NULL;
    struct script_root roots[2];
    int rc = write_script(b, argv, err);
    if (rc < 0 || (rc = script_find(b->folder, &script, err)) < 0 || (rc = root_at(b->project, FILE_READ, &roots[0], &project, err)) < 0 ||
        (rc = root_at(scratch, FILE_READ | FILE_WRITE, &roots[1], &between, err)) < 0)
        return rc;
    /* Root or not, a compiler can do no more than it is let. */
    const struct script_options o = {.supervisor = b->supervisor, .limits = limits, .roots = roots, .n_roots = 2, .as_root = true,
                                     .without_landlock = false, .landlock_abi = -1, .cancel_fd = -1};
    struct script_result result;
    if ((rc = script_run(&script, &o, &result, err)) < 0)
        return rc;
    pass_on(&result.output, said_fd);
    pass_on(&result.said, said_fd);
    rc = status_of(&result, ret_status, err);
    script_result_finish(&result);
    return rc;
}

int install_build_c(const cordon_host *h, const char *project, const char *out, int log_fd, cordon_error **err)
{
    cleanup(box_finish) struct box box = {.opts = &h->opts, .project = project};
    cleanup_free char *json = NULL;
    int rc = box_open(&box, err);
    const struct author_build b = {.dir = project, .out_path = out, .helper_path = h->opts.helper, .log_fd = log_fd, .spawn = compile, .spawn_data = &box};
    return rc < 0 ? rc : author_build(&b, &json, err);
}
