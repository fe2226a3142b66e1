/* SPDX-License-Identifier: Apache-2.0
 * What a new project consists of. The texts are the files of templates/, where @NAME@ stands for the project's name. */
#pragma once
#include <cordon/author.h>
#include <stdbool.h>

struct template_file { const char *path, *text; };   /* in the order of making them; ends with a row without a path */

struct template {
    const char *what;                    /* "a skill in C" */
    bool lower_case;                     /* the name is that of a SKILL.md */
    const struct template_file *files;
    const char *next[4];                 /* commands to go on with; NULL ends them */
};

/* NULL outside the enum. */
const struct template *template_of(enum cordon_template which);
