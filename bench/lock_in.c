/* SPDX-License-Identifier: Apache-2.0
 *
 * What locking a process in costs, each time in a fresh child:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc bench/lock_in.c src/code/lockdown*.c src/base/[!i]*.c -lseccomp -o /tmp/lock_in && /tmp/lock_in
 */
#include "base/clock.h"
#include "code/lockdown_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 101, PARTS = 2 };

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void child(int out)
{
    uint64_t at[PARTS + 1], spent[PARTS];
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    at[0] = clock_now_ns();
    int landlock = lockdown_landlock(NULL);
    at[1] = clock_now_ns();
    int seccomp = lockdown_seccomp(LOCKDOWN_RUN, NULL);
    at[2] = clock_now_ns();
    for (int i = 0; i < PARTS; i++)
        spent[i] = at[i + 1] - at[i];
    _exit(landlock < 0 || seccomp < 0 || write(out, spent, sizeof spent) != sizeof spent);
}

int main(void)
{
    static const char *const names[PARTS] = {"Landlock", "seccomp"};
    static uint64_t spent[PARTS][RUNS];
    for (int n = 0; n < RUNS; n++) {
        uint64_t one[PARTS];
        int p[2];
        if (pipe(p) < 0)
            return 1;
        if (!fork())
            child(p[1]);
        if (read(p[0], one, sizeof one) != sizeof one || wait(NULL) < 0)
            return 1;
        close(p[0]);
        close(p[1]);
        for (int i = 0; i < PARTS; i++)
            spent[i][n] = one[i];
    }
    for (int i = 0; i < PARTS; i++) {
        qsort(spent[i], RUNS, sizeof spent[i][0], by_value);
        printf("%-8s median %5.0f us, least %5.0f us\n", names[i], (double)spent[i][RUNS / 2] / 1e3, (double)spent[i][0] / 1e3);
    }
    return 0;
}
