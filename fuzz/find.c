/* SPDX-License-Identifier: Apache-2.0
 *
 * Which export a name means. The first line is the name (none: only a newline); each later line is an export, by its first letter: c can be called, x cannot, r is a command,
 * s is the skill world's.
 */
#include "fuzz.h"

#include "engine/component.h"

enum { EXPORTS_MAX = 64 };

/* "add" or "add#add" of "docs:adder/add@0.1.0#add": what is found ends in the function that was asked for. */
static void check_found(const struct component *c, const char *name, const char *full)
{
    const char *hash = strchr(full, '#'), *asked = strchr(name, '#');
    if (strcmp(full, name) == 0)
        return;
    HOLDS(hash && strcmp(hash + 1, asked ? asked + 1 : name) == 0);
    for (size_t i = 0; i < c->n_exports; i++)
        HOLDS(strcmp(c->exports[i].func.name, name) != 0); /* a whole name goes before any part */
    if (asked && asked > name) {
        char *part = strndup(name, (size_t)(asked - name));
        const char *at = strstr(full, part);
        HOLDS(at && at < hash);
        free(part);
    }
}

static void check_find(const struct component *c, const char *name)
{
    const struct component_export *found = NULL;
    cordon_error *err = NULL;
    int rc = component_find(c, name, &found, &err);
    if (rc < 0) {
        HOLDS(!found && (rc == -CORDON_E_NO_SUCH_EXPORT || rc == -CORDON_E_NOT_CALLABLE));
        fuzz_check_error(rc, err);
        return;
    }
    HOLDS(found >= c->exports && found < c->exports + c->n_exports && !found->why_not);
    if (name)
        check_found(c, name, found->func.name);
}

static void add_export(struct component *c, const char *line)
{
    struct component_export *ex = &c->exports[c->n_exports++];
    const char *name = line + (*line ? 1 : 0);
    ex->func.name = strndup(name, 2 * WIT_NAME_MAX + 1);
    ex->why_not = *line == 'x' ? strdup("it is an asynchronous function") : NULL;
    ex->is_command = *line == 'r';
    c->is_skill_world |= *line == 's';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    struct component c = {.exports = calloc(EXPORTS_MAX, sizeof *c.exports)};
    char *name = feed_line(&f, NULL);
    while (f.left && c.n_exports < EXPORTS_MAX) {
        char *line = feed_line(&f, NULL);
        add_export(&c, line);
        free(line);
    }
    check_find(&c, *name ? name : NULL);
    for (size_t i = 0; i < c.n_exports; i++)
        check_find(&c, c.exports[i].func.name);
    for (size_t i = 0; i < c.n_exports; i++) {
        wit_func_finish(&c.exports[i].func);
        free(c.exports[i].why_not);
    }
    free(c.exports);
    free(name);
    return 0;
}
