/* SPDX-License-Identifier: Apache-2.0
 *
 * What locking a process in costs, each time in a fresh child. */
#include "child/landlock.h"
#include "code/lockdown_parts.h"
#include "measure.h"
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 101, PARTS = 2 };

static void child(int out)
{
    uint64_t at[PARTS + 1], spent[PARTS];
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    at[0] = now_ns();
    int landlock = landlock_enter(landlock_abi(), &(struct landlock_rules){0}, NULL);
    at[1] = now_ns();
    int seccomp = lockdown_seccomp(LOCKDOWN_RUN, 0, NULL);
    at[2] = now_ns();
    for (int i = 0; i < PARTS; i++)
        spent[i] = at[i + 1] - at[i];
    _exit(landlock < 0 || seccomp < 0 || write(out, spent, sizeof spent) != sizeof spent);
}

int main(void)
{
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
    printf("{\"landlock_ns\": %.1f, \"seccomp_ns\": %.1f}\n", percentile(spent[0], RUNS, 50), percentile(spent[1], RUNS, 50));
    return 0;
}
