/* SPDX-License-Identifier: Apache-2.0 */
#include "host/file_op.h"
#include "host/fns.h"

static void write_now(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use)
{
    struct host_str content = host_op_arg(op, 1);
    cordon_error *err = NULL;
    if (file_write(root, rest, content.data, content.len, use, &err) < 0)
        file_op_fail(op, "write", err);
    else
        host_op_answer_nothing(op);
}

static void write_file(struct host_op *op) { file_op_begin(op, FILE_WRITE, "write", write_now); }

const struct host_fn host_write_file = {
    .name = "write-file",
    .type = "func(path: string, content: string) -> result<_, string>",
    .strings = 2,
    .capability = "write",
    .ask = ASK_WRITE,
    .legacy_name = "WriteFile",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Writes a text file.",
    .begin = write_file,
};
