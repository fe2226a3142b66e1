/* SPDX-License-Identifier: Apache-2.0
 * What a public function answers with as JSON. */
#pragma once
#include <cordon/error.h>
#include <jansson.h>

/* Its text, in one line; the caller frees *ret. Takes `j`; NULL: there was no memory for it. */
int answer_json(json_t *j, char **ret, cordon_error **err);
