/* SPDX-License-Identifier: Apache-2.0
 *
 * Every fuzz target once over its corpus, without a fuzzer: a test for each target, so that none of them rots and nothing that was once found comes back. Names given as
 * arguments run those targets only, and say each file before it is run.
 */
#include "fuzz.h"

#include <check.h>
#include <dirent.h>

typedef int target_fn(const uint8_t *, size_t);

/* TARGETS is TARGET(a) TARGET(b) ..., given by the build, which compiles LLVMFuzzerTestOneInput of a.c as fuzz_a. */
#define TARGET(name) target_fn fuzz_##name;
TARGETS
#undef TARGET

static const struct {
    const char *name;
    target_fn *run;
} targets[] = {
#define TARGET(name) {#name, fuzz_##name},
    TARGETS
#undef TARGET
};

static bool says_files;

static void run_file(target_fn *run, const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file, "cannot open %s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(len ? len : 1);
    ck_assert_uint_eq(fread(data, 1, len, file), len);
    fclose(file);
    run(data, len);
    free(data);
}

START_TEST(corpus_keeps_the_promises)
{
    char path[512];
    unsigned files = 0;
    int n = snprintf(path, sizeof path, CORPUS "/%s", targets[_i].name);
    DIR *dir = opendir(path);
    ck_assert_msg(dir, "no corpus: %s", path);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path + n, sizeof path - (size_t)n, "/%s", e->d_name);
        if (says_files)
            fprintf(stderr, "%s\n", path + sizeof CORPUS);
        run_file(targets[_i].run, path);
        files++;
    }
    closedir(dir);
    ck_assert_uint_gt(files, 0);
}
END_TEST

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("fuzz");
    says_files = argc > 1;
    for (int i = 0; i < (int)(sizeof targets / sizeof *targets); i++) {
        if (!is_wanted(targets[i].name, argc, argv))
            continue;
        TCase *one = tcase_create(targets[i].name);
        tcase_set_timeout(one, 60);
        tcase_add_loop_test(one, corpus_keeps_the_promises, i, i + 1);
        suite_add_tcase(suite, one);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
