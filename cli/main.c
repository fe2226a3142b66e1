/* SPDX-License-Identifier: Apache-2.0
 * The command: puts the process in order, finds the command, hands over. */
#include "near.h"
#include "private.h"
#include "report.h"
#include "usage.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of ours must never come to be descriptor 0, 1 or 2. What was closed stays unusable for what it is for. */
static void fill_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY) != fd)
            _exit(EXIT_IO);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

static void look_around(struct cli *cli)
{
    const char *term = getenv("TERM");
    cli->out_is_terminal = isatty(STDOUT_FILENO);
    cli->err_is_terminal = isatty(STDERR_FILENO);
    cli->colour = cli->err_is_terminal && !is_set("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

static int no_command(struct cli *cli, const char *word, int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli->json = cli->json || strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0;
    struct near n;
    near_init(&n, word);
    const struct command *c;
    for (size_t i = 0; (c = command_nth(i)); i++)
        near_offer(&n, c->name);
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_USAGE, word, "`cordon help` lists the commands.", "there is no command %.200s%s%s%s", word,
                     n.best ? "; did you mean " : "", n.best ? n.best : "", n.best ? "?" : "");
    return report_error(cli, NULL, err);
}

/* The words `--help` and `--version` where a command is expected. */
static const char *name_of(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version" : word;
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
    cordon_error *err = NULL;
    cli->command = command;
    int rc = options_parse(command, argc, argv, &cli->args, &err);
    cli->json = args_has(&cli->args, "json");
    cli->quiet = args_has(&cli->args, "quiet");
    cli->verbose = args_has(&cli->args, "verbose");
    if (rc < 0)
        return report_error(cli, NULL, err);
    if (!cli->args.help)
        return command->run(cli);
    usage_command(command);
    return out_end(cli, 0);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    fill_descriptors();
    private_begin();
    signal(SIGPIPE, SIG_IGN);
    look_around(&cli);
    if (argc < 2) {
        usage_overview();
        return out_end(&cli, 0);
    }
    const struct command *command = command_find(name_of(argv[1]));
    return command ? run_command(&cli, command, argc - 2, argv + 2) : no_command(&cli, argv[1], argc - 1, argv + 1);
}
