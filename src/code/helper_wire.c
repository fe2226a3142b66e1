/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_wire.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum { WIRE_VERSION = 1, TEXT_PARTS = 3 };
#define JOB_MAGIC UINT64_C(0x31626f6a64726f63)
#define ANSWER_MAGIC UINT64_C(0x31736e6164726f63)

_Static_assert(sizeof(struct wire_job) == 48 && sizeof(struct wire_answer) == 32, "no padding on the wire");

int wire_memfd(const char *name, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)   /* before Linux 6.3 */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && fd <= 2) {        /* a host without standard descriptors */
        int above = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        close(fd);
        fd = above;
    }
    if (fd < 0)
        return err_errno(err, errno, "make", "a memory file");
    *ret_fd = take_fd(fd);
    return 0;
}

int wire_seal(int fd, cordon_error **err)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return err_errno(err, errno, "seal", "a memory file");
    return 0;
}

int wire_write(int fd, const void *data, size_t len, cordon_error **err)
{
    for (const char *p = data; len;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "write", "a memory file");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int wire_pread(int fd, void *data, size_t len, uint64_t at, cordon_error **err)
{
    for (char *p = data; len;) {
        ssize_t n = pread(fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", "a memory file");
        if (!n)
            return err_set(err, CORDON_E_HOST_BUG, NULL, "a memory file between host and helper is shorter than it says");
        p += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

static int wire_size(int fd, uint64_t *ret, cordon_error **err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "look at", "a memory file");
    *ret = (uint64_t)st.st_size;
    return 0;
}

int wire_job_write(struct wire_job *job, const char *arg, const uint8_t *in, size_t len, int *ret_fd, cordon_error **err)
{
    cleanup_fd int fd = -1;
    size_t arg_len = strlen(arg);
    if (arg_len > WIRE_ARG_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the helper's argument has %zu bytes; at most %d are taken", arg_len, WIRE_ARG_MAX);
    if (len > WIRE_INPUT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the helper's input has %zu bytes; at most %d are taken", len, WIRE_INPUT_MAX);
    job->magic = JOB_MAGIC;
    job->version = WIRE_VERSION;
    job->arg_len = (uint32_t)arg_len;
    job->input_len = len;
    int r = wire_memfd("cordon-job", &fd, err);
    if (r < 0 || (r = wire_write(fd, job, sizeof *job, err)) < 0 || (r = wire_write(fd, arg, arg_len, err)) < 0 ||
        (r = wire_write(fd, in, len, err)) < 0 || (r = wire_seal(fd, err)) < 0)
        return r;
    *ret_fd = take_fd(fd);
    return 0;
}

static bool job_is_sound(const struct wire_job *j, uint64_t size)
{
    return j->magic == JOB_MAGIC && j->version == WIRE_VERSION && j->job < CODE_JOB_COUNT && j->arg_len <= WIRE_ARG_MAX &&
           j->input_len <= WIRE_INPUT_MAX && size == sizeof *j + j->arg_len + j->input_len && j->memory_bytes >= WIRE_MEMORY_MIN &&
           j->memory_bytes <= WIRE_MEMORY_MAX && j->cpu_s && j->cpu_s <= WIRE_SECONDS_MAX && j->wall_s && j->wall_s <= WIRE_SECONDS_MAX;
}

int wire_job_read(int fd, struct wire_job *ret, cordon_error **err)
{
    uint64_t size = 0;
    struct wire_job job;
    int r = wire_size(fd, &size, err);
    if (r < 0 || (r = wire_pread(fd, &job, sizeof job, 0, err)) < 0)
        return r;
    if (!job_is_sound(&job, size))
        return err_set(err, CORDON_E_HOST_BUG, NULL, "descriptor 0 is no job of this version's");
    *ret = job;
    return 0;
}

static int answer_end(int fd, uint32_t code, uint64_t body_len, const struct buf *text, cordon_error **err)
{
    struct wire_answer answer = {.magic = ANSWER_MAGIC, .version = WIRE_VERSION, .code = code, .body_len = body_len, .text_len = text->len};
    int r = wire_write(fd, text->data, text->len, err);
    return r < 0 ? r : wire_write(fd, &answer, sizeof answer, err);
}

int wire_answer_write(int fd, const struct buf *meta, const struct buf *body, cordon_error **err)
{
    int r = wire_write(fd, body->data, body->len, err);
    return r < 0 ? r : answer_end(fd, 0, body->len, meta, err);
}

static void cleanup_buf(struct buf *b) { buf_finish(b); }

static int add_part(struct buf *text, const char *part)
{
    return buf_add(text, part ? part : "", part ? strlen(part) + 1 : 1);
}

int wire_answer_write_error(int fd, const cordon_error *why, cordon_error **err)
{
    cleanup(cleanup_buf) struct buf text;
    const char *cause;
    buf_init(&text, CODE_META_MAX);
    add_part(&text, cordon_error_message(why));
    add_part(&text, cordon_error_hint(why));
    add_part(&text, cordon_error_subject(why));
    for (size_t i = 0; i < ERR_CAUSES_MAX && (cause = cordon_error_cause(why, i)); i++)
        add_part(&text, cause);
    return text.full ? err_nomem(err) : answer_end(fd, (uint32_t)cordon_error_code(why), 0, &text, err);
}

static int bad_answer(cordon_error **err)
{
    return err_set(err, CORDON_E_HOST_BUG, NULL, "the helper's answer is not well-formed");
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

static bool answer_is_sound(const struct wire_answer *a, uint64_t size)
{
    return a->magic == ANSWER_MAGIC && a->version == WIRE_VERSION && a->code < CORDON_ERRC_COUNT && a->body_len <= CODE_BODY_MAX &&
           a->text_len <= CODE_META_MAX && size == a->body_len + a->text_len + sizeof *a && !(a->code && a->body_len);
}

int wire_answer_read(int fd, char **ret_meta, uint64_t *ret_body_len, cordon_error **err)
{
    cleanup_free char *text = NULL;
    struct wire_answer answer;
    uint64_t size = 0;
    int r = wire_size(fd, &size, err);
    if (r < 0)
        return r;
    if (size < sizeof answer || size > WIRE_ANSWER_MAX)
        return bad_answer(err);
    if ((r = wire_pread(fd, &answer, sizeof answer, size - sizeof answer, err)) < 0)
        return r;
    if (!answer_is_sound(&answer, size))
        return bad_answer(err);
    size_t len = (size_t)answer.text_len;
    if (!(text = malloc(len + 1)))
        return err_nomem(err);
    if ((r = wire_pread(fd, text, len, answer.body_len, err)) < 0)
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
