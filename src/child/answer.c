/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "child/answer.h"
#include "child/memfile.h"
#include <string.h>

enum { ANSWER_VERSION = 1, TEXT_PARTS = 3 };
#define ANSWER_MAGIC UINT64_C(0x31736e6164726f63)

_Static_assert(sizeof(struct answer) == 32, "no padding in the file");

static int answer_end(int fd, uint32_t code, uint64_t body_len, const struct buf *text, cordon_error **err)
{
    struct answer answer = {.magic = ANSWER_MAGIC, .version = ANSWER_VERSION, .code = code, .body_len = body_len, .text_len = text->len};
    int r = memfile_write(fd, text->data, text->len, err);
    return r < 0 ? r : memfile_write(fd, &answer, sizeof answer, err);
}

int answer_write(int fd, const struct buf *meta, const struct buf *body, cordon_error **err)
{
    int r = memfile_write(fd, body->data, body->len, err);
    return r < 0 ? r : answer_end(fd, 0, body->len, meta, err);
}

static void cleanup_buf(struct buf *b) { buf_finish(b); }

static int add_part(struct buf *text, const char *part)
{
    return buf_add(text, part ? part : "", part ? strlen(part) + 1 : 1);
}

int answer_write_error(int fd, const cordon_error *why, cordon_error **err)
{
    cleanup(cleanup_buf) struct buf text;
    const char *cause;
    buf_init(&text, ANSWER_TEXT_MAX);
    add_part(&text, cordon_error_message(why));
    add_part(&text, cordon_error_hint(why));
    add_part(&text, cordon_error_subject(why));
    for (size_t i = 0; i < ERR_CAUSES_MAX && (cause = cordon_error_cause(why, i)); i++)
        add_part(&text, cause);
    return text.full ? err_nomem(err) : answer_end(fd, (uint32_t)cordon_error_code(why), 0, &text, err);
}

static int bad_answer(cordon_error **err)
{
    return err_set(err, CORDON_E_HOST_BUG, NULL, "the answer of a program of ours is not well-formed");
}

/* `text` is UTF-8 and ends with a NUL. */
static int error_from_text(enum cordon_errc code, const char *text, size_t len, cordon_error **err)
{
    const char *part[TEXT_PARTS + ERR_CAUSES_MAX];
    size_t n = 0;
    for (const char *p = text; p < text + len; p += strlen(p) + 1) {
        if (n == sizeof part / sizeof *part)
            return bad_answer(err);
        part[n++] = p;
    }
    if (n < TEXT_PARTS)
        return bad_answer(err);
    int r = err_set(err, code, *part[2] ? part[2] : NULL, "%s", part[0]);
    err_hint(err, "%s", part[1]);
    for (size_t i = TEXT_PARTS; i < n; i++)
        err_cause(err, "%s", part[i]);
    return r;
}

static bool answer_is_sound(const struct answer *a, uint64_t size)
{
    return a->magic == ANSWER_MAGIC && a->version == ANSWER_VERSION && a->code < CORDON_ERRC_COUNT && a->body_len <= ANSWER_BODY_MAX &&
           a->text_len <= ANSWER_TEXT_MAX && size == a->body_len + a->text_len + sizeof *a && !(a->code && a->body_len);
}

int answer_read(int fd, char **ret_meta, uint64_t *ret_body_len, cordon_error **err)
{
    cleanup_free char *text = NULL;
    struct answer answer;
    uint64_t size = 0;
    int r = memfile_size(fd, &size, err);
    if (r < 0)
        return r;
    if (size < sizeof answer || size > ANSWER_FILE_MAX)
        return bad_answer(err);
    if ((r = memfile_read(fd, &answer, sizeof answer, size - sizeof answer, err)) < 0)
        return r;
    if (!answer_is_sound(&answer, size))
        return bad_answer(err);
    size_t len = (size_t)answer.text_len;
    if (!(text = malloc(len + 1)))
        return err_nomem(err);
    if ((r = memfile_read(fd, text, len, answer.body_len, err)) < 0)
        return r;
    text[len] = '\0';
    if (!text_is_utf8(text, len))
        return bad_answer(err);
    if (answer.code)
        return len && !text[len - 1] ? error_from_text((enum cordon_errc)answer.code, text, len, err) : bad_answer(err);
    if (strlen(text) != len)
        return bad_answer(err);
    *ret_meta = take(text);
    *ret_body_len = answer.body_len;
    return 0;
}
