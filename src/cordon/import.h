/* SPDX-License-Identifier: Apache-2.0
 * Skills of other systems: import.c finds them in folders and installs them, import_table.c reads blufio's table. */
#pragma once
#include "cordon/install_parts.h"

enum { IMPORT_SKILLS_MAX = 1000 };

/* One that was found. What the other system thought of it (tier, grants, status) is not read. */
struct import_found {
    char *source;     /* owned: a folder or a file */
    char *manifest;   /* owned: the text of its skill.toml, if that lies in a table; NULL: it lies in the folder */
    char *name;       /* owned or NULL: for messages */
};
struct import_list { struct import_found *item; size_t n; };
void import_list_finish(struct import_list *l);
/* Takes the strings. TOO_LARGE. */
int import_add(struct import_list *l, char *source, char *manifest, char *name, cordon_error **err);

/* ---- import_table.c ---- */
/* Does the file begin as a database of SQLite's? */
bool import_is_table(const char *path);
int import_read_table(const char *path, struct import_list *ret, cordon_error **err);
