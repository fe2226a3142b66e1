/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that end in every way there is, and what the process holds after some of them and after all.
 *
 *     mixed FIXTURES SOME ALL
 *
 * FIXTURES is tests/fixtures. Of 100 calls 2 run into their deadline (1 ms), 10 are cancelled while they run, and the rest answer, err, trap, run out of fuel
 * or are denied something, in equal parts. About half go through a worker; the deadlines do not, since a call that has not begun by then is the error busy.
 */
#include "host.h"
#include "measure.h"
#include "process.h"
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

enum way { ECHO, ERR, TRAP, FUEL, DENIED, DEADLINE, CANCELLED, WAYS };
enum { MOST = 64 };

static const struct { const char *file, *export, *input; enum cordon_outcome_kind kind; uint64_t fuel, wall_ms; } ways[WAYS] = {
    [ECHO] = {"echo.wat", NULL, "hello", CORDON_OUTCOME_OK, 0, 0},
    [ERR] = {"err.wat", NULL, "hello", CORDON_OUTCOME_ERR, 0, 0},
    [TRAP] = {"traps.wat", "unreachable", NULL, CORDON_OUTCOME_TRAP, 0, 0},
    [FUEL] = {"spin.wat", NULL, "hello", CORDON_OUTCOME_OUT_OF_FUEL, 10000, 0},
    [DENIED] = {"fetch.wat", NULL, "https://example.com/", CORDON_OUTCOME_ERR, 0, 0},
    [DEADLINE] = {"spin.wat", NULL, "hello", CORDON_OUTCOME_DEADLINE, 0, 1},
    [CANCELLED] = {"spin.wat", NULL, "hello", CORDON_OUTCOME_CANCELLED, 0, 0},
};

struct flight { enum way way; bool over; cordon_call *handle; };

static cordon_host *host;
static cordon_skill *skills[WAYS];
static cordon_request *requests[WAYS];

static void prepare(const char *folder)
{
    char path[PATH_MAX];
    cordon_error *err = NULL;
    host = host_open(2, 0);
    for (int w = 0; w < WAYS; w++) {
        snprintf(path, sizeof path, "%s/%s", folder, ways[w].file);
        must(cordon_skill_load(host, path, CORDON_TIER_UNTRUSTED, &skills[w], &err), &err);
        must(cordon_request_new(skills[w], ways[w].export, &requests[w], &err), &err);
        if (ways[w].input)
            must(cordon_request_set_input(requests[w], ways[w].input, strlen(ways[w].input), &err), &err);
        if (ways[w].fuel)
            must(cordon_request_set_limit(requests[w], CORDON_LIMIT_FUEL, ways[w].fuel, NULL, &err), &err);
        if (ways[w].wall_ms)
            must(cordon_request_set_limit(requests[w], CORDON_LIMIT_WALL_MS, ways[w].wall_ms, NULL, &err), &err);
    }
}

static void finish(void)
{
    for (int w = 0; w < WAYS; w++) {
        cordon_request_free(requests[w]);
        cordon_skill_free(skills[w]);
    }
    cordon_host_free(host);
}

static void check(enum way w, cordon_outcome *o)
{
    if (cordon_outcome_kind(o) != ways[w].kind) {
        fprintf(stderr, "%s ended with %s, not %s: %s\n", ways[w].file, cordon_outcome_name(cordon_outcome_kind(o)), cordon_outcome_name(ways[w].kind),
                cordon_outcome_message(o));
        exit(1);
    }
    cordon_outcome_free(o);
}

static void on_done(void *data, cordon_outcome *outcome, cordon_error *err)
{
    struct flight *f = data;
    must(err ? -1 : 0, &err);
    check(f->way, outcome);
    f->over = true;
}

static void run_here(enum way w)
{
    cordon_error *err = NULL;
    cordon_outcome *o = NULL;
    must(cordon_request_run(requests[w], &o, &err), &err);
    check(w, o);
}

static void start(struct flight *f, enum way w)
{
    cordon_error *err = NULL;
    *f = (struct flight){.way = w};
    must(cordon_request_start(requests[w], on_done, f, &f->handle, &err), &err);
}

static void wait_for(struct flight *f)
{
    struct pollfd ready = {.fd = cordon_host_fd(host), .events = POLLIN};
    while (!f->over) {
        poll(&ready, 1, -1);
        cordon_host_dispatch(host);
    }
    cordon_call_unref(f->handle);
}

static enum way way_of(size_t i)
{
    size_t n = i % 100;
    if (n < 2)
        return DEADLINE;
    return n < 12 ? CANCELLED : (enum way)(n % DEADLINE);
}

static void run_some(size_t from, size_t to)
{
    static struct flight flights[MOST];
    while (from < to) {
        size_t n = 0;
        for (; from < to && n < MOST; from++) {
            enum way w = way_of(from);
            if (w == DEADLINE || (w != CANCELLED && from % 2))
                run_here(w);
            else
                start(&flights[n++], w);
        }
        for (size_t i = 0; i < n; i++)
            if (flights[i].way == CANCELLED)
                cordon_call_cancel(flights[i].handle);
        for (size_t i = 0; i < n; i++)
            wait_for(&flights[i]);
    }
}

static void look(const char *when)
{
    printf("\"%s\": {\"kib\": %zu, \"descriptors\": %zu, \"threads\": %zu}", when, process_resident_kib(), process_descriptors(), process_threads());
}

int main(int argc, char **argv)
{
    cordon_error *err = NULL;
    if (argc != 4)
        return fputs("usage: mixed FIXTURES SOME ALL\n", stderr), 2;
    size_t some = count_of(argv[2]), all = count_of(argv[3]);
    prepare(argv[1]);
    run_some(0, some);
    must(cordon_host_quiesce(host, &err), &err);
    printf("{");
    look("early");
    run_some(some, all);
    must(cordon_host_quiesce(host, &err), &err);
    printf(", ");
    look("late");
    printf("}\n");
    finish();
    return 0;
}
