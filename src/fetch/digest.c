/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/digest.h"

#include <sodium.h>
#include <string.h>

bool digest_read(const char *text, uint8_t ret[32])
{
    uint8_t bytes[32];
    if (strspn(text, "0123456789abcdef") != 64 || text[64] || sodium_hex2bin(bytes, sizeof bytes, text, 64, NULL, NULL, NULL) < 0)
        return false;
    memcpy(ret, bytes, sizeof bytes);
    return true;
}

void digest_write(const uint8_t sha256[32], char ret[DIGEST_TEXT])
{
    sodium_bin2hex(ret, DIGEST_TEXT, sha256, 32);
}
