/* SPDX-License-Identifier: Apache-2.0
 * A tool as a local script runs: no network, nothing of the environment, and of the files the system's programs, the project, the scratch folder, and what the tool was given. A compiler
 * reads whatever file a stranger's source names (`#include`, `.incbin`), and much of a project is run to build it. */
#include "author/lang.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"
#include "base/text.h"
#include "child/landlock.h"
#include "policy/grant.h"
#include "script/script.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Compilers of JavaScript and Python reserve much more address space than they use: each memory of WebAssembly that they run takes 8 GiB of it. */
static const struct script_limits limits = {.memory_bytes = UINT64_C(4) << 30, .output_bytes = 8 << 20, .stderr_bytes = 1 << 20, .file_bytes = TOOL_FILE_MAX,
                                            .processes = 256, .files = 4096, .address_bytes = UINT64_C(1) << 40};
enum { ENTRIES_MAX = 1 << 20 };
#define SCRIPT "scripts/run.sh"
#define DISK_MAX (UINT64_C(2) << 30)   /* of all that one run of a tool writes */

/* ---- the script that starts it ---- */

static int open_box(struct build *b, cordon_error **err)
{
    cleanup_free char *scripts = NULL;
    int rc = script_find_supervisor(b->want->supervisor_path, &b->box.supervisor, err);
    if (rc < 0 || (rc = scratch_make("cordon-tool", &b->box.folder, err)) < 0)
        return rc;
    if (asprintf(&scripts, "%s/scripts", b->box.folder) < 0) {
        scripts = NULL;
        return err_nomem(err);
    }
    return mkdir(scripts, 0700) < 0 ? err_errno(err, errno, "make", scripts) : 0;
}

void tool_box_finish(struct tool_box *box)
{
    scratch_remove(box->folder);
    free(box->supervisor);
    *box = (struct tool_box){0};
}

static int write_words(struct buf *text, const struct build *b, const struct tool *t, cordon_error **err)
{
    buf_adds(text, "cd ");
    text_quote_sh(text, t->folder ? t->folder : b->dir);
    buf_adds(text, " && exec");
    for (const char *const *word = t->argv; *word; word++) {
        buf_addc(text, ' ');
        text_quote_sh(text, *word);
    }
    buf_adds(text, t->out ? "\n" : " 2>&1\n");
    return text->full ? err_set(err, CORDON_E_TOO_LARGE, NULL, "%s: its command line is longer than %d bytes", t->what, TOOL_WORDS_MAX) : 0;
}

static int write_script(const struct build *b, const struct tool *t, cordon_error **err)
{
    cleanup(buf_finish) struct buf text;
    cleanup_free char *path = NULL;
    buf_init(&text, TOOL_WORDS_MAX);
    int rc = write_words(&text, b, t, err);
    if (rc < 0)
        return rc;
    if (asprintf(&path, "%s/" SCRIPT, b->box.folder) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    unlink(path);   /* of the tool before this one */
    return scratch_write(b->box.folder, SCRIPT, text.data, text.len, err);
}

/* ---- what it may touch ---- */

struct roots {
    struct script_root item[TOOL_ROOTS_MAX + 3];
    size_t n;
    uint64_t at_start;   /* bytes in those it can write */
};

static void roots_finish(struct roots *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->item[i].at.path);
}

static unsigned also_of(unsigned may) { return (may & TOOL_EXECUTE ? LANDLOCK_EXECUTE : 0) | (may & TOOL_SYMLINK ? LANDLOCK_SYMLINK : 0); }

static int add_root(struct roots *r, const char *path, unsigned may, cordon_error **err)
{
    struct stat st;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &st) < 0) {
        free(real);
        return err_errno(err, errno, "open", path);
    }
    unsigned access = (may & TOOL_READ ? FILE_READ : 0) | (may & TOOL_WRITE ? FILE_WRITE : 0);
    r->item[r->n++] = (struct script_root){.at = {.path = real, .dev = st.st_dev, .ino = st.st_ino}, .access = access, .also = also_of(may)};
    return 0;
}

static int add_roots(struct roots *r, const struct build *b, const struct tool *t, cordon_error **err)
{
    int rc = add_root(r, b->dir, TOOL_READ, err);
    if (rc == 0)
        rc = add_root(r, b->scratch, TOOL_READ | TOOL_WRITE | TOOL_EXECUTE | TOOL_SYMLINK, err);
    if (rc == 0 && b->packages)
        rc = add_root(r, b->packages, TOOL_READ, err);
    for (size_t i = 0; i < TOOL_ROOTS_MAX && rc == 0; i++)
        if (t->roots[i].path)
            rc = add_root(r, t->roots[i].path, t->roots[i].may, err);
    return rc;
}

/* ---- how much it may write ---- */

static uint64_t bytes_in(const char *folder)
{
    char *const paths[] = {(char *)folder, NULL};
    uint64_t sum = 0;
    size_t entries = 0;
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (!tree)
        return 0;
    for (FTSENT *e; entries < ENTRIES_MAX && (e = fts_read(tree)); entries++)
        if (e->fts_info == FTS_F)
            sum += (uint64_t)e->fts_statp->st_blocks * 512;
    fts_close(tree);
    return entries < ENTRIES_MAX ? sum : UINT64_MAX;
}

