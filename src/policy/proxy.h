/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/host.h"
#include <stdint.h>

/* http://HOST or http://HOST:PORT, without user name. NULL, or a static phrase that says what it must be. */
const char *proxy_parse(const char *text, struct host *ret_host, uint16_t *ret_port);
