/* SPDX-License-Identifier: Apache-2.0 */
#include "script/meter.h"
#include "base/clock.h"
#include "script/procs.h"

#define PERIOD_NS UINT64_C(100000000)
#define COST_SHARE 20   /* looking takes at most this part of the time: a machine may have many processes */

struct sum {
    pid_t group;
    uint64_t resident, own, tasks;
    bool exact;
};

static void add(void *data, const struct proc *p)
{
    struct sum *s = data;
    if (p->group != s->group || p->zombie)
        return;
    s->tasks += p->threads;
    s->resident += p->resident_bytes;
    if (s->exact)
        s->own += procs_own_bytes(p->pid, p->resident_bytes);
}

void meter_start(struct meter *m, pid_t group, const struct script_limits *limits)
{
    *m = (struct meter){
        .group = group, .memory_max = limits->memory_bytes, .tasks_max = limits->processes, .next_ns = clock_now_ns() + PERIOD_NS / 2};
}

bool meter_look(struct meter *m, enum script_end *ret)
{
    uint64_t before = clock_now_ns();
    if (before < m->next_ns)
        return true;
    struct sum s = {.group = m->group};
    procs_each(add, &s);
    /* Pages that several have mapped were counted for each: programs, libraries, what a fork has not touched. Only where that matters is it worth its price. */
    if (s.resident > m->memory_max) {
        s = (struct sum){.group = m->group, .exact = true};
        procs_each(add, &s);
    }
    uint64_t used = s.exact ? s.own : s.resident, now = clock_now_ns(), rest = (now - before) * COST_SHARE;
    m->next_ns = now + (rest > PERIOD_NS ? rest : PERIOD_NS);
    if (used > m->memory_peak)
        m->memory_peak = used;
    *ret = used > m->memory_max ? SCRIPT_OUT_OF_MEMORY : SCRIPT_OUT_OF_PROCESSES;
    return used <= m->memory_max && s.tasks <= m->tasks_max;
}
