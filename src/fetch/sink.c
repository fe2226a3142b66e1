/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/sink.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

void sink_init(struct sink *s, int fd, uint64_t max, const char *shown)
{
    *s = (struct sink){.fd = fd, .max = max, .shown = shown};
    crypto_hash_sha256_init(&s->hash);
}

static int write_all(int fd, const char *bytes, size_t len, cordon_error **err)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_errno(err, n < 0 ? errno : EIO, "write", "what is fetched");
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

int sink_too_much(const struct sink *s, cordon_error **err)
{
    if (s->exact)
        return err_set(err, CORDON_E_DIGEST_MISMATCH, s->shown, "%s: more than the %" PRIu64 " bytes come that its manifest promises", s->shown, s->max);
    return err_set(err, CORDON_E_TOO_LARGE, s->shown, "%s: larger than %" PRIu64 " bytes, which is all that may come", s->shown, s->max);
}

int sink_take(struct sink *s, const void *bytes, size_t len, cordon_error **err)
{
    if (len > s->max - s->len)
        return sink_too_much(s, err);
    for (uint64_t at = s->len; at < sizeof s->head && at - s->len < len; at++)
        s->head[at] = ((const uint8_t *)bytes)[at - s->len];
    s->len += len;
    crypto_hash_sha256_update(&s->hash, bytes, len);
    return write_all(s->fd, bytes, len, err);
}

int sink_end(struct sink *s, uint8_t ret_sha256[32], cordon_error **err)
{
    if (s->exact && s->len != s->max)
        return err_set(err, CORDON_E_DIGEST_MISMATCH, s->shown, "%s: %" PRIu64 " bytes came, its manifest promises %" PRIu64, s->shown, s->len, s->max);
    crypto_hash_sha256_final(&s->hash, ret_sha256);
    return 0;
}
