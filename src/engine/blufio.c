/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/blufio.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_OUTPUT "Skill completed successfully (no output)"

static const char *const levels[] = {[LOG_TRACE] = "TRACE", [LOG_DEBUG] = "DEBUG", [LOG_INFO] = "INFO", [LOG_WARN] = "WARN", [LOG_ERROR] = "ERROR"};

struct host_str blufio_result(const struct cordon_outcome *o, const struct host_slot *slot, struct buf *room)
{
    buf_init(room, SIZE_MAX); /* of what is bounded: the log */
    if (slot->text[HOST_SLOT_RESULT].data)
        return slot->text[HOST_SLOT_RESULT];
    for (size_t i = 0; i < o->n_log; i++) {
        buf_addf(room, "%s[%s] ", i ? "\n" : "", levels[o->log[i].level]);
        buf_adds(room, o->log_text.data + o->log[i].start);
    }
    return o->n_log && !room->full ? (struct host_str){room->data, room->len} : (struct host_str){NO_OUTPUT, strlen(NO_OUTPUT)};
}

/* 5000 -> "5", 250 -> "0.25" */
static void seconds(uint64_t ms, char ret[32])
{
    int n = snprintf(ret, 32, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
    while (n > 1 && ret[n - 1] == '0')
        ret[--n] = '\0';
    if (ret[n - 1] == '.')
        ret[n - 1] = '\0';
}

static void reword(struct cordon_outcome *o, const struct call_spec *spec)
{
    cleanup_free char *said = take(o->message);
    const char *rest = said ? said : "no reason given";
    size_t name = strlen(spec->skill);
    char limit[32];
    if (!strncmp(rest, spec->skill, name) && rest[name] == ' ')
        rest += name + 1;
    seconds(spec->limits.value[CORDON_LIMIT_WALL_MS], limit);
    if (o->kind == CORDON_OUTCOME_OUT_OF_FUEL)
        outcome_say(o, "Skill '%s' exceeded fuel limit (%llu fuel units): it %s", spec->skill, (unsigned long long)spec->limits.value[CORDON_LIMIT_FUEL], rest);
    else if (o->kind == CORDON_OUTCOME_DEADLINE)
        outcome_say(o, "Skill '%s' exceeded wall-clock timeout (%ss): it %s", spec->skill, limit, rest);
    else
        outcome_say(o, "Skill '%s' execution error: it %s", spec->skill, rest);
}

void blufio_end(struct cordon_outcome *o, const struct call_spec *spec, const struct host_slot *slot)
{
    char text[128];
    bool keeps = o->kind == CORDON_OUTCOME_OK || o->kind == CORDON_OUTCOME_CANCELLED || o->kind == CORDON_OUTCOME_HOST_BUG;
    if (!keeps && !(o->message && !strncmp(o->message, "Skill '", 7)))
        reword(o, spec);
    if (!slot->ignored)
        return;
    int n = snprintf(text, sizeof text, "%llu calls gave what is no text in the memory, or no room in it, and were ignored", (unsigned long long)slot->ignored);
    outcome_log(o, LOG_WARN, text, n < 0 ? 0 : (size_t)n);
}
