/* SPDX-License-Identifier: Apache-2.0
 *
 * Invocation ids: UUIDs of version 7 (RFC 9562), without a system call each. The random bits are a keyed hash of a counter, so ids of one
 * source neither repeat nor tell anything of the next one.
 *
 * A process that forked must init its source anew, or parent and child give the same ids.
 */
#pragma once
#include <cordon/error.h>
#include <stdatomic.h>
#include <stdint.h>

enum { ID_TEXT = 37 }; /* with the NUL */

struct id_source {
    unsigned char key[16];
    _Atomic uint64_t counter;
};

int id_source_init(struct id_source *s, cordon_error **err);
/* Any thread. `unix_ms` is the wall clock; its lower 48 bits are used. */
void id_next(struct id_source *s, uint64_t unix_ms, char out[ID_TEXT]);
