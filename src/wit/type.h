/* SPDX-License-Identifier: Apache-2.0
 *
 * The types of a component's functions as plain data. Built once at load (src/engine/types.c, from Wasmtime's own types), used by everything
 * that speaks of types: values (JSON both ways), canonical text (type checks of imports), JSON Schema, error messages.
 *
 * Ceilings: depth WIT_DEPTH_MAX, nodes per function WIT_NODES_MAX (a type that is used twice counts twice).
 */
#pragma once
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIT_DEPTH_MAX = 32, WIT_NODES_MAX = 8192, WIT_NAME_MAX = 256 };

enum wit_kind {
    WIT_BOOL, WIT_S8, WIT_U8, WIT_S16, WIT_U16, WIT_S32, WIT_U32, WIT_S64, WIT_U64, WIT_F32, WIT_F64, WIT_CHAR, WIT_STRING,
    WIT_LIST, WIT_RECORD, WIT_TUPLE, WIT_VARIANT, WIT_ENUM, WIT_OPTION, WIT_RESULT, WIT_FLAGS,
    WIT_OPAQUE /* resource, stream, future, error-context, map: cannot be carried by JSON */
};

/* A record's field, a variant's case, an enum's or a flag set's name, a tuple's element (name NULL). */
struct wit_member {
    char *name;             /* owned; UTF-8, checked at load */
    size_t name_len;
    char *docs;             /* owned or NULL */
    struct wit_type *type;  /* owned; NULL for a case without payload, an enum's and a flag's name */
};

struct wit_type {
    enum wit_kind kind;
    char *docs;               /* owned or NULL: doc comment of the named type */
    const char *opaque;       /* WIT_OPAQUE: "resource", "stream", "future", "error-context", "map" */
    struct wit_type *elem;    /* LIST, OPTION: the element; RESULT: ok (NULL: none) */
    struct wit_type *err;     /* RESULT: err (NULL: none) */
    struct wit_member *members; /* RECORD, TUPLE, VARIANT, ENUM, FLAGS */
    size_t n_members;
};

struct wit_func {
    char *name;             /* owned: "execute", or "docs:adder/add@0.1.0#add" */
    char *docs;             /* owned or NULL */
    struct wit_member *params;
    size_t n_params;
    struct wit_type *result;  /* NULL: none */
};

void wit_type_free(struct wit_type *t);          /* NULL allowed */
void wit_func_finish(struct wit_func *f);
/* "bool", "u8", "list", "record", ... Static storage. */
const char *wit_kind_name(enum wit_kind k);
/* The first WIT_OPAQUE found in it ("resource", ...), or NULL. NULL has none. */
const char *wit_type_opaque(const struct wit_type *t);
/* The member of that name, or NULL. */
const struct wit_member *wit_member_find(const struct wit_member *m, size_t n, const char *name, size_t len);
/* True if no WIT_OPAQUE is anywhere in it. Else *ret_what names the first one found. */
bool wit_func_is_callable(const struct wit_func *f, const char **ret_what);

/* Canonical text, structural: `func(url: string) -> result<string, string>`, `record { bot-name: string, id: u64 }`, `variant { a, b(u8) }`,
 * `enum { a, b }`, `flags { r, w }`, `tuple<u8, char>`, `option<T>`, `list<T>`, `result`, `result<_, E>`, `result<T>`. Two types are the same if their texts are. */
int wit_type_text(struct buf *b, const struct wit_type *t);
int wit_func_text(struct buf *b, const struct wit_func *f);
