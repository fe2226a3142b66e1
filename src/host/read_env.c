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

/* The same for the blufio ABI, which has no words for why there is none. */
static void env(struct host_op *op)
{
    const char *value = powers_env(host_op_powers(op), host_op_arg(op, 0).data);
    char *copy = value ? strdup(value) : NULL;
    if (copy)
        host_op_answer_number(op, (int32_t)strlen(copy), copy, strlen(copy));
    else
        host_op_answer_number(op, -1, NULL, 0);
}

const struct host_fn blufio_env = {
    .name = "env",
    .type = "func(key: string) -> s32",
    .strings = 1,
    .capability = "env",
    .ask = ASK_ENV,
    .denied = HOST_DENIED_MINUS_ONE,
    .result = HOST_RETURNS_NUMBER,
    .slot = HOST_SLOT_ENV,
    .wanted_arg = 0,
    .doc = "Reads an environment variable.",
    .begin = env,
    .want = want_env,
};
