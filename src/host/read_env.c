/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/op.h"

#include <string.h>

/* A name with a NUL inside is no name: what stands before it must not be read in its place. */
static bool want_env(const struct host_op *op, struct ask *ret)
{
    struct host_str name = host_op_arg(op, 0);
    *ret = (struct ask){.kind = ASK_ENV, .name = name.data};
    return strlen(name.data) == name.len;
}

static void read_env(struct host_op *op)
{
    const char *name = host_op_arg(op, 0).data, *value = powers_env(host_op_powers(op), name);
    char *copy = value ? strdup(value) : NULL;
    if (copy)
        host_op_answer_text(op, copy, strlen(copy));
    else
        host_op_answer_err(op, "env var '%.512s' not found: %s", name, value ? "out of memory" : "it is not set");
}

const struct host_fn host_read_env = {
    .name = "read-env",
    .type = "func(name: string) -> result<string, string>",
    .strings = 1,
    .capability = "env",
    .ask = ASK_ENV,
    .legacy_name = "ReadEnv",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Reads an environment variable.",
    .begin = read_env,
    .want = want_env,
};
