/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the library share: a cache of their own, hosts, guests, endings, and what the process holds.
 * They see nothing but the public headers and are linked against the shared library.
 */
#pragma once
#include <check.h>
#include <cordon/cordon.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A test case with the cache folder around it, which its tests share. */
TCase *ground_case(Suite *s, const char *name, double timeout_s);

cordon_host_opts *ground_opts(unsigned workers, unsigned sandboxes);
/* Takes `opts`. */
cordon_host *ground_host_with(cordon_host_opts *opts);
cordon_host *ground_host(unsigned workers, unsigned sandboxes);
/* A guest of tests/fixtures. */
cordon_skill *ground_skill(cordon_host *h, const char *fixture, enum cordon_tier tier);
/* `args` is JSON or NULL. */
cordon_request *ground_request(cordon_skill *s, const char *export_name, const char *args);
void ground_limit(cordon_request *r, enum cordon_limit limit, uint64_t value);
cordon_outcome *ground_run(cordon_request *r);

/* How a started call ended; zeroed before. */
struct end {
    _Atomic int times;
    cordon_outcome *outcome;
    cordon_error *err;
    pthread_t thread;
    uint64_t at_ms;
};
void end_done(void *data, cordon_outcome *o, cordon_error *e);
/* Frees what it holds. */
void end_finish(struct end *e);
/* `ret` may be NULL. */
void end_start(cordon_request *r, struct end *e, cordon_call **ret);
/* Polls and dispatches until all `n` have ended, as an event loop would. */
void end_wait(cordon_host *h, struct end *ends, size_t n);
/* The kind of its outcome; fails the test if it ended in an error. */
enum cordon_outcome_kind end_kind(const struct end *e);

#define expect_kind(o, want) ck_assert_str_eq(cordon_outcome_name(cordon_outcome_kind(o)), cordon_outcome_name(want))
#define expect_output(o, want) ck_assert_str_eq(cordon_outcome_output(o, NULL, NULL), want)
/* `rc` is the failure `code`, and `err` says so too; frees it. */
#define expect_error(rc, err, want)                                  \
    do {                                                             \
        ck_assert_int_eq(rc, -(int)(want));                          \
        ck_assert_ptr_nonnull(err);                                  \
        ck_assert_int_eq((int)cordon_error_code(err), (int)(want));  \
        cordon_error_free(err);                                      \
        (err) = NULL;                                                \
    } while (0)
#define expect_ok(rc, err) ck_assert_msg((rc) == 0, "%s", (err) ? cordon_error_message(err) : "failed without an error")

uint64_t now_ms(void);
void sleep_ms(unsigned ms);
/* What the process holds now. */
struct holding { size_t resident_kib; unsigned descriptors, threads, mappings; };
struct holding holding_now(void);
/* True under a sanitizer, where memory and time say little. */
bool is_sanitized(void);
