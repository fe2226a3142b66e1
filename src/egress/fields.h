/* SPDX-License-Identifier: Apache-2.0
 * Header fields: what a guest may send, and what a server sent. */
#pragma once
#include "base/buf.h"
#include "gateway.h"

/* May a guest send these? NULL, or a static phrase; *ret_name is then the field that is meant ("" for all together). `decode`: the gateway says which encodings. */
const char *fields_refuse(const struct gateway_field *fields, size_t n, bool decode, const struct gateway_field **ret_field);
/* The same name, whatever its capitals? */
bool field_is(const struct gateway_field *f, const char *name);
/* Nothing in it ends a line or a text. */
bool field_value_is_clean(const char *value, size_t len);

/* One answer's status and fields. */
struct answer {
    unsigned status;
    struct buf text; /* names and values, one behind the other */
    struct { uint32_t name, value, end; } at[GATEWAY_FIELDS_MAX];
    size_t n, bytes; /* bytes: of all answers so far, interim ones too */
};

void answer_init(struct answer *a);
void answer_finish(struct answer *a);
enum answer_line { ANSWER_MORE, ANSWER_WHOLE, ANSWER_BAD, ANSWER_TOO_LARGE };
/* A line as libcurl hands it over, with its end. WHOLE: the fields of a final answer are complete. Interim answers are passed over. */
enum answer_line answer_take(struct answer *a, const char *line, size_t len);
size_t answer_fields(const struct answer *a, struct gateway_field ret[GATEWAY_FIELDS_MAX]);
/* The value of the first field of that name, NUL-terminated and to be freed; NULL: none, or no memory. */
char *answer_value(const struct answer *a, const char *name);
