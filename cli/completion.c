/* SPDX-License-Identifier: Apache-2.0
 * cordon completion: scripts for shells, made from the tables. */
#include "near.h"
#include "report.h"
#include <string.h>

static void for_each_option(const struct command *c, void (*fn)(const struct command *, const struct option *))
{
    for (const struct option *o = c->options; o && o->name; o++)
        fn(c, o);
}

/* " -x --name" */
static void word_option(const struct command *c, const struct option *o)
{
    (void)c;
    if (o->letter)
        printf(" -%c", o->letter);
    printf(" --%s", o->name);
}

static void word_actions(const struct command *c)
{
    for (const struct action *a = c->actions; a && a->name; a++)
        printf(" %s", a->name);
}

static void print_names(void)
{
    const struct command *c;
    for (size_t i = 0; (c = command_nth(i)); i++)
        printf("%s%s", i ? " " : "", c->name);
}

static void bash(void)
{
    const struct command *c;
    fputs("_cordon() {\n    local words=\"\"\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"", stdout);
    print_names();
    puts("\"\n    else\n        case \"${COMP_WORDS[1]}\" in");
    fputs("        help) words=\"grants limits exit-codes config json ", stdout);
    print_names();
    puts("\" ;;");
    for (size_t i = 0; (c = command_nth(i)); i++) {
        if (c == &command_help)
            continue;
        printf("        %s) words=\"-h --help", c->name);
        for_each_option(c, word_option);
        word_actions(c);
        puts("\" ;;");
    }
    puts("        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
         "complete -o default -F _cordon cordon");
}

static void zsh(void)
{
    const struct command *c;
    puts("#compdef cordon\n_cordon() {\n    if (( CURRENT == 2 )); then\n        local -a commands\n        commands=(");
    for (size_t i = 0; (c = command_nth(i)); i++)
        printf("            '%s:%s'\n", c->name, c->summary);
    puts("        )\n        _describe command commands\n        return\n    fi\n    case $words[2] in");
    for (size_t i = 0; (c = command_nth(i)); i++) {
        printf("    %s) compadd -- -h --help", c->name);
        for_each_option(c, word_option);
        word_actions(c);
        puts(" ;;");
    }
    puts("    esac\n    _files\n}\n_cordon \"$@\"");
}

static void fish_option(const struct command *c, const struct option *o)
{
    printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    printf("%s -d '%s'\n", o->value ? " -r" : "", o->help);
}

static void fish(void)
{
    const struct command *c;
    for (size_t i = 0; (c = command_nth(i)); i++) {
        printf("complete -c cordon -n __fish_use_subcommand -f -a %s -d '%s'\n", c->name, c->summary);
        for_each_option(c, fish_option);
        for (const struct action *a = c->actions; a && a->name; a++)
            printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -a %s\n", c->name, a->name);
    }
}

static int run(struct cli *cli)
{
    static const struct { const char *name; void (*print)(void); } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    struct near n;
    near_init(&n, cli->args.words[0]);
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(n.word, shells[i].name) == 0) {
            shells[i].print();
            return out_end(cli, 0);
        }
        near_offer(&n, shells[i].name);
    }
    cordon_error *err = NULL;
    cordon_error_set(&err, CORDON_E_USAGE, n.word, "The shells are bash, zsh and fish.", "there is no completion for %.100s%s%s%s", n.word,
                     n.best ? "; did you mean " : "", n.best ? n.best : "", n.best ? "?" : "");
    return report_error(cli, NULL, err);
}

const struct command command_completion = {
    .name = "completion",
    .group = GROUP_OTHER,
    .words_min = 1,
    .words_max = 1,
    .summary = "print a completion script for a shell",
    .synopsis = "bash|zsh|fish",
    .example = "cordon completion bash > ~/.local/share/bash-completion/completions/cordon",
    .run = run,
};
