/* SPDX-License-Identifier: Apache-2.0
 *
 * TOML as JSON (engine/src/toml.rs). Errors as in shim_wit.h, whose `struct shim_bytes` this uses.
 */
#pragma once
#include "shim_wit.h"

/*
 * Every value is an object, the whole text a table:
 *
 *   {"t": "string", "l": 3, "c": 20, "v": "20G"}
 *
 * l, c: line and column, from 1, columns in characters. t and v: string, float (as written), datetime, integer (decimal, fits int64_t): a string; boolean: true or
 * false; array: an array of values; table: an object of values, in the order of the text, each with the place of its key as kl and kc besides.
 *
 * An error that has a place begins with "LINE:COLUMN: ". Nesting is at most 32 deep; no string or key holds a NUL. The length is the caller's to bound: the JSON
 * may be 25 times as long.
 */
int shim_toml_parse(const uint8_t *text, size_t len, struct shim_bytes *ret_json, struct shim_bytes *err);
