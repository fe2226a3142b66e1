/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/secret_file.h"

#include "base/clock.h"
#include <string.h>

static const uint8_t magic[8] = {'c', 'o', 'r', 'd', 'o', 'n', 's', '1'};
enum { TIME_AT = sizeof magic, NONCE_AT = TIME_AT + 8 };
_Static_assert(crypto_secretbox_KEYBYTES == crypto_generichash_BYTES, "a box's key is a hash");

static void put_time(uint8_t at[8], uint64_t ms)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(ms >> 8 * i);
}

static uint64_t get_time(const uint8_t at[8])
{
    uint64_t ms = 0;
    for (int i = 0; i < 8; i++)
        ms |= (uint64_t)at[i] << 8 * i;
    return ms;
}

/* In memory of its own, which sodium_free wipes. */
static uint8_t *box_key(const uint8_t key[SECRET_KEY], const char *name, const uint8_t *head)
{
    uint8_t *box = sodium_malloc(crypto_secretbox_KEYBYTES);
    crypto_generichash_state s;
    if (!box)
        return NULL;
    crypto_generichash_init(&s, key, SECRET_KEY, crypto_secretbox_KEYBYTES);
    crypto_generichash_update(&s, head, NONCE_AT);
    crypto_generichash_update(&s, (const uint8_t *)name, strlen(name));
    crypto_generichash_final(&s, box, crypto_secretbox_KEYBYTES);
    sodium_memzero(&s, sizeof s);
    return box;
}

bool secret_file_seal(const uint8_t key[SECRET_KEY], const char *name, uint64_t set_at_ms, const void *value, size_t len, uint8_t *file)
{
    memcpy(file, magic, sizeof magic);
    put_time(file + TIME_AT, set_at_ms);
    randombytes_buf(file + NONCE_AT, crypto_secretbox_NONCEBYTES);
    uint8_t *box = box_key(key, name, file);
    bool good = box && !crypto_secretbox_easy(file + SECRET_HEAD, value, len, file + NONCE_AT, box);
    sodium_free(box);
    return good;
}

bool secret_file_time(const uint8_t head[SECRET_HEAD], uint64_t size, uint64_t *ret_ms)
{
    if (size <= SECRET_EXTRA || size > SECRET_FILE_MAX || memcmp(head, magic, sizeof magic))
        return false;
    *ret_ms = get_time(head + TIME_AT);
    return *ret_ms <= CLOCK_WALL_MAX_MS;
}

int secret_file_open(const uint8_t key[SECRET_KEY], const char *name, const uint8_t *file, size_t size, void *value)
{
    uint64_t ms;
    if (size <= SECRET_EXTRA || !secret_file_time(file, size, &ms))
        return 0;
    uint8_t *box = box_key(key, name, file);
    if (!box)
        return -1;
    int r = !crypto_secretbox_open_easy(value, file + SECRET_HEAD, size - SECRET_HEAD, file + NONCE_AT, box);
    sodium_free(box);
    return r;
}
