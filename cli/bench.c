/* SPDX-License-Identifier: Apache-2.0
 * cordon bench: how long, how much fuel and memory a skill takes with this input, and which limits would fit it. */
#include "begin.h"
#include "cleanup.h"
#include "report.h"
#include "round.h"
#include "session.h"
#include <errno.h>
#include <string.h>
#include <time.h>

enum { BENCH_COUNT = PLAN_OPTIONS, BENCH_JSON, BENCH_OPTIONS };
enum { CALLS_DEFAULT = 1000, CALLS_MAX = 1000000, SECONDS_DEFAULT = 5, MARGIN = 4, ADVISED_MS_MIN = 200 };

static const struct option options[] = {
    PLAN_OPTION_ROWS,
    [BENCH_COUNT] = {'n', "calls", "N", "how many calls (default: 1000, or as many as 5 s allow)"},
    [BENCH_JSON] = OPTION_JSON,
    [BENCH_OPTIONS] = OPTION_END,
};

struct figures {
    uint64_t load_ns;
    size_t n;             /* calls made */
    uint64_t *wall_ns;    /* owned; sorted at the end */
    uint64_t fuel_min, fuel_max, memory_max;
    size_t errs;          /* calls that ended in an err of the skill's own */
};

static void figures_finish(struct figures *f)
{
    free(f->wall_ns);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int read_count(const char *text, size_t *ret, cordon_error **err)
{
    *ret = CALLS_DEFAULT;
    if (!text)
        return 0;
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || n < 1 || n > CALLS_MAX)
        return cordon_error_set(err, CORDON_E_USAGE, "calls", NULL, "-n takes a whole number from 1 to %d, not %.50s", CALLS_MAX, text);
    *ret = n;
    return 0;
}

static void count_in(struct figures *f, const cordon_outcome *o, uint64_t wall_ns)
{
    uint64_t fuel = cordon_outcome_usage(o, CORDON_USAGE_FUEL), memory = cordon_outcome_usage(o, CORDON_USAGE_MEMORY_PEAK_BYTES);
    if (!f->n || fuel < f->fuel_min)
        f->fuel_min = fuel;
    if (fuel > f->fuel_max)
        f->fuel_max = fuel;
    if (memory > f->memory_max)
        f->memory_max = memory;
    f->errs += cordon_outcome_kind(o) == CORDON_OUTCOME_ERR;
    f->wall_ns[f->n++] = wall_ns;
}

