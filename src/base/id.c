/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include "base/error.h"
#include <sodium.h>

_Static_assert(sizeof((struct id_source *)0)->key == crypto_shorthash_siphashx24_KEYBYTES, "the hash's key");
_Static_assert(crypto_shorthash_siphashx24_BYTES == 16, "as many bytes as a UUID");

int id_source_init(struct id_source *s, cordon_error **err)
{
    if (sodium_init() < 0)
        return err_set(err, CORDON_E_NO_RESOURCES, NULL, "cannot start the source of random numbers");
    randombytes_buf(s->key, sizeof s->key);
    atomic_init(&s->counter, 0);
    return 0;
}

static void id_print(const unsigned char uuid[16], char out[ID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[uuid[i] >> 4];
        *p++ = hex[uuid[i] & 15];
    }
    *p = '\0';
}

void id_next(struct id_source *s, uint64_t unix_ms, char out[ID_TEXT])
{
    uint64_t n = atomic_fetch_add_explicit(&s->counter, 1, memory_order_relaxed);
    unsigned char uuid[16];
    crypto_shorthash_siphashx24(uuid, (const unsigned char *)&n, sizeof n, s->key);
    for (int i = 0; i < 6; i++)
        uuid[i] = (unsigned char)(unix_ms >> (40 - 8 * i));
    uuid[6] = (unsigned char)(0x70 | (uuid[6] & 0x0F));
    uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3F));
    id_print(uuid, out);
}
