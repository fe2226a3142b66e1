/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file_op.h"
#include "host/fns.h"

static void read_now(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use)
{
    char *text;
    size_t len;
    if (file_op_read_text(op, root, rest, use, &text, &len) == 0)
        host_op_answer_number(op, (int32_t)len, text, len);
}

static void read_file(struct host_op *op) { file_op_begin(op, FILE_READ, "read", read_now); }

const struct host_fn blufio_read_file = {
    .name = "read-file",
    .type = "func(path: string) -> s32",
    .strings = 1,
    .capability = "read",
    .ask = ASK_READ,
    .denied = HOST_DENIED_TRAP,
    .result = HOST_RETURNS_NUMBER,
    .slot = HOST_SLOT_RESULT,
    .wanted_arg = 0,
    .doc = "Reads a text file, whose content becomes the result.",
    .begin = read_file,
};

static void write_now(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use)
{
    struct host_str content = host_op_arg(op, 1);
    cordon_error *err = NULL;
    if (file_write(root, rest, content.data, content.len, use, &err) < 0)
        file_op_fail(op, "write", err);
    else
        host_op_answer_number(op, 0, NULL, 0);
}

static void write_file(struct host_op *op) { file_op_begin(op, FILE_WRITE, "write", write_now); }

const struct host_fn blufio_write_file = {
    .name = "write-file",
    .type = "func(path: string, content: string) -> s32",
    .strings = 2,
    .capability = "write",
    .ask = ASK_WRITE,
    .denied = HOST_DENIED_TRAP,
    .result = HOST_RETURNS_NUMBER,
    .slot = HOST_SLOT_RESULT,
    .wanted_arg = 0,
    .doc = "Writes a text file.",
    .begin = write_file,
};
