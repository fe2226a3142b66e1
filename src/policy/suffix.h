/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/host.h"

/* May a rule cover everything beneath this name? Not beneath a single label or a public suffix (com, co.uk, github.io), where each name is somebody
 * else's. Returns NULL, or a static phrase that says why not. Where libpsl or its list is missing every name is refused. */
const char *suffix_why_not_beneath(const struct host *h);
/* The same name, or two names of one owner: beneath the same name that was registered (auth.example.co.uk and registry.example.co.uk). Where libpsl or its list is missing: the
 * same name alone. */
bool suffix_same_owner(const struct host *a, const struct host *b);
