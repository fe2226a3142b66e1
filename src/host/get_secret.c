/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"
#include "host/op.h"

#include <stdlib.h>
#include <string.h>

/* A name with a NUL inside is no name: what stands before it must not be read in its place. */
static bool want_secret(const struct host_op *op, struct ask *ret)
{
    struct host_str name = host_op_arg(op, 0);
    *ret = (struct ask){.kind = ASK_SECRET, .name = name.data};
    return strlen(name.data) == name.len;
}

static void get_secret(struct host_op *op)
{
    const char *name = host_op_arg(op, 0).data;
    const struct secret *s = keyring_find(host_op_powers(op)->secrets, name);
    char *copy = s ? malloc(s->len + 1) : NULL;
    if (copy) {
        memcpy(copy, s->bytes, s->len + 1);
        host_op_answer_text(op, copy, s->len);
    } else {
        host_op_answer_err(op, "secret '%.128s' not found: %s", name, s ? "out of memory" : "it is granted, but nothing is kept under this name");
    }
}

const struct host_fn host_get_secret = {
    .name = "get-secret",
    .type = "func(name: string) -> result<string, string>",
    .strings = 1,
    .capability = "secret",
    .ask = ASK_SECRET,
    .legacy_name = "GetSecret",
    .denied = HOST_DENIED_ERR,
    .result = HOST_RETURNS_RESULT,
    .wanted_arg = 0,
    .doc = "Gives the skill a secret.",
    .begin = get_secret,
    .want = want_secret,
};
