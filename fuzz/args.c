/* SPDX-License-Identifier: Apache-2.0
 * JSON arguments to component values of any type, and back. The first line is the function's type (make_type.h), the rest the JSON. */
#include "make_type.h"

#include "engine/values.h"

enum { BIG = 1 << 20 };

static char *text_of(const struct wit_type *t, const wasmtime_component_val_t *v)
{
    char *text = NULL, *none = NULL;
    size_t len = 0;
    cordon_error *err = NULL;
    HOLDS(values_to_text(t, v, BIG, &text, &len, NULL) == 0);
    HOLDS(len == strlen(text) && values_measure(t, v, BIG) == len && values_measure(t, v, len) == len && values_measure(t, v, len - 1) == len);
    int rc = values_to_text(t, v, len - 1, &none, &len, &err);
    HOLDS(rc == -CORDON_E_TOO_LARGE && !none);
    fuzz_check_error(rc, err);
    return text;
}

/* All parameters as an array, in order. */
static json_t *args_of(const struct wit_func *f, const wasmtime_component_val_t *vals)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->n_params; i++) {
        json_t *j = NULL;
        HOLDS(values_to_json(f->params[i].type, &vals[i], BIG, &j, NULL) == 0);
        HOLDS(json_array_append_new(list, j) == 0);
    }
    return list;
}

/* What is written reads back as what it was. */
static void check_values(const struct wit_func *f, const wasmtime_component_val_t *vals)
{
    json_t *args = args_of(f, vals);
    wasmtime_component_val_t *again = calloc(f->n_params, sizeof *again);
    HOLDS(values_from_json(f, args, again, NULL, NULL) == 0);
    for (size_t i = 0; i < f->n_params; i++) {
        char *a = text_of(f->params[i].type, &vals[i]), *b = text_of(f->params[i].type, &again[i]);
        HOLDS(strcmp(a, b) == 0);
        free(a);
        free(b);
    }
    values_finish(again, f->n_params);
    free(again);
    json_decref(args);
}

static void check_args(const struct wit_func *f, const json_t *args)
{
    static const wasmtime_component_val_t zero;
    cordon_error *err = NULL;
    wasmtime_component_val_t *vals = calloc(f->n_params, sizeof *vals);
    int rc = values_from_json(f, args, vals, NULL, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_ARGS);
        fuzz_check_error(rc, err);
        for (size_t i = 0; i < f->n_params; i++)
            HOLDS(memcmp(&vals[i], &zero, sizeof zero) == 0);
    } else {
        HOLDS(!err);
        check_values(f, vals);
    }
    values_finish(vals, f->n_params);
    free(vals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    size_t type_len, len;
    char *type = feed_line(&f, &type_len), *text = feed_rest(&f, &len);
    struct feed letters = {(const uint8_t *)type, type_len};
    struct wit_func func = make_func(&letters);
    cordon_error *err = NULL;
    json_t *args = NULL;
    char *exact = realloc(text, len ? len : 1); /* without the NUL */
    int rc = values_parse_args(exact, len, &args, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_ARGS && !args);
        fuzz_check_error(rc, err);
    } else {
        check_args(&func, args);
        json_decref(args);
    }
    wit_func_finish(&func);
    free(exact);
    free(type);
    return 0;
}
