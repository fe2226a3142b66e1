/* SPDX-License-Identifier: Apache-2.0
 * What a call of the blufio ABI ends in: its result, and the words its users know. */
#pragma once
#include "engine/call.h"

/* The result: what was set last, else the log's lines, else that there is none. `room` is initialized here, and holds it if it has to be made. */
struct host_str blufio_result(const struct cordon_outcome *o, const struct host_slot *slot, struct buf *room);
/* Puts the message of an outcome that is not ok into the format's words, and says what was ignored. */
void blufio_end(struct cordon_outcome *o, const struct call_spec *spec, const struct host_slot *slot);
