/* SPDX-License-Identifier: Apache-2.0
 * read-file and write-file as operations: on the pool, and what becomes of them when the call is over first. */
#include "base/error.h"
#include "host/fns.h"
#include "host/op.h"
#include <check.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_file_op(void);

struct ground {
    char top[64];
    struct pool *pool;
    struct powers *powers;
    struct file_use *use;
    sem_t woken;
    _Atomic int dropped;
};

static void on_wake(void *data) { sem_post(&((struct ground *)data)->woken); }
static void on_drop(void *data) { atomic_fetch_add(&((struct ground *)data)->dropped, 1); }

static void set_up(struct ground *g, const char *kind)
{
    memset(g, 0, sizeof *g);
    strcpy(g->top, "/tmp/cordon-file-op-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(g->top));
    ck_assert_int_eq(chdir(g->top), 0);
    sem_init(&g->woken, 0, 0);
    ck_assert_int_eq(pool_new(2, &g->pool, NULL), 0);
    g->powers = powers_new();
    g->use = file_use_new();
    ck_assert_int_eq(pool_share_new(g->pool, &g->powers->io, NULL), 0);
    char text[128];
    snprintf(text, sizeof text, "%s=%s::/data", kind, g->top);
    struct grant grant = {0};
    struct file_root *root = NULL;
    const struct file_guard nothing = {0};
    ck_assert_int_eq(grant_parse(text, NULL, &grant, NULL), 0);
    ck_assert_int_eq(file_root_open(&grant, &nothing, &root, NULL), 0);
    ck_assert_int_eq(powers_grant_folder(g->powers, &grant, root, NULL), 0);
    file_root_unref(root);
}

static void tear_down(struct ground *g)
{
    char command[128];
    powers_unref(g->powers);
    pool_free(g->pool);
    file_use_unref(g->use);
    snprintf(command, sizeof command, "rm -rf %s", g->top);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

static struct host_op *begin(struct ground *g, const struct host_fn *fn, const char *path, const char *content)
{
    const struct host_str args[] = {{path, strlen(path)}, {content, strlen(content)}};
    struct host_op *op = host_op_new(&(struct host_op_opts){
        .fn = fn, .powers = g->powers, .skill = "s", .deadline_ns = UINT64_MAX, .room = 1000, .files = g->use, .waker = {on_wake, on_drop, g},
    }, args, NULL);
    host_op_begin(op);
    return op;
}

static const struct host_answer *wait_for(struct ground *g, struct host_op *op)
{
    while (!host_op_answer(op))
        sem_wait(&g->woken);
    return host_op_answer(op);
}

START_TEST(a_file_is_read_and_written_on_the_pool)
{
    struct ground g;
    set_up(&g, "rw");
    struct host_op *op = begin(&g, &host_write_file, "/data/a", "text");
    ck_assert_int_eq(wait_for(&g, op)->kind, HOST_ANSWER_NOTHING);
    host_op_forget(op);
    op = begin(&g, &host_read_file, "a", "");
    ck_assert_int_eq(wait_for(&g, op)->kind, HOST_ANSWER_TEXT);
    ck_assert_str_eq(host_op_answer(op)->text, "text");
    host_op_forget(op);
    op = begin(&g, &host_read_file, "/data/../etc/passwd", "");
    ck_assert_int_eq(wait_for(&g, op)->kind, HOST_ANSWER_DENIED);
    ck_assert_int_eq(wait_for(&g, op)->denial, DENIAL_NOT_GRANTED);
    host_op_forget(op);
    tear_down(&g);
    ck_assert_int_eq(g.dropped, 3);
}
END_TEST

START_TEST(a_path_that_is_cut_in_a_message_leaves_its_reason)
{
    struct ground g;
    char path[3000] = "/data/";
    set_up(&g, "read");
    while (strlen(path) < sizeof path - 4)
        strcat(path, "ü/");
    struct host_op *op = begin(&g, &host_read_file, path, "");
    ck_assert_int_eq(wait_for(&g, op)->kind, HOST_ANSWER_ERR);
    ck_assert_ptr_nonnull(strstr(host_op_answer(op)->text, "': No such file or directory"));
    host_op_forget(op);
    tear_down(&g);
}
END_TEST

struct blocker {
    struct pool_job job;
    sem_t began, go;
};

static void run_blocker(struct pool_job *j)
{
    struct blocker *b = (struct blocker *)j;
    sem_post(&b->began);
    sem_wait(&b->go);
}

START_TEST(what_has_not_begun_when_its_call_is_over_never_does)
{
    struct ground g;
    struct blocker b = {.job.run = run_blocker};
    set_up(&g, "rw");
    sem_init(&b.began, 0, 0);
    sem_init(&b.go, 0, 0);
    ck_assert_int_eq(pool_submit(g.powers->io, &b.job, NULL), 0); /* of two threads a skill has one */
    sem_wait(&b.began);
    struct host_op *op = begin(&g, &host_write_file, "/data/a", "text");
    ck_assert_ptr_null(host_op_answer(op));
    host_op_forget(op);
    ck_assert_msg(g.dropped == 1, "all it held was given back at once");
    sem_post(&b.go);
    tear_down(&g);
    ck_assert_int_ne(access("/data/a", F_OK), 0);
}
END_TEST

START_TEST(an_operation_under_way_outlives_its_call)
{
    struct ground g;
    set_up(&g, "rw");
    for (int i = 0; i < 500; i++) {
        struct host_op *op = begin(&g, i % 2 ? &host_write_file : &host_read_file, "/data/a", "text");
        if (i % 3)
            usleep((useconds_t)(rand() % 100));
        host_op_forget(op);
        atomic_store(&g.use->stop, false);
        atomic_store(&g.use->opens, 0);
    }
    tear_down(&g);
    ck_assert_int_eq(g.dropped, 500);
}
END_TEST

Suite *suite_file_op(void)
{
    Suite *s = suite_create("file_op");
    TCase *c = tcase_create("operations");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_file_is_read_and_written_on_the_pool);
    tcase_add_test(c, a_path_that_is_cut_in_a_message_leaves_its_reason);
    tcase_add_test(c, what_has_not_begun_when_its_call_is_over_never_does);
    tcase_add_test(c, an_operation_under_way_outlives_its_call);
    suite_add_tcase(s, c);
    return s;
}
