/* SPDX-License-Identifier: Apache-2.0
 * A word as sh reads it back, for command lines that are shown to be pasted. */
#pragma once
#include <stdio.h>

void quote_print(FILE *f, const char *word);
