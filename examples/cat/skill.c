/* SPDX-License-Identifier: Apache-2.0
 *
 * cat: a program instead of a skill, main and all: the named arguments, then what comes in. It includes no bindings, so it is built into a command: input is
 * stdin, output is stdout, and the exit status decides whether it went well. */
#include <stdio.h>

static int copy(FILE *from, FILE *to)
{
    char block[4096];
    size_t n;

    while ((n = fread(block, 1, sizeof block, from)) > 0)
        if (fwrite(block, 1, n, to) != n)
            return -1;
    return ferror(from) ? -1 : 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (puts(argv[i]) < 0)
            return 1;
    return copy(stdin, stdout) == 0 && fflush(stdout) == 0 ? 0 : 1;
}
