/* SPDX-License-Identifier: Apache-2.0
 * A case of a project's tests: tests/one.toml, and behind a line `====` the answer beside it, tests/one.out. */
#include "fuzz.h"

#include "base/scratch.h"
#include <cordon/author.h>

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

static char *project;

static void remove_project(void) { scratch_remove(project); }

static void make_project(void)
{
    char path[512];
    if (project)
        return;
    HOLDS(scratch_make("cordon-fuzz", &project, NULL) == 0);
    atexit(remove_project);
    snprintf(path, sizeof path, "%s/tests", project);
    HOLDS(mkdir(path, 0700) == 0);
}

static void put(const char *name, const void *text, size_t len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/%s", project, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
}

/* Of one case: the name is the file's, and what it expects is one of the outcomes there are. */
static void check_case(const json_t *list)
{
    const json_t *one = json_array_get(list, 0);
    HOLDS(json_array_size(list) == 1 && json_is_object(one));
    HOLDS(!strcmp(json_string_value(json_object_get(one, "name")), "one"));
    HOLDS(json_string_length(json_object_get(one, "expect")) > 0);
    HOLDS(!json_object_get(one, "input") || !json_object_get(one, "args"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char line[] = "\n====\n";
    const uint8_t *end = size ? memmem(data, size, line, sizeof line - 1) : NULL;
    size_t len = end ? (size_t)(end - data) + 1 : size, skip = end ? len + sizeof line - 2 : size;
    char *json = NULL;
    cordon_error *err = NULL;
    make_project();
    put("one.toml", data, len);
    put("one.out", data + skip, size - skip);
    int rc = cordon_cases_read(project, &json, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_MANIFEST || rc == -CORDON_E_TOO_LARGE);
        fuzz_check_error(rc, err);
        return 0;
    }
    json_t *list = json_loads(json, JSON_ALLOW_NUL, NULL);
    check_case(list);
    json_decref(list);
    free(json);
    return 0;
}
