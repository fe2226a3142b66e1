/* SPDX-License-Identifier: Apache-2.0
 * What read-file and write-file share: where a path leads, whether that is granted, and a thread that may block. */
#pragma once
#include "files/files.h"
#include "host/op.h"

/* The work, on a thread of the pool. `op` is answered by it. */
typedef void file_work(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use);

/* Begins `op`, whose first argument is a path, wanted for `access` (one of enum file_access): answers it, or has `work` answer it. `verb` is for messages. */
void file_op_begin(struct host_op *op, enum file_access access, const char *verb, file_work *work);
/* "failed to VERB file 'PATH': WHY", with the path as the guest gave it. Takes `why`. */
void file_op_fail(struct host_op *op, const char *verb, cordon_error *why);
/* For read-file's work: the whole file, which has to be text. 0: *ret is the caller's; else `op` has been answered with the failure. */
int file_op_read_text(struct host_op *op, const struct file_root *root, const char *rest, struct file_use *use, char **ret, size_t *ret_len);
