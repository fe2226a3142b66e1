/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program of ours answers: one memory file, made by its parent, written by it, sealed by the parent after it ended. Both are of one build, so numbers
 * are in the machine's own order.
 *
 *     body | text | struct answer
 *
 * The body comes first, so that the descriptor can be handed on as a file that begins with it. The text of an error is message, hint, subject and causes, each
 * ended by a NUL.
 *
 * The parent believes nothing in an answer but its form: a stranger's bytes may have taken the program over.
 */
#pragma once
#include "base/buf.h"
#include <cordon/error.h>
#include <stdint.h>

enum { ANSWER_TEXT_MAX = 4 << 20, ANSWER_BODY_MAX = 512 << 20 };

struct answer {
    uint64_t magic;
    uint32_t version, code;   /* 0, or an enum cordon_errc */
    uint64_t body_len;
    uint64_t text_len;
};

/* Largest file an answer can be. */
#define ANSWER_FILE_MAX ((uint64_t)ANSWER_BODY_MAX + ANSWER_TEXT_MAX + sizeof(struct answer))

int answer_write(int fd, const struct buf *text, const struct buf *body, cordon_error **err);
int answer_write_error(int fd, const cordon_error *why, cordon_error **err);
/* Reads an answer from its sealed file. An error in it becomes *err and the return value. */
int answer_read(int fd, char **ret_text, uint64_t *ret_body_len, cordon_error **err);
