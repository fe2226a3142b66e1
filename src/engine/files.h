/* SPDX-License-Identifier: Apache-2.0
 *
 * What WASI's files need of C: the granted folders of a call, each step beneath them, and a thread that may block. The interfaces themselves are in engine/src/files.rs.
 * Counted: work that outlives its call holds it.
 */
#pragma once
#include "engine/shim.h"
#include "host/effects.h"
#include "host/powers.h"

struct wasi_files;
/* NULL without memory. Takes references of its own; `powers` has folders and a share of the pool. No step is done before `effects` (NULL: no audit is kept) let it. */
struct wasi_files *wasi_files_new(struct powers *powers, struct file_use *use, struct effects *effects);
void wasi_files_unref(struct wasi_files *f); /* NULL allowed */
/* Lives as long as `f`; NULL for NULL. */
const struct shim_files *wasi_files_shim(const struct wasi_files *f);
