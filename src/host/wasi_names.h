/* SPDX-License-Identifier: Apache-2.0
 * The interfaces of WASI 0.2 that every component may import, and what importing them can lead to. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct wasi_name {
    const char *name;    /* without version: "wasi:cli/environment" */
    const char *asks;    /* the grant kind its use can ask for, or NULL */
    bool waits;          /* its functions may suspend, so calls need the timer runtime */
};
/* The row for an import's name with any 0.2.x version, or NULL. */
const struct wasi_name *wasi_name_find(const char *import, size_t len);
