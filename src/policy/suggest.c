/* SPDX-License-Identifier: Apache-2.0
 *
 * The grant that would have allowed what was denied, for the operator to copy. What it is made of is a stranger's text: only what reads as a grant is suggested, in the
 * form the grammar prints it.
 */
#include "base/cleanup.h"
#include "policy/grant.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

/* The origin alone: a path would be one page's. */
static int net_text(const char *url, char *ret)
{
    const char *authority = strstr(url, "://");
    if (!authority)
        return -1;
    size_t len = (size_t)(authority - url) + 3 + strcspn(authority + 3, "/?#\\");
    return snprintf(ret, TEXT_MAX, "net=%.*s", (int)(len < TEXT_MAX ? len : TEXT_MAX), url);
}

/* A root is a folder: the one the file is in. */
static int file_text(const char *kind, const char *path, char *ret)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return -1;
    return snprintf(ret, TEXT_MAX, "%s=%.*s", kind, (int)(slash - path), path);
}

static int text_of(const char *capability, const char *wanted, char *ret)
{
    if (!strcmp(capability, "net"))
        return net_text(wanted, ret);
    if (!strcmp(capability, "read") || !strcmp(capability, "write"))
        return file_text(capability, wanted, ret);
    if (!strcmp(capability, "memory"))
        return snprintf(ret, TEXT_MAX, "memory");
    if (!strcmp(capability, "env") || !strcmp(capability, "secret") || !strcmp(capability, "call"))
        return snprintf(ret, TEXT_MAX, "%s=%s", capability, wanted);
    return -1;
}

bool grant_suggest(struct buf *b, const char *capability, const char *wanted)
{
    char text[TEXT_MAX];
    cleanup(grant_finish) struct grant g = {0};
    int n = text_of(capability, wanted, text);
    return n > 0 && n < TEXT_MAX && grant_parse(text, NULL, &g, NULL) == 0 && grant_print(b, &g) == 0;
}
