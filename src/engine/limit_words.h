/* SPDX-License-Identifier: Apache-2.0
 * A limit that was hit, in words: used, limit, origin, and the flag that gives more. */
#pragma once
#include "engine/call.h"

/* Sets the outcome's message and hint. `happened` NULL: what running into that limit is called. */
void limit_say(struct cordon_outcome *o, const struct call_spec *spec, enum cordon_limit limit, const char *happened);
