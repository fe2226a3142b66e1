/* SPDX-License-Identifier: Apache-2.0
 *
 * Each source becomes an object, then all are linked. Two steps, because clang runs whatever wasm-opt it finds after linking with -O; without it, the same
 * sources give the same bytes on every machine with this clang and wasi-libc. For the same reason no path of a folder gets into the code.
 */
#include "author/compile.h"
#include "author/blufio_header.h"
#include "author/cordon_skill_header.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"

#include <errno.h>
#include <string.h>

enum { TEXT_MAX = 4096 };
#define BLUFIO_HEADER "blufio.h"
#define SKILL_HEADER "cordon-skill.h"

struct job {
    const struct toolchain *tools;
    const struct sources *sources;
    const struct bindings *bindings;
};

struct includes { bool bindings, blufio; };

/* ---- compiling ---- */

static int compile_file(const struct job *j, const char *source, const char *warnings, const char *object, const char *needs, cordon_error **err)
{
    char here[TEXT_MAX], there[TEXT_MAX], what[TEXT_MAX];
    int a = snprintf(here, sizeof here, "-ffile-prefix-map=%s/=", j->sources->dir);
    int b = snprintf(there, sizeof there, "-ffile-prefix-map=%s/=", j->tools->build->scratch);
    int c = snprintf(what, sizeof what, "cannot compile %s", source);
    if (a >= TEXT_MAX || b >= TEXT_MAX || c >= TEXT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "a path is longer than %d bytes", TEXT_MAX);
    const char *argv[] = {NULL, TOOLCHAIN_TARGET, "-std=gnu17", "-Os", "-Wall", "-Wextra", warnings, here, there, "-fno-crash-diagnostics",
                          "-I", j->tools->build->scratch, "-MMD", "-MF", needs, "-c", source, "-o", object, NULL};
    return toolchain_run(j->tools, argv, what, err);
}

