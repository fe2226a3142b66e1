/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/files.h"
#include "base/error.h"
#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct wasi_files {
    _Atomic uint32_t refs;
    struct powers *powers;    /* a reference, for its roots and its share of the pool */
    struct file_use *use;     /* a reference */
    struct effects *effects;  /* a reference; NULL where no audit is kept */
    struct shim_files shim;
    struct shim_root roots[]; /* as in the powers, in that order */
};

/* ---- off the thread that runs guests ---- */

struct off_job {
    struct pool_job job;
    _Atomic uint32_t refs;    /* whoever waits for it, and the pool */
    struct pool_share *io;    /* a reference */
    struct effects *effects;  /* likewise */
    void (*run)(void *arg), (*drop)(void *arg);
    void *arg;
};

static void off_job_unref(struct off_job *j)
{
    if (atomic_fetch_sub_explicit(&j->refs, 1, memory_order_acq_rel) != 1)
        return;
    pool_share_unref(j->io);
    effects_unref(j->effects);
    free(j);
}

/* A thread of the pool may wait until the audit knows. What it must not do is given up, which the guest is told. */
static void run_off(struct pool_job *job)
{
    struct off_job *j = (struct off_job *)job;
    if (effects_wait(j->effects)) {
        j->run(j->arg);
        if (!(effects_used(j->effects) & (EFFECT_READ | EFFECT_WRITE)))
            effects_note(j->effects, EFFECT_READ); /* the root itself, which needs no opening */
    } else {
        j->drop(j->arg);
    }
    off_job_unref(j);
}

static int off(void *data, void (*run)(void *arg), void (*drop)(void *arg), void *arg, void **ret_job)
{
    struct wasi_files *f = data;
    struct off_job *j = calloc(1, sizeof *j);
    if (!j)
        return -ENOMEM;
    *j = (struct off_job){.job.run = run_off, .refs = 2, .io = f->powers->io, .effects = f->effects, .run = run, .drop = drop, .arg = arg};
    pool_share_ref(j->io);
    effects_ref(j->effects);
    cordon_error *err = NULL;
    int rc = pool_submit(j->io, &j->job, &err);
    if (rc == 0) {
        *ret_job = j;
        return 0;
    }
    cordon_error_free(err);
    pool_share_unref(j->io);
    effects_unref(j->effects);
    free(j);
    return rc == -CORDON_E_BUSY ? -EBUSY : -ENOMEM;
}

static void forget(void *job)
{
    struct off_job *j = job;
    if (pool_abandon(j->io, &j->job)) {
        j->drop(j->arg);
        off_job_unref(j);
    }
    off_job_unref(j);
}

/* ---- steps; they block ---- */

static const struct file_root *root_of(const struct wasi_files *f, size_t root) { return f->powers->roots->item[root]; }

static int open_beneath(void *data, size_t root, int folder, const char *path, unsigned how)
{
    struct wasi_files *f = data;
    static const struct { unsigned how; int flag; } flags[] = {
        {SHIM_OPEN_CREATE, O_CREAT}, {SHIM_OPEN_EXCLUSIVE, O_EXCL}, {SHIM_OPEN_TRUNCATE, O_TRUNC}, {SHIM_OPEN_FOLDER, O_DIRECTORY},
    };
    int flag = how & SHIM_OPEN_WRITE ? (how & SHIM_OPEN_READ ? O_RDWR : O_WRONLY) : O_RDONLY;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        flag |= how & flags[i].how ? flags[i].flag : 0;
    flag |= how & SHIM_OPEN_FOLLOW ? 0 : O_NOFOLLOW;
    effects_note(f->effects, how & (SHIM_OPEN_WRITE | SHIM_OPEN_CREATE | SHIM_OPEN_TRUNCATE) ? EFFECT_WRITE : EFFECT_READ);
    if (how & SHIM_OPEN_READ)
        effects_note(f->effects, EFFECT_READ);
    return file_at_open(root_of(f, root), folder, path, flag, flag & O_CREAT ? 0666 : 0, f->use);
}

static void tell(const struct stat *st, struct shim_file_stat *ret)
{
    const struct timespec *times[] = {&st->st_atim, &st->st_mtim, &st->st_ctim};
    *ret = (struct shim_file_stat){
        .dev = st->st_dev, .ino = st->st_ino, .links = st->st_nlink, .size = st->st_size < 0 ? 0 : (uint64_t)st->st_size, .mode = st->st_mode,
    };
    for (int i = 0; i < 3; i++) {
        ret->seconds[i] = times[i]->tv_sec;
        ret->nanoseconds[i] = (uint32_t)times[i]->tv_nsec;
    }
}

static int look(void *data, size_t root, int folder, const char *path, bool follow, struct shim_file_stat *ret)
{
    struct stat st;
    effects_note(((struct wasi_files *)data)->effects, EFFECT_READ);
    int rc = file_at_look(root_of(data, root), folder, path, follow, &st);
    if (rc == 0)
        tell(&st, ret);
    return rc;
}

static int list(int folder, uint8_t *buf, size_t size) { return file_list(folder, (char *)buf, size); }

static int make_folder(void *data, size_t root, int folder, const char *path)
{
    struct wasi_files *f = data;
    effects_note(f->effects, EFFECT_WRITE);
    return file_at_make_folder(root_of(f, root), folder, path, f->use);
}

static int remove_at(void *data, size_t root, int folder, const char *path, bool is_folder)
{
    struct wasi_files *f = data;
    effects_note(f->effects, EFFECT_WRITE);
    return file_at_remove(root_of(f, root), folder, path, is_folder, f->use);
}

static int rename_at(void *data, size_t root, int folder, const char *path, size_t to, int to_folder, const char *to_path)
{
    struct wasi_files *f = data;
    effects_note(f->effects, EFFECT_WRITE);
    return file_at_rename(root_of(f, root), folder, path, root_of(f, to), to_folder, to_path, f->use);
}

/* ---- life ---- */

static void hold(void *data)
{
    struct wasi_files *f = data;
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
}

void wasi_files_unref(struct wasi_files *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    powers_unref(f->powers);
    file_use_unref(f->use);
    effects_unref(f->effects);
    free(f);
}

static void release(void *data) { wasi_files_unref(data); }

struct wasi_files *wasi_files_new(struct powers *powers, struct file_use *use, struct effects *effects)
{
    const struct file_roots *s = powers->roots;
    struct wasi_files *f = calloc(1, sizeof *f + s->n * sizeof f->roots[0]);
    if (!f)
        return NULL;
    f->refs = 1;
    powers_ref(f->powers = powers);
    file_use_ref(f->use = use);
    effects_ref(f->effects = effects);
    for (size_t i = 0; i < s->n; i++)
        f->roots[i] = (struct shim_root){
            .guest = s->item[i]->guest, .fd = s->item[i]->fd, .access = s->item[i]->access & grants_asked_access(powers->grants, s->item[i]->guest),
        };
    f->shim = (struct shim_files){
        .data = f, .hold = hold, .release = release, .roots = f->roots, .n_roots = s->n, .off = off, .forget = forget, .open = open_beneath, .look = look,
        .list = list, .make_folder = make_folder, .remove = remove_at, .rename = rename_at,
    };
    return f;
}

const struct shim_files *wasi_files_shim(const struct wasi_files *f) { return f ? &f->shim : NULL; }
