/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests of large files that were read before: a start need not read and hash 18 MB to learn that they are what they were. A file is known by device, inode, size and
 * both times to the nanosecond, and by nothing of its bytes. A file system sets the time of change when a file is written to, but
 *
 * - only as finely as its clock, so that two changes close to each other may look like one: a file is remembered only if it has been left alone for two seconds, as git does;
 * - for a file that is mapped, only at the first write to each page in a while: who has it mapped meanwhile can write once more unseen;
 * - not at all if whoever administers the machine sets clocks back or writes beneath the file system.
 *
 * What is gained by a file that fools this: the code is run that was made of the bytes it had before, of this very file and by this user's own hand. No code is run that was
 * not checked. Who can write an artifact decides what it is anyway.
 */
#include "base/cleanup.h"
#include "cache_parts.h"
#include <string.h>
#include <time.h>

enum { SETTLED_S = 2 };

/* As it is hashed: without padding. */
struct identity { uint64_t device, inode, size, modified_s, modified_ns, changed_s, changed_ns; };

static struct identity identity_of(const struct stat *st)
{
    return (struct identity){st->st_dev, st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
                             (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec};
}

static void known_key(const struct stat *st, uint8_t ret[CACHE_KEY_LEN])
{
    static const char what[] = "a file by its identity";
    struct identity id = identity_of(st);
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, CACHE_KEY_LEN);
    crypto_generichash_update(&s, (const uint8_t *)what, sizeof what);
    crypto_generichash_update(&s, (const uint8_t *)&id, sizeof id);
    crypto_generichash_final(&s, ret, CACHE_KEY_LEN);
}

bool cache_known_digest(struct cache *c, const struct stat *st, uint8_t ret[CODE_DIGEST_LEN])
{
    uint8_t key[CACHE_KEY_LEN];
    cleanup_free char *hex = NULL;
    cleanup_fd int fd = -1;
    uint64_t none = 0;
    size_t len = 0;
    known_key(st, key);
    return cache_file_read(c, key, CACHE_KNOWN, &fd, &hex, &none, NULL) > 0 && strlen(hex) == 2 * CODE_DIGEST_LEN &&
           !sodium_hex2bin(ret, CODE_DIGEST_LEN, hex, 2 * CODE_DIGEST_LEN, NULL, &len, NULL) && len == CODE_DIGEST_LEN;
}

static bool is_past(const struct timespec *t, const struct timespec *now)
{
    return t->tv_sec + SETTLED_S < now->tv_sec || (t->tv_sec + SETTLED_S == now->tv_sec && t->tv_nsec < now->tv_nsec);
}

static bool is_settled(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return is_past(&st->st_ctim, &now) && is_past(&st->st_mtim, &now);
}

void cache_remember_digest(struct cache *c, int fd, const struct stat *before, const uint8_t digest[CODE_DIGEST_LEN])
{
    uint8_t key[CACHE_KEY_LEN];
    char hex[2 * CODE_DIGEST_LEN + 1];
    struct stat st;
    struct identity was = identity_of(before), is;
    if (fstat(fd, &st) < 0 || (is = identity_of(&st), memcmp(&is, &was, sizeof is)) || !is_settled(&st))
        return;
    known_key(&st, key);
    sodium_bin2hex(hex, sizeof hex, digest, CODE_DIGEST_LEN);
    cache_file_write(c, key, CACHE_KNOWN, hex, -1, 0, NULL, NULL); /* what cannot be kept is found out anew */
}
