/* SPDX-License-Identifier: Apache-2.0
 * What a group of processes takes up together. No kernel limit bounds that without a cgroup, so it is looked at, often. */
#pragma once
#include "script/script.h"

struct meter {
    pid_t group;
    uint64_t memory_max, memory_peak;
    unsigned tasks_max;
    uint64_t next_ns;   /* when to look again */
};

void meter_start(struct meter *m, pid_t group, const struct script_limits *limits);
/* Looks if it is time. False: more than it may; *ret is then SCRIPT_OUT_OF_MEMORY or SCRIPT_OUT_OF_PROCESSES. */
bool meter_look(struct meter *m, enum script_end *ret);
