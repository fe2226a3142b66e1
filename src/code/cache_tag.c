/* SPDX-License-Identifier: Apache-2.0
 *
 * The tag of a file of the cache: keyed BLAKE2b-256 over the sums of its leaves, its meta and its trailer. A leaf is 1 MiB of the body; leaves do not depend on each
 * other, so a few threads sum those of a large body at once.
 *
 * A leaf's sum is AES-256-GMAC where the CPU has AES, else keyed BLAKE2b, with a key that is not the tag's. It never leaves this file, so what is asked of it is
 * only that two leaves cannot be found to have the same without the key; a nonce may therefore come again in another file. It is the leaf's number, and the trailer
 * has the lengths, so that leaves cannot change places or borders.
 *
 * Whoever asks for a tag never waits for another thread: on a busy machine that may be set aside for longer than it all takes. A leaf that somebody else has begun
 * and not finished is summed once more. What a late thread still looks at goes with the last who looks; the thread is joined when it has ended, by cache_close at the latest.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "cache_parts.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LEAF = 1 << 20, LEAF_SUM = 32, LEAVES_A_THREAD = 4 };

struct leaf { _Atomic bool done; uint8_t sum[LEAF_SUM]; };

struct summing {
    _Atomic uint32_t refs, next;
    const struct cache_secret *secret;
    enum cache_algorithm algorithm;
    uint8_t *body;
    size_t len;
    uint32_t n_leaves;
    struct leaf leaves[];
};

static void unref(struct summing *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    munmap(s->body, s->len);
    free(s);
}

static void sum_leaf(const struct summing *s, uint32_t i, uint8_t ret[LEAF_SUM])
{
    uint8_t *leaf = s->body + (size_t)i * LEAF;
    size_t left = s->len - (size_t)i * LEAF, len = left < LEAF ? left : LEAF;
    uint8_t nonce[crypto_aead_aes256gcm_NPUBBYTES] = {0}, none[1];   /* GMAC is AES-GCM of an empty message; the library wants its address all the same */
    unsigned long long sum_len;
    memcpy(nonce, &i, sizeof i);
    memset(ret, 0, LEAF_SUM);
    madvise(leaf, len, MADV_POPULATE_READ);   /* one system call instead of a fault for every few pages; older kernels take the faults */
    if (s->algorithm == CACHE_AES256_GMAC)
        crypto_aead_aes256gcm_encrypt_detached_afternm(none, ret, &sum_len, none, 0, leaf, len, NULL, nonce, &s->secret->gcm);
    else
        crypto_generichash(ret, LEAF_SUM, leaf, len, s->secret->leaf_blake, sizeof s->secret->leaf_blake);
}

static void sum_leaves(struct summing *s)
{
    for (uint32_t i; (i = atomic_fetch_add(&s->next, 1)) < s->n_leaves;) {
        sum_leaf(s, i, s->leaves[i].sum);
        atomic_store(&s->leaves[i].done, true);
    }
}

/* ---- the threads that help ---- */

static void *checker_main(void *data)
{
    sum_leaves(data);
    unref(data);
    return NULL;
}

/* The program's signals are not for these threads; one that is a fault ends the process as it would anywhere. */
static int checker_start(pthread_t *ret, struct summing *s)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    atomic_fetch_add(&s->refs, 1);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int r = pthread_create(ret, NULL, checker_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_setname_np(*ret, "cordon-check");
    else
        unref(s);
    return r;
}

static size_t helpers_for(uint32_t n_leaves)
{
    size_t worth = n_leaves / LEAVES_A_THREAD;
    if (worth < 2)
        return 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 0 : ((size_t)cores < worth ? (size_t)cores : worth) - 1;
}

/* As many as are worth it and free; one that cannot be had is done without. */
static void checkers_call(struct cache_checkers *c, struct summing *s)
{
    size_t want = helpers_for(s->n_leaves);
    if (want == 0)
        return;
    pthread_mutex_lock(&c->lock);
    for (size_t i = c->n; i-- > 0;)
        if (pthread_tryjoin_np(c->threads[i], NULL) == 0)
            c->threads[i] = c->threads[--c->n];
    for (; want && c->n < CACHE_CHECKERS_MAX && checker_start(&c->threads[c->n], s) == 0; want--)
        c->n++;
    pthread_mutex_unlock(&c->lock);
}

void cache_checkers_join(struct cache_checkers *c)
{
    while (c->n)
        pthread_join(c->threads[--c->n], NULL);
}

/* ---- the tag ---- */

static void finish(struct summing *s, crypto_generichash_state *whole)
{
    uint8_t again[LEAF_SUM];
    for (uint32_t i = 0; i < s->n_leaves; i++) {
        bool done = atomic_load(&s->leaves[i].done);
        if (!done)
            sum_leaf(s, i, again);
        crypto_generichash_update(whole, done ? s->leaves[i].sum : again, LEAF_SUM);
    }
}

static int add_body(struct cache *c, enum cache_algorithm algorithm, int fd, uint64_t len, crypto_generichash_state *whole, cordon_error **err)
{
    uint32_t n = (uint32_t)((len + LEAF - 1) / LEAF);
    struct summing *s = calloc(1, sizeof *s + n * sizeof *s->leaves);
    if (!s)
        return err_nomem(err);
    *s = (struct summing){.refs = 1, .secret = &c->secret, .algorithm = algorithm, .len = len, .n_leaves = n};
    s->body = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    if (s->body == MAP_FAILED) {
        free(s);
        return err_errno(err, errno, "map", "a file of the cache");
    }
    checkers_call(&c->checkers, s);
    sum_leaves(s);
    finish(s, whole);
    unref(s);
    return 0;
}

int cache_tag(struct cache *c, const struct cache_trailer *t, int fd, const char *meta, uint8_t ret[CACHE_TAG_LEN], cordon_error **err)
{
    crypto_generichash_state whole;
    crypto_generichash_init(&whole, c->secret.blake, sizeof c->secret.blake, CACHE_TAG_LEN);
    int r = t->body_len ? add_body(c, t->algorithm, fd, cache_meta_at(t), &whole, err) : 0;
    if (r < 0)
        return r;
    crypto_generichash_update(&whole, (const uint8_t *)meta, t->meta_len);
    crypto_generichash_update(&whole, (const uint8_t *)t, offsetof(struct cache_trailer, tag));
    crypto_generichash_final(&whole, ret, CACHE_TAG_LEN);
    return 0;
}