/* Until `calls` are made or the time is over. A call that does not end by its own answer ends it all, and is told about: *ret_bad. */
static int measure(cordon_request *req, size_t calls, uint64_t max_ns, struct figures *f, cordon_outcome **ret_bad, cordon_error **err)
{
    uint64_t begin = now_ns();
    while (f->n < calls && (!f->n || now_ns() - begin < max_ns)) {
        cleanup_outcome cordon_outcome *outcome = NULL;
        uint64_t start = now_ns();
        int rc = cordon_request_run(req, &outcome, err);
        uint64_t wall = now_ns() - start;
        if (rc < 0)
            return rc;
        enum cordon_outcome_kind kind = cordon_outcome_kind(outcome);
        if (kind != CORDON_OUTCOME_OK && kind != CORDON_OUTCOME_ERR) {
            *ret_bad = take(outcome);
            return 0;
        }
        count_in(f, outcome, wall);
    }
    return 0;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of sorted values: the smallest that `percent` of them do not exceed. */
static double percentile_us(const struct figures *f, unsigned percent)
{
    size_t i = (f->n * percent + 99) / 100;
    uint64_t tenths = f->wall_ns[i ? i - 1 : 0] / 100;
    return (double)tenths / 10;
}

struct advice { char fuel[32], memory[32], time[32]; };

/* A flag that may not be given would be no advice. */
static uint64_t within_bound(const cordon_host_opts *opts, enum cordon_tier tier, enum cordon_limit limit, uint64_t value)
{
    uint64_t max = (cordon_host_opts_flags(opts) ? cordon_host_opts_ceiling : cordon_host_opts_default)(opts, tier, limit);
    return value < max ? value : max;
}

/* MARGIN times the most that was seen, rounded up; no less time than a busy machine may take to get to a call at all. */
static void advise(const struct figures *f, const cordon_host_opts *opts, enum cordon_tier tier, struct advice *ret)
{
    uint64_t ms = f->wall_ns[f->n - 1] / 1000000 + 1;
    round_count(within_bound(opts, tier, CORDON_LIMIT_FUEL, round_up_125(f->fuel_max * MARGIN, 1000)), ret->fuel, sizeof ret->fuel);
    round_size(within_bound(opts, tier, CORDON_LIMIT_MEMORY_BYTES, round_up_2(f->memory_max * MARGIN, 1 << 20)), ret->memory, sizeof ret->memory);
    round_time(within_bound(opts, tier, CORDON_LIMIT_WALL_MS, round_up_125(ms * MARGIN, ADVISED_MS_MIN)), ret->time, sizeof ret->time);
}

static int print_json(const struct cli *cli, const char *name, const char *export_name, const struct figures *f, const struct advice *a)
{
    uint64_t load_us = f->load_ns / 1000;
    cleanup_json json_t *object = json_pack(
        "{ss ss sI sI sf s{sf sf sf sf} s{sI sI} sI s{ss ss ss}}", "skill", name, "export", export_name, "calls", (json_int_t)f->n, "errs",
        (json_int_t)f->errs, "load_ms", (double)load_us / 1e3, "wall_us", "p50", percentile_us(f, 50), "p90", percentile_us(f, 90), "p99",
        percentile_us(f, 99), "max", percentile_us(f, 100), "fuel", "min", (json_int_t)f->fuel_min, "max", (json_int_t)f->fuel_max,
        "memory_peak_bytes", (json_int_t)f->memory_max, "suggested", "fuel", a->fuel, "memory", a->memory, "timeout", a->time);
    return out_object(cli, object);
}

static int print_text(const struct cli *cli, const char *name, const char *export_name, const struct figures *f, const struct advice *a)
{
    char fuel[48], fuel_min[48], memory[48];
    cordon_limit_format(CORDON_LIMIT_FUEL, f->fuel_min, fuel_min, sizeof fuel_min);
    cordon_limit_format(CORDON_LIMIT_FUEL, f->fuel_max, fuel, sizeof fuel);
    cordon_limit_format(CORDON_LIMIT_MEMORY_BYTES, f->memory_max, memory, sizeof memory);
    print_guest(stdout, name, 128);
    fputs("  ", stdout);
    print_guest(stdout, export_name, 256);
    printf(", %zu calls, a fresh sandbox each\n", f->n);
    if (f->errs)
        printf("note      %zu of them returned an error of the skill's own\n", f->errs);
    printf("load      %.2f ms, once\n", (double)f->load_ns / 1e6);
    printf("time      p50 %.1f us, p90 %.1f us, p99 %.1f us, most %.1f us\n", percentile_us(f, 50), percentile_us(f, 90), percentile_us(f, 99),
           percentile_us(f, 100));
    printf("fuel      %s to %s\n", fuel_min, fuel);
    printf("memory    %s at most\n", memory);
    printf("\nlimits that fit (%d times the most seen, rounded up):  --fuel %s -m %s -t %s\n", MARGIN, a->fuel, a->memory, a->time);
    return out_end(cli, 0);
}

static int bench_loaded(const struct cli *cli, const struct plan *plan, const struct session *s, const char *name, size_t calls, struct figures *f)
{
    cordon_error *err = NULL;
    cleanup_request cordon_request *req = NULL;
    cleanup_outcome cordon_outcome *bad = NULL;
    uint64_t seconds = cli->args.value[BENCH_COUNT] ? 3600 : SECONDS_DEFAULT;
    if (plan_request(plan, s->skill, &req, &err) < 0 || measure(req, calls, seconds * 1000000000u, f, &bad, &err) < 0)
        return report_error(cli, name, err);
    const char *level, *message;
    for (size_t i = 0; bad && !cli->json && cordon_outcome_log(bad, i, &level, &message); i++)
        report_log_line(cli, name, level, message);
    if (bad)
        return report_outcome(cli, name, bad);
    qsort(f->wall_ns, f->n, sizeof *f->wall_ns, by_size);
    struct advice advice;
    advise(f, s->opts, plan->tier, &advice);
    return (cli->json ? print_json : print_text)(cli, name, cordon_request_export(req), f, &advice);
}

static int check_skill(const struct session *s, const char *name, cordon_error **err)
{
    return s->skill ? 0 : cordon_error_set(err, CORDON_E_USAGE, name, NULL, "%s is a local script, and only WebAssembly is measured", name);
}

static int run(struct cli *cli)
{
    cordon_error *err = NULL;
    size_t calls;
    cleanup(plan_finish) struct plan plan = {0};
    cleanup(target_finish) struct target target = {0};
    cleanup(session_finish) struct session session = {0};
    cleanup(figures_finish) struct figures f = {0};
    if (read_count(cli->args.value[BENCH_COUNT], &calls, &err) < 0)
        return report_error(cli, cli->args.words[0], err);
    if (session_begin(cli, &session, &err) < 0 || begin_call(cli, &target, &plan, &session, &err) < 0 || check_skill(&session, target.name, &err) < 0)
        return report_error(cli, target.name[0] ? target.name : cli->args.words[0], err);
    f.load_ns = session.load_ns;
    f.wall_ns = calloc(calls, sizeof *f.wall_ns);
    if (!f.wall_ns) {
        cordon_error_set(&err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
        return report_error(cli, target.name, err);
    }
    return bench_loaded(cli, &plan, &session, target.name, calls, &f);
}

const struct command command_bench = {
    .name = "bench",
    .group = GROUP_OPERATE,
    .has_rest = true,
    .words_min = 1,
    .words_max = 2,
    .summary = "measure a skill and suggest limits for it",
    .synopsis = "TARGET [INPUT | @FILE | -] [OPTION]... [-- ARG...]",
    .about = "Loads the skill once and calls it many times, each time in a fresh sandbox: time (p50, p90, p99), fuel, memory.\n"
             "A call that traps or hits a limit ends the measurement and is told about as by `cordon run`.",
    .options = options,
    .example = "cordon bench ./hello.wasm \"some text\" -n 10000",
    .run = run,
};
