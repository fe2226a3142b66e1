/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fns.h"

const struct host_fn host_recall_memory = {
    .name = "recall-memory",
    .type = "func(query: string, limit: u32) -> list<string>",
    .strings = 1,
    .numbers = 1,
    .capability = "memory",
    .ask = ASK_MEMORY,
    .legacy_name = "RecallMemory",
    .denied = HOST_DENIED_EMPTY_LIST,
    .result = HOST_RETURNS_LIST,
    .wanted_arg = 0,
    .doc = "Finds what the bot remembers about a query.",
};
