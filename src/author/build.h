/* SPDX-License-Identifier: Apache-2.0
 *
 * From the folder of a project to a component. The steps, each a file of this room:
 *
 *     langs, lang_NAME    which language it is, and how its own tools are used      wit_files   its wit/, else the skill world, as text
 *     fetch               what it needs of others: the one step with network        tool        programs, in the sandbox for scripts
 *     lang->make          the language's own tools, to one file                     finish      the component, made or checked in the helper
 *
 * The WIT and what the tools made are looked at in the helper only, and its answers are believed no more than they are anywhere else.
 */
#pragma once
#include <cordon/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct author_build {
    const char *dir;                            /* the project */
    const char *packages_of;                    /* another folder of the same project, where what was fetched for it lies; NULL: `dir` */
    const char *cache;                          /* absolute: for what is made once for all projects; NULL: there is no place for it */
    const char *helper_path, *supervisor_path;  /* NULL: the usual ones */
    const char *tool_folders;                   /* where programs are looked for, joined by ":"; NULL: the usual places */
    const char *lang;                           /* its language; NULL: by its files */
    bool keep;                                  /* a build of its author's: a language may keep what it made in the project, for the next one */
    bool no_sandbox;                            /* tools run with the rights of the caller */
    bool without_landlock;                      /* the sandbox may lack it */
    unsigned seconds;                           /* for each run of a tool */
    int log_fd;                                 /* where the tools' words go; -1: nowhere */
};

struct author_built {
    int fd;                                     /* owned: a memory file */
    uint64_t size;
    char *world;                                /* owned: ns:package/name, or what else it is */
    json_t *imports;                            /* owned: names */
    const char *lang;                           /* static */
};
void author_built_finish(struct author_built *b);

/* NULL: no project of a language that is known. Static. */
const char *author_lang_of(const char *dir);
int author_build(const struct author_build *want, struct author_built *ret, cordon_error **err);
/* *ret: {"lang", "packages": folder or null, "items": [{"name", "version"}], "fresh"}; the caller's reference. */
int author_fetch(const struct author_build *want, json_t **ret, cordon_error **err);
