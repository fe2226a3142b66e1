/* SPDX-License-Identifier: Apache-2.0
 * The cases of a test as JUnit's XML, which CI systems show. */
#pragma once
#include <cordon/error.h>
#include <jansson.h>

/* `rows` as `cordon test --json` has its cases. */
int junit_write(const char *path, const char *suite, const json_t *rows, cordon_error **err);
