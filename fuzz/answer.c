/* SPDX-License-Identifier: Apache-2.0
 * A helper's answer as the host reads it; the helper may be a guest's by then. `r`: the file is the rest, as it is. Else one that was written right, then changed: changes
 * (patch.h), the code of an error or 0, the body up to a newline, the text. */
#include "patch.h"

#include "code/helper_wire.h"
#include <stddef.h>
#include <unistd.h>

static void read_answer(int fd)
{
    char *meta = NULL;
    uint64_t body_len = 0;
    size_t len;
    cordon_error *err = NULL;
    int rc = answer_read(fd, &meta, &body_len, &err);
    if (rc < 0) {
        HOLDS(!meta && !body_len);
        fuzz_check_error(rc, err);
        return;
    }
    free(read_whole(fd, &len));
    HOLDS(rc == 0 && !err && body_len <= CODE_BODY_MAX && strlen(meta) <= CODE_META_MAX);
    HOLDS(fuzz_is_utf8(meta, strlen(meta)));
    HOLDS(len == body_len + strlen(meta) + sizeof(struct answer));
    free(meta);
}

static void check_made(struct feed *f)
{
    struct feed changes = *f;
    for (unsigned n = feed_byte(f) % 8; n > 0; n--)
        feed_byte(f), feed_byte(f);
    uint32_t code = feed_byte(f);
    struct buf body, text;
    size_t body_len, text_len, len;
    char *body_bytes = feed_line(f, &body_len), *text_bytes = feed_rest(f, &text_len);
    int fd = file_of("", 0);
    buf_init(&body, CODE_BODY_MAX);
    buf_init(&text, CODE_META_MAX);
    buf_add(&body, body_bytes, code ? 0 : body_len);
    buf_add(&text, text_bytes, text_len);
    HOLDS(answer_write(fd, &text, &body, NULL) == 0);
    free(read_whole(fd, &len));
    uint64_t end = len - sizeof(struct answer);
    HOLDS(pwrite(fd, &code, sizeof code, (off_t)(end + offsetof(struct answer, code))) == sizeof code);
    read_answer(fd);
    patch_file(&changes, fd, end, sizeof(struct answer));
    read_answer(fd);
    close(fd);
    buf_finish(&body);
    buf_finish(&text);
    free(body_bytes);
    free(text_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    if (feed_byte(&f) == 'r') {
        int fd = file_of(f.at, f.left);
        read_answer(fd);
        close(fd);
    } else {
        check_made(&f);
    }
    return 0;
}
