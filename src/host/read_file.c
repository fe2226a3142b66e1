/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file_op.h"
#include "host/fns.h"

static void read_now(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use)
{
    char *text;
    size_t len;
    if (file_op_read_text(op, root, rest, use, &text, &len) == 0)
        host_op_answer_text(op, text, len);
}

static void read_file(struct host_op *op) { file_op_begin(op, FILE_READ, "read", read_now); }

const struct host_fn host_read_file = {
    .name = "read-file",
    .type = "func(path: string) -> result<string, string>",
    .strings = 1,
    .capability = "read",
    .ask = ASK_READ,
    .legacy_name = "ReadFile",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Reads a text file.",
    .begin = read_file,
};
