/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file_op.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

enum { PATH_SHOWN_MAX = 1024 };

struct file_op {
    struct pool_job job;
    struct host_op *op;
    struct pool_share *io;        /* a reference */
    char *path;                   /* owned, canonical */
    const struct file_root *root; /* of the operation's powers */
    const char *rest;             /* in `path` */
    file_work *work;
};

static void file_op_free(struct file_op *f)
{
    pool_share_unref(f->io);
    free(f->path);
    free(f);
}

void file_op_fail(struct host_op *op, const char *verb, cordon_error *why)
{
    struct host_str path = host_op_arg(op, 0);
    int shown = (int)text_cut(path.data, path.len, PATH_SHOWN_MAX);
    host_op_answer_err(op, "failed to %s file '%.*s': %s", verb, shown, path.data, cordon_error_message(why));
    cordon_error_free(why);
}

int file_op_read_text(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use, char **ret, size_t *ret_len)
{
    cleanup_free char *text = NULL;
    cordon_error *err = NULL;
    int rc = file_read(root, rest, host_op_room(op), use, &text, ret_len, &err);
    if (rc == 0 && !text_is_utf8(text, *ret_len))
        rc = err_set(&err, CORDON_E_IO, NULL, "it is not UTF-8 text");
    if (rc < 0)
        file_op_fail(op, "read", err);
    else
        *ret = take(text);
    return rc;
}

static void run(struct pool_job *job)
{
    struct file_op *f = (struct file_op *)job;
    f->work(f->op, f->root, f->rest, host_op_files(f->op));
    file_op_free(f);
}

/* The call is over. What has begun is told by the use's `stop`; what has not never will, and what it holds goes back at once. */
static void abandon(void *data)
{
    struct file_op *f = data;
    atomic_store(&host_op_files(f->op)->stop, true);
    if (!pool_abandon(f->io, &f->job))
        return;
    host_op_let_go(f->op);
    file_op_free(f);
}

static void submit(struct host_op *op, char *path, const struct file_root *root, const char *rest, const char *verb, file_work *work)
{
    cordon_error *err = NULL;
    struct pool_share *io = host_op_powers(op)->io;
    struct file_op *f = calloc(1, sizeof *f);
    if (!f) {
        free(path);
        err_nomem(&err);
        file_op_fail(op, verb, err);
        return;
    }
    *f = (struct file_op){.job.run = run, .op = op, .io = io, .path = path, .root = root, .rest = rest, .work = work};
    pool_share_ref(io);
    host_op_on_abandon(op, abandon, f);
    if (pool_submit(io, &f->job, &err) == 0)
        return;
    host_op_on_abandon(op, NULL, NULL);
    file_op_free(f);
    file_op_fail(op, verb, err);
}

static struct ask ask_of(enum file_access access, const char *path)
{
    return (struct ask){.kind = access == FILE_READ ? ASK_READ : ASK_WRITE, .path = path};
}

/* The grants decide, by the words of the path; and the root that it leads to, which is the one whose files would be touched. */
static const struct file_root *find_granted(const struct powers *p, const char *path, enum file_access access, const char **ret_rest)
{
    const struct ask ask = ask_of(access, path);
    const struct file_root *root = grants_find(p->grants, &ask) ? file_roots_find(p->roots, path, ret_rest) : NULL;
    return root && (root->access & access) ? root : NULL;
}

void file_op_begin(struct host_op *op, enum file_access access, const char *verb, file_work *work)
{
    cordon_error *err = NULL;
    const struct powers *p = host_op_powers(op);
    struct host_str said = host_op_arg(op, 0);
    cleanup_free char *path = NULL;
    if (file_guest_path(p->roots, said.data, said.len, &path, &err) < 0) {
        file_op_fail(op, verb, err);
        return;
    }
    const char *rest;
    const struct ask ask = ask_of(access, path);
    const struct file_root *root = find_granted(p, path, access, &rest);
    if (root && p->io && host_op_files(op))
        submit(op, take(path), root, rest, verb, work);
    else
        host_op_answer_denied(op, NULL, path, grants_why_not(p->grants, &ask));
}