/* SCRATCH/N.o: sources may share a name with the bindings. */
static int name_in(const struct job *j, size_t n, const char *end, char **ret, cordon_error **err)
{
    if (asprintf(ret, "%s/%zu.%s", j->tools->build->scratch, n, end) >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

/* What a file was made from, as make wants it: `header` is in there as a whole name at the end of a path. */
static int file_names(const char *path, const char *header, bool *ret, cordon_error **err)
{
    cleanup_file FILE *f = fopen(path, "re");
    cleanup_free char *line = NULL;
    size_t cap = 0, len = strlen(header);
    if (!f)
        return err_errno(err, errno, "read", path);
    while (getline(&line, &cap, f) >= 0)
        for (const char *at = line; (at = strstr(at, header)); at += len)
            *ret |= at > line && at[-1] == '/' && strchr(" \n", at[len]);
    return 0;
}

static int compile_source(const struct job *j, size_t n, struct includes *includes, cordon_error **err)
{
    cleanup_free char *object = NULL, *needs = NULL;
    int rc = name_in(j, n, "o", &object, err);
    if (rc < 0 || (rc = name_in(j, n, "d", &needs, err)) < 0)
        return rc;
    rc = compile_file(j, j->sources->paths[n], "-Wall", object, needs, err);
    if (rc < 0 || (rc = file_names(needs, j->bindings->header, &includes->bindings, err)) < 0)
        return rc;
    return file_names(needs, BLUFIO_HEADER, &includes->blufio, err);
}

/* All of them, even if one fails: its author sees every message at once. The error is the first one's. */
static int compile_sources(const struct job *j, struct includes *includes, cordon_error **err)
{
    int first = 0;
    for (size_t n = 0; n < j->sources->n; n++) {
        int rc = compile_source(j, n, includes, first ? NULL : err);
        if (rc < 0 && !first)
            first = rc;
        if (rc < 0 && (rc != -CORDON_E_BUILD_FAILED))
            break;
    }
    return first;
}

/* Nobody but us can mend what the generated source is warned of. */
static int compile_bindings(const struct job *j, cordon_error **err)
{
    cleanup_free char *source = NULL, *object = NULL, *needs = NULL;
    int rc = asprintf(&source, "%s/%s", j->tools->build->scratch, j->bindings->source);
    if (rc < 0) {
        source = NULL;
        return err_nomem(err);
    }
    if ((rc = name_in(j, j->sources->n, "o", &object, err)) < 0 || (rc = name_in(j, j->sources->n, "d", &needs, err)) < 0)
        return rc;
    return compile_file(j, source, "-w", object, needs, err);
}

/* ---- linking ---- */

#define LINK_LIBRARY "-mexec-model=reactor"
#define LINK_PROGRAM "-mexec-model=command"
#define LINK_NO_EXPORTS "-Wl,--no-export-dynamic"   /* but those that the sources name: what the linker does anyhow */

static void free_all(const char ***objects)
{
    for (size_t i = 0; *objects && (*objects)[i]; i++)
        free((char *)(*objects)[i]);
    free(*objects);
}

static int link_objects(const struct job *j, size_t n_objects, const char *how, const char *exports, cordon_error **err)
{
    const char *fixed[] = {NULL, TOOLCHAIN_TARGET, how, exports, "-Wl,--strip-all", "-Wl,--stack-first",
                           "-Wl,-z,stack-size=65536", "-o"};
    enum { FIXED = sizeof fixed / sizeof *fixed };
    cleanup(free_all) const char **objects = calloc(n_objects + 1, sizeof *objects);
    cleanup_free char *core = NULL;
    cleanup_free const char **argv = calloc(FIXED + 1 + n_objects + 1, sizeof *argv);
    if (!objects || !argv)
        return err_nomem(err);
    if (asprintf(&core, "%s/" MADE_FILE, j->tools->build->scratch) < 0) {
        core = NULL;
        return err_nomem(err);
    }
    memcpy(argv, fixed, sizeof fixed);
    argv[FIXED] = core;
    for (size_t n = 0; n < n_objects; n++) {
        int rc = name_in(j, n, "o", (char **)&objects[n], err);
        if (rc < 0)
            return rc;
        argv[FIXED + 1 + n] = objects[n];
    }
    return toolchain_run(j->tools, argv, "cannot link the skill", err);
}

static int link_skill(const struct job *j, cordon_error **err)
{
    int rc = compile_bindings(j, err);
    return rc < 0 ? rc : link_objects(j, j->sources->n + 1, LINK_LIBRARY, LINK_NO_EXPORTS, err);
}

static int link_command(const struct job *j, cordon_error **err)
{
    int rc = link_objects(j, j->sources->n, LINK_PROGRAM, LINK_NO_EXPORTS, err);
    if (rc != -CORDON_E_BUILD_FAILED)
        return rc;
    return err_hint(err, "The linker's own messages are above. No source includes \"%s\", so these are taken for a program, which needs main; a skill includes it.",
                    j->bindings->header);
}

static int link_blufio(const struct job *j, cordon_error **err)
{
    int rc = link_objects(j, j->sources->n, LINK_LIBRARY, "-Wl,--export=run", err);
    return rc == -CORDON_E_BUILD_FAILED ? err_hint(err, "The linker's own messages are above. A source includes \"" BLUFIO_HEADER "\": then `void run(void)` has to be there.") : rc;
}

/* What sources may include beside the bindings. */
static int write_headers(const char *scratch, bool has_world, cordon_error **err)
{
    int rc = scratch_write(scratch, SKILL_HEADER, cordon_skill_header, sizeof cordon_skill_header - 1, err);
    return rc < 0 || has_world ? rc : scratch_write(scratch, BLUFIO_HEADER, blufio_header, sizeof blufio_header - 1, err);
}

static enum compile_made what_is_it(bool has_world, struct includes includes)
{
    if (has_world || includes.bindings)
        return COMPILE_SKILL;
    return includes.blufio ? COMPILE_BLUFIO : COMPILE_COMMAND;
}

int compile_core(const struct toolchain *t, const struct sources *s, const struct bindings *b, bool has_world, enum compile_made *ret, cordon_error **err)
{
    struct job j = {.tools = t, .sources = s, .bindings = b};
    struct includes includes = {0};
    int rc = write_headers(t->build->scratch, has_world, err);
    if (rc < 0 || (rc = compile_sources(&j, &includes, err)) < 0)
        return rc;
    *ret = what_is_it(has_world, includes);
    if (*ret == COMPILE_SKILL)
        return link_skill(&j, err);
    return *ret == COMPILE_BLUFIO ? link_blufio(&j, err) : link_command(&j, err);
}
