/* SPDX-License-Identifier: Apache-2.0
 *
 * The runner of the unit tests: every suite of the list in meson.build, each test in a process of its own. Names given as arguments run those suites only.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Suite *make_suite(void);

/* SUITES is SUITE(a) SUITE(b) ..., given by the build. */
#define SUITE(name) make_suite suite_##name;
SUITES
#undef SUITE

static const struct {
    const char *name;
    make_suite *make;
} suites[] = {
#define SUITE(name) {#name, suite_##name},
    SUITES
#undef SUITE
};

static bool is_wanted(const char *name, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc < 2;
}

int main(int argc, char **argv) {
    SRunner *runner = NULL;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        if (!is_wanted(suites[i].name, argc, argv))
            continue;
        if (runner)
            srunner_add_suite(runner, suites[i].make());
        else
            runner = srunner_create(suites[i].make());
    }
    if (!runner) {
        fputs("no such suite\n", stderr);
        return EXIT_FAILURE;
    }
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
