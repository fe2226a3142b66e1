/* SPDX-License-Identifier: Apache-2.0 */
#include "host/wasi_names.h"

#include <string.h>

static const struct wasi_name names[] = {
    {"wasi:io/error", NULL, false},
    {"wasi:io/poll", NULL, true},
    {"wasi:io/streams", NULL, true},
    {"wasi:clocks/wall-clock", NULL, false},
    {"wasi:clocks/monotonic-clock", NULL, true},
    {"wasi:random/random", NULL, false},
    {"wasi:random/insecure", NULL, false},
    {"wasi:random/insecure-seed", NULL, false},
    {"wasi:cli/exit", NULL, false},
    {"wasi:cli/environment", NULL, false},
    {"wasi:cli/stdin", NULL, false},
    {"wasi:cli/stdout", NULL, false},
    {"wasi:cli/stderr", NULL, false},
    {"wasi:cli/terminal-input", NULL, false},
    {"wasi:cli/terminal-output", NULL, false},
    {"wasi:cli/terminal-stdin", NULL, false},
    {"wasi:cli/terminal-stdout", NULL, false},
    {"wasi:cli/terminal-stderr", NULL, false},
    {"wasi:filesystem/preopens", "read", false},
    {"wasi:filesystem/types", "read", false},
    {"wasi:sockets/instance-network", NULL, false},
    {"wasi:sockets/network", NULL, false},
    {"wasi:sockets/tcp", NULL, true},
    {"wasi:sockets/udp", NULL, true},
    {"wasi:sockets/tcp-create-socket", NULL, false},
    {"wasi:sockets/udp-create-socket", NULL, false},
    {"wasi:sockets/ip-name-lookup", NULL, false},
    {"wasi:http/types", "net", true},
    {"wasi:http/outgoing-handler", "net", true},
};

const struct wasi_name *wasi_name_find(const char *import, size_t len)
{
    const char *at = memchr(import, '@', len);
    size_t base = at ? (size_t)(at - import) : len;
    if (!at || len - base < 5 || memcmp(at, "@0.2.", 5))
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == base && !memcmp(names[i].name, import, base))
            return &names[i];
    return NULL;
}
