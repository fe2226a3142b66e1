/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/address.h"

/* Is it one of this machine's own addresses, as of now? When that cannot be told it is. */
bool own_address(const struct address *a);
