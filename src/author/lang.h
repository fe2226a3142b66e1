/* SPDX-License-Identifier: Apache-2.0
 *
 * Languages that skills are written in: one descriptor each, in a file of its own, and a row in langs.c. And what one build is made of, which their functions are given.
 */
#pragma once
#include "author/build.h"
#include "author/hold.h"
#include "author/tool.h"
#include "author/wit_files.h"
#include "code/code.h"
#include <jansson.h>

/* What a language's `make` leaves in the scratch folder. */
enum build_made {
    BUILD_CORE,        /* MADE_FILE is a core module that implements the world of wit/ and says nothing of it */
    BUILD_TYPED,       /* MADE_FILE is a component, or a core module that carries its own component type */
    BUILD_COMMAND,     /* MADE_FILE is a core module of WASI preview 1 with `_start` */
    BUILD_BLUFIO,      /* MADE_FILE is a core module of the blufio ABI */
};
#define MADE_FILE "made.wasm"

struct build {
    const struct author_build *want;   /* borrowed */
    const struct lang *lang;
    char *dir;                         /* the project: absolute, no link in it */
    char *name;                        /* the folder's own */
    char *packages;                    /* what was fetched for it: absolute; NULL: nothing */
    char *scratch;                     /* a private folder, gone afterwards */
    struct wit_files wit;
    struct helper *helper;
    struct hold hold;
    struct tool_box box;
    enum build_made made;
};

struct lang {
    const char *name;                  /* "rust": as --lang and [build] lang have it */
    const char *words;                 /* "Rust" */
    /* Is the folder, open at `fd`, a project of it? */
    bool (*is_it)(int fd);
    const char *packages;              /* the folder of the project where `fetch` puts what it needs, a name that bundles leave out; NULL: nothing is fetched */
    const char *const *locks;          /* files of the project, ending with NULL, that `fetch` works from and that say what is in `packages` */
    /* Looks at one of these files, a stranger's bytes: every package by name, version and hash, and nothing else: no address, repository, path or script. Appends
     * {"name", "version"} for each to `items`. BAD_MANIFEST, with the place. */
    int (*check)(const char *file, const char *text, size_t len, json_t *items, cordon_error **err);
    /* Makes FOLDER/packages, with the network. `folder` is new and holds the lock files alone, which have been checked: nothing of the project is run. */
    int (*fetch)(struct build *b, const char *folder, cordon_error **err);
    /* In the sandbox: sets b->made and leaves SCRATCH/MADE_FILE. */
    int (*make)(struct build *b, cordon_error **err);
};

extern const struct lang lang_c, lang_js, lang_ts, lang_python, lang_rust;

/* NULL: there is none of that name. */
const struct lang *lang_named(const char *name);
/* The n-th; NULL behind the last. */
const struct lang *lang_at(size_t n);
/* Of the project in the folder, by its files; NULL: of none. */
const struct lang *lang_of(int fd);
/* Is there a regular file of that name in the folder? */
bool lang_has(int fd, const char *name);

/* ---- fetch.c ---- */
/* What the project needs is there, as its lock files say: else MISSING_TOOL with the command. Sets b->packages. */
int fetch_check(struct build *b, cordon_error **err);
/* Fetches it, unless it is there. *ret_items: an array of {"name", "version"}, the caller's reference; `*ret_fresh`: it was fetched now. */
int fetch_run(struct build *b, json_t **ret_items, bool *ret_fresh, cordon_error **err);

/* ---- finish.c ---- */
/* MADE_FILE, finished, as a sealed memory file: a component that fits the project's world, or a module of the blufio ABI. */
int finish_made(struct build *b, struct author_built *ret, cordon_error **err);
