/* SPDX-License-Identifier: Apache-2.0
 * Nobody looks into this process, and nothing of its memory is written to a disk: it may hold secrets. */
#pragma once

/* No core file, and no other process of this user attaches. Before anything else is done. */
void private_begin(void);
