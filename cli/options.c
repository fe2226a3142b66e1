/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "command.h"
#include "near.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int find_letter(const struct option *options, char letter)
{
    for (int i = 0; options && options[i].name; i++)
        if (options[i].letter == letter)
            return i;
    return -1;
}

static int find_name(const struct option *options, const char *name, size_t len)
{
    for (int i = 0; options && options[i].name; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return i;
    return -1;
}

const char *args_value(const struct args *args, const char *name)
{
    int i = find_name(args->command->options, name, strlen(name));
    return i >= 0 ? args->value[i] : NULL;
}

bool args_has(const struct args *args, const char *name)
{
    return args_value(args, name);
}

/* Keeps the first error only. */
__attribute__((format(printf, 4, 5)))
static void usage(const struct args *args, cordon_error **first, const char *subject, const char *fmt, ...)
{
    if (*first)
        return;
    char text[2048], hint[128];
    snprintf(hint, sizeof hint, "`cordon %s --help` shows its options, with an example.", args->command->name);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cordon_error_set(first, CORDON_E_USAGE, subject, hint, "%s", text);
}

/* `name` is what was typed, without dashes and value. */
static void unknown(const struct args *args, const char *word, const char *name, size_t len, cordon_error **first)
{
    char typed[80];
    snprintf(typed, sizeof typed, "%.*s", len < sizeof typed ? (int)len : (int)sizeof typed - 1, name);
    struct near n;
    near_init(&n, typed);
    near_offer(&n, "help");
    for (const struct option *o = args->command->options; o && o->name; o++)
        near_offer(&n, o->name);
    if (args->command->discreet && n.best)
        usage(args, first, NULL, "there is no such option; did you mean --%s?", n.best);
    else if (args->command->discreet)
        usage(args, first, NULL, "one of the words that begin with a dash is no option of this command");
    else if (n.best)
        usage(args, first, word, "there is no option %.500s; did you mean --%s?", word, n.best);
    else if (word[1] != '-' && find_name(args->command->options, "input", 5) >= 0)
        usage(args, first, word, "there is no option %.500s; an input that begins with a dash is given with -i", word);
    else
        usage(args, first, word, "there is no option %.500s", word);
}

static void give(struct args *args, int i, const char *value, cordon_error **first)
{
    const struct option *o = &args->command->options[i];
    if (o->many && args->n_many == OPTIONS_MANY_MAX) {
        usage(args, first, o->name, "--%s is given too often (ceiling %d)", o->name, OPTIONS_MANY_MAX);
    } else if (o->many) {
        args->many[args->n_many].row = i;
        args->many[args->n_many++].value = value;
    } else if (o->value && args->value[i]) {
        usage(args, first, o->name, "--%s is given twice", o->name);
    }
    args->value[i] = value;
}

/* The value of option i is the next word. Returns how many words were used. */
static int give_next(struct args *args, int i, char **argv, int left, cordon_error **first)
{
    if (left < 2) {
        const struct option *o = &args->command->options[i];
        usage(args, first, o->name, "--%s needs a value: %s", o->name, o->value);
        return 1;
    }
    give(args, i, argv[1], first);
    return 2;
}

/* Both return how many words of argv were used: 1, or 2 with a value of its own. */
static int parse_long(struct args *args, char **argv, int left, cordon_error **first)
{
    const char *name = argv[0] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    if (strcmp(name, "help") == 0) {
        args->help = true;
        return 1;
    }
    int i = find_name(args->command->options, name, len);
    if (i < 0) {
        unknown(args, argv[0], name, len, first);
        return 1;
    }
    bool takes_value = args->command->options[i].value;
    if (takes_value && !equals)
        return give_next(args, i, argv, left, first);
    if (equals && !takes_value)
        usage(args, first, args->command->options[i].name, "--%s takes no value", args->command->options[i].name);
    give(args, i, equals ? equals + 1 : "", first);
    return 1;
}

static int parse_letters(struct args *args, char **argv, int left, cordon_error **first)
{
    for (const char *p = argv[0] + 1; *p; p++) {
        int i = find_letter(args->command->options, *p);
        if (i < 0 && *p == 'h') {
            args->help = true;
        } else if (i < 0) {
            unknown(args, argv[0], "", 0, first);
            return 1;
        } else if (!args->command->options[i].value) {
            give(args, i, "", first);
        } else if (p[1]) {
            give(args, i, p + 1, first);
            return 1;
        } else {
            return give_next(args, i, argv, left, first);
        }
    }
    return 1;
}

static void check_words(const struct command *command, const struct args *args, cordon_error **first)
{
    if (args->n_words < command->words_min)
        usage(args, first, NULL, "something is missing: cordon %s %s", command->name, command->synopsis);
    else if (args->n_words > command->words_max && !command->actions)
        usage(args, first, args->words[command->words_max], "%.500s is one word too many; a text with blanks is one word in quotes",
              args->words[command->words_max]);
}

int options_parse(const struct command *command, int argc, char **argv, struct args *ret, cordon_error **err)
{
    cordon_error *first = NULL;
    *ret = (struct args){.command = command, .words = argv};
    int i = 0;
    while (i < argc) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][0] != '-' || !argv[i][1]) {
            argv[ret->n_words++] = argv[i]; /* never before a word that is still to be read */
            i++;
        } else if (argv[i][1] == '-') {
            i += parse_long(ret, argv + i, argc - i, &first);
        } else {
            i += parse_letters(ret, argv + i, argc - i, &first);
        }
    }
    if (command->has_rest) {
        ret->rest = argv + i;
        ret->n_rest = argc - i;
    } else {
        while (i < argc)
            argv[ret->n_words++] = argv[i++];
    }
    if (!ret->help)
        check_words(command, ret, &first);
    if (!first || ret->help) { /* whoever asks for help gets it */
        cordon_error_free(first);
        return 0;
    }
    int code = -(int)cordon_error_code(first);
    if (err)
        *err = first;
    else
        cordon_error_free(first);
    return code;
}