static uint64_t bytes_written(const struct roots *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        uint64_t n = r->item[i].access & FILE_WRITE ? bytes_in(r->item[i].at.path) : 0;
        sum = n > UINT64_MAX - sum ? UINT64_MAX : sum + n;
    }
    return sum;
}

static bool wrote_too_much(void *data)
{
    const struct roots *r = data;
    uint64_t now = bytes_written(r);
    return now > r->at_start && now - r->at_start > DISK_MAX;
}

/* ---- its end ---- */

/* What a tool says is a stranger's text in parts, so it goes where the caller wants it and nowhere else. */
static void pass_on(const struct buf *said, int fd)
{
    for (size_t at = 0; fd >= 0 && at < said->len;) {
        ssize_t n = write(fd, said->data + at, said->len - at);
        if (n < 0 && errno != EINTR)
            return;
        at += n > 0 ? (size_t)n : 0;
    }
}

static int stopped(const struct tool *t, const char *why, cordon_error **err)
{
    return err_set(err, CORDON_E_BUILD_FAILED, NULL, "%s: %s was stopped: %s", t->what, t->argv[0], why);
}

static int status_of(const struct build *b, const struct tool *t, const struct script_result *r, int *ret_status, cordon_error **err)
{
    char why[100];
    switch (r->end) {
    case SCRIPT_EXITED: *ret_status = (r->status & 0xff) << 8; return 0;
    case SCRIPT_SIGNALLED: *ret_status = r->status & 0x7f; return 0;
    case SCRIPT_CANCELLED: *ret_status = 0; return 0;   /* by a signal to us, which the caller asks for */
    case SCRIPT_DEADLINE: snprintf(why, sizeof why, "it had not ended after %u s", b->want->seconds); break;
    case SCRIPT_OUT_OF_MEMORY: snprintf(why, sizeof why, "it used more than %llu MiB of memory", (unsigned long long)(limits.memory_bytes >> 20)); break;
    case SCRIPT_OUT_OF_PROCESSES: snprintf(why, sizeof why, "it had more than %u processes and threads", limits.processes); break;
    case SCRIPT_OUTPUT_TOO_LARGE: snprintf(why, sizeof why, "it said more than %llu MiB", (unsigned long long)(limits.output_bytes >> 20)); break;
    case SCRIPT_OVER: snprintf(why, sizeof why, "it wrote more than %llu MiB", (unsigned long long)(DISK_MAX >> 20)); break;
    default: snprintf(why, sizeof why, "something ended it from outside"); break;
    }
    return stopped(t, why, err);
}

static int take_result(struct build *b, const struct tool *t, const struct script_result *r, int *ret_status, cordon_error **err)
{
    if (!t->out)
        pass_on(&r->output, b->want->log_fd);
    pass_on(&r->said, b->want->log_fd);
    int rc = status_of(b, t, r, ret_status, err);
    if (rc == 0 && t->out && r->output.len && buf_add(t->out, r->output.data, r->output.len) < 0)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "%s: it said more than %zu bytes", t->what, t->out->max);
    return rc;
}

/* ---- running ---- */

static const char **variables(const struct tool *t, const char *home, const char *temporary)
{
    size_t n = 0;
    while (t->env && t->env[n])
        n++;
    const char **env = calloc(n + 4, sizeof *env);
    if (!env)
        return NULL;
    size_t at = 0;
    env[at++] = home;
    env[at++] = temporary;
    env[at++] = "LC_ALL=C.UTF-8";
    for (size_t i = 0; i < n; i++)
        env[at++] = t->env[i];
    return env;
}

static int run_in(struct build *b, const struct tool *t, struct roots *roots, const char *const *env, size_t n_env, int *ret_status, cordon_error **err)
{
    cleanup(script_finish) struct script script = {0};
    struct script_result result;
    /* Root or not, a tool can do no more than it is let. */
    struct script_options o = {.supervisor = b->box.supervisor, .limits = limits, .roots = roots->item, .n_roots = roots->n, .env = env, .n_env = n_env, .as_root = true, .unpacks = true,
                               .without_landlock = b->want->without_landlock, .landlock_abi = -1, .cancel_fd = b->hold.fd, .is_over = wrote_too_much, .is_over_data = roots};
    o.limits.wall_ms = UINT64_C(1000) * b->want->seconds;
    o.limits.cpu_s = b->want->seconds;
    int rc = script_find(b->box.folder, &script, err);
    if (rc < 0 || (rc = script_run(&script, &o, &result, err)) < 0)
        return rc;
    rc = take_result(b, t, &result, ret_status, err);
    script_result_finish(&result);
    return rc;
}

int tool_box_run(struct build *b, const struct tool *t, int *ret_status, cordon_error **err)
{
    cleanup(roots_finish) struct roots roots = {0};
    cleanup_free char *home = NULL, *temporary = NULL;
    int rc = b->box.folder ? 0 : open_box(b, err);
    if (rc < 0 || (rc = write_script(b, t, err)) < 0 || (rc = add_roots(&roots, b, t, err)) < 0)
        return rc;
    if (asprintf(&home, "HOME=%s", b->scratch) < 0 || asprintf(&temporary, "TMPDIR=%s", b->scratch) < 0)
        return err_nomem(err);
    cleanup_free const char **env = variables(t, home, temporary);
    if (!env)
        return err_nomem(err);
    size_t n = 0;
    while (env[n])
        n++;
    roots.at_start = bytes_written(&roots);
    return run_in(b, t, &roots, env, n, ret_status, err);
}
