/* SPDX-License-Identifier: Apache-2.0
 *
 * From exec of a command to the end of its output, for several commands in turns.
 *
 *     cold RUNS -- COMMAND [ARG]... [-- COMMAND [ARG]...]...
 */
#include "measure.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS_MAX = 8 };
extern char **environ;

/* Its output has to be what it was the first time: a command that fails is fast. */
struct command { char **argv; char expected[256]; size_t expected_len; uint64_t *samples; };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t run(char **argv, char *output, size_t size, size_t *ret_len)
{
    int out[2], status;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe2(out, O_CLOEXEC) < 0)
        fail("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    uint64_t start = now_ns(), answered = 0;
    if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ))
        fail(argv[0]);
    close(out[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(out[0], output + len, size - len)) > 0; len += (size_t)n)
        answered = now_ns();
    if (waitpid(pid, &status, 0) < 0 || status || !len) {
        fprintf(stderr, "%s ended with status %d and %zu bytes\n", argv[0], status, len);
        exit(1);
    }
    close(out[0]);
    posix_spawn_file_actions_destroy(&actions);
    *ret_len = len;
    return answered - start;
}

static void sample(struct command *c, size_t i)
{
    char output[sizeof c->expected];
    size_t len;
    c->samples[i] = run(c->argv, output, sizeof output, &len);
    if (len != c->expected_len || memcmp(output, c->expected, len)) {
        fprintf(stderr, "%s answered something else\n", c->argv[0]);
        exit(1);
    }
}

static size_t split(int argc, char **argv, struct command *commands)
{
    size_t n = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--"))
            continue;
        argv[i] = NULL;
        if (i + 1 < argc && n < COMMANDS_MAX)
            commands[n++].argv = argv + i + 1;
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct command commands[COMMANDS_MAX];
    size_t n = split(argc, argv, commands);
    if (argc < 4 || !n)
        return fputs("usage: cold RUNS -- COMMAND [ARG]... [-- COMMAND [ARG]...]...\n", stderr), 2;
    size_t runs = count_of(argv[1]);
    for (size_t c = 0; c < n; c++) {
        commands[c].samples = samples_of(runs);
        run(commands[c].argv, commands[c].expected, sizeof commands[c].expected, &commands[c].expected_len);
    }
    for (size_t i = 0; i < runs; i++)
        for (size_t c = 0; c < n; c++)
            sample(&commands[c], i);
    printf("{\"cold_ns\": [");
    for (size_t c = 0; c < n; c++)
        printf("%s%.1f", c ? ", " : "", percentile(commands[c].samples, runs, 50));
    printf("]}\n");
    return 0;
}
