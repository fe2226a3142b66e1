/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/suffix.h"

#include <libpsl.h>
#include <string.h>

static const char *check_list(const char *name)
{
    const psl_ctx_t *list = psl_builtin();
    if (!list)
        return "libpsl has no public suffix list, so nothing can be granted beneath a name: write each host";
    if (psl_is_public_suffix2(list, name, PSL_TYPE_ANY))
        return "it would cover names of many owners: the host is a public suffix; write a name beneath it";
    return NULL;
}

const char *suffix_why_not_beneath(const struct host *h)
{
    if (h->kind != HOST_NAME)
        return "there are no names beneath an address";
    if (!strchr(h->text, '.'))
        return "it would cover names of many owners: the host is a single label; write a name beneath it";
    return check_list(h->text);
}
