/* SPDX-License-Identifier: Apache-2.0 */
#include "usage.h"

#include <stdio.h>
#include <string.h>

static void print_row(const struct command *c)
{
    printf("  %-12s%s\n", c->name, c->summary);
}

void usage_overview(void)
{
    const struct command *c;
    puts("Cordon runs WebAssembly skills nobody has reason to trust, each call in a sandbox of its own.\n");
    puts("usage: cordon COMMAND ...\n\nfirst");
    for (size_t i = 0; (c = command_nth(i)); i++)
        if (c->first)
            print_row(c);
    for (int g = 0; g < GROUP_COUNT; g++) {
        printf("\n%s\n", group_name((enum group)g));
        for (size_t i = 0; (c = command_nth(i)); i++)
            if (c->group == (enum group)g)
                print_row(c);
    }
    puts("\ncordon COMMAND --help says more, with an example; cordon help TOPIC: grants, limits, exit-codes, config, json.");
}

static void print_option(const struct option *o)
{
    char left[64], letter[] = {'-', o->letter, ',', '\0'};
    snprintf(left, sizeof left, "%-3s --%s%s%s", o->letter ? letter : "", o->name, o->value ? " " : "", o->value ? o->value : "");
    printf("  %-28s %s\n", left, o->help);
}

/* Each line of `text`, indented. */
static void print_lines(const char *text)
{
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        printf("  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

void usage_command(const struct command *c)
{
    static const struct option help = {'h', "help", NULL, "show this", NULL};
    printf("usage: cordon %s %s\n\n%c%s.\n", c->name, c->synopsis, c->summary[0] - 'a' + 'A', c->summary + 1);
    if (c->about)
        printf("\n%s\n", c->about);
    puts("\noptions");
    for (const struct option *o = c->options; o && o->name; o++)
        print_option(o);
    print_option(&help);
    puts("\nexample");
    print_lines(c->example);
}
