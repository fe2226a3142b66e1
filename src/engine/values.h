/* SPDX-License-Identifier: Apache-2.0
 *
 * Component values from JSON and back, by the table of docs/reference.md, driven by struct wit_type (src/wit/type.h). Types have passed
 * wit_func_is_callable. Everything that goes into a value is checked here: Wasmtime panics on a string that is not UTF-8 and on a char that is none.
 *
 * On the way out s64 and u64 within ±(2^53 − 1) are integers, beyond that decimal strings (JSON readers with doubles would round them); floats are the
 * shortest text that reads back the same.
 */
#pragma once
#include "wit/type.h"
#include <cordon/error.h>
#include <jansson.h>
#include <wasmtime/component/val.h>

enum {
    VALUES_DEPTH_MAX = 64,            /* of JSON text, arrays and objects nested */
    VALUES_JSON_COST_MAX = 2 << 20,   /* of JSON text: a value costs 1, an array or object 8 (about 40 bytes of memory a unit) */
    VALUES_NODES_MAX = 2 << 20,       /* component values of one call's arguments, each byte of a list<u8> included (about 72 bytes a node) */
    VALUES_ANSWER_MAX = 2 << 20,      /* component values of one answer */
    VALUES_COMPARES_MAX = 32 << 20,   /* names compared while looking up cases and flags of one set of values */
};

/* Parses JSON of any type. Refused with line and column (BAD_ARGS): what is not JSON, duplicate keys, over VALUES_DEPTH_MAX or VALUES_JSON_COST_MAX. */
int values_parse_args(const char *text, size_t len, json_t **ret, cordon_error **err);
/* Is it JSON, of any type, with numbers of any size? BAD_ARGS for an object or array over those two. */
int values_is_json(const char *text, size_t len, bool *ret, cordon_error **err);
/* Takes the blanks between the tokens of valid JSON out of it, in place; the length that is left. */
size_t values_compact(char *json, size_t len);
/* Of valid JSON that is an object of one member, or an array of one item: narrows the text to the value in it, blanks around it included. */
void values_only_part(const char **json, size_t *len);

/* Fills ret[0 .. f->n_params), zeroed by the caller, from an object by parameter names or an array in order; NULL is no arguments. On failure (BAD_ARGS,
 * subject: the path, such as `report.items[3].when`) everything made so far is deleted and ret is zero again. *ret_bytes (may be NULL): what JSON and values take beyond the text
 * that the JSON was, about. Free with values_finish. */
int values_from_json(const struct wit_func *f, const json_t *args, wasmtime_component_val_t *ret, size_t *ret_bytes, cordon_error **err);
/* Deletes n values and zeroes them. */
void values_finish(wasmtime_component_val_t *vals, size_t n);

/* A result type's value taken apart: *ok, and the payload with its type (both NULL: without payload). Any other value is its own payload, ok. False if `v`
 * is not of type `t`. */
bool values_split_result(const struct wit_type *t, const wasmtime_component_val_t *v, bool *ok, const struct wit_type **payload_t,
                         const wasmtime_component_val_t **payload_v);

/* In the three below a NULL type is a payload that is not there: null. */

/* Exact size of the value as compact JSON text (what values_to_text makes); max + 1 if that is over `max`. Allocates nothing. */
size_t values_measure(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max);
/* Compact JSON text, NUL-terminated. Over max_bytes: TOO_LARGE, before anything is allocated; a value that is not of its type: HOST_BUG. */
int values_to_text(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max_bytes, char **ret, size_t *ret_len, cordon_error **err);
/* The same as a JSON value; also TOO_LARGE if it is over VALUES_JSON_COST_MAX. */
int values_to_json(const struct wit_type *t, const wasmtime_component_val_t *v, size_t max_bytes, json_t **ret, cordon_error **err);
