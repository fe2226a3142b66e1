/* SPDX-License-Identifier: Apache-2.0
 * Types for tests, made of their canonical text: `record { a: u8, b: option<string> }`. Text that is none ends the test. */
#pragma once
#include "wit/type.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct wit_type *make_type_at(const char **p);

static inline bool make_eat(const char **p, const char *token)
{
    while (**p == ' ')
        ++*p;
    size_t len = strlen(token);
    if (strncmp(*p, token, len) != 0)
        return false;
    *p += len;
    return true;
}

static inline void make_need(const char **p, const char *token)
{
    ck_assert_msg(make_eat(p, token), "expected %s at %s", token, *p);
}

static inline char *make_word(const char **p, size_t *ret_len)
{
    make_eat(p, "");
    size_t len = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    ck_assert_msg(len > 0, "expected a name at %s", *p);
    char *word = strndup(*p, len);
    *p += len;
    *ret_len = len;
    return word;
}

static inline struct wit_member *make_add(struct wit_member **members, size_t *n)
{
    *members = realloc(*members, (*n + 1) * sizeof(**members));
    struct wit_member *m = &(*members)[(*n)++];
    *m = (struct wit_member){0};
    return m;
}

/* `a: T, b: U` up to `end`; with `(T)` after a case's name. */
static inline void make_members(const char **p, bool named, const char *end, struct wit_member **members, size_t *n)
{
    while (!make_eat(p, end)) {
        struct wit_member *m = make_add(members, n);
        if (named)
            m->name = make_word(p, &m->name_len);
        if (!named || make_eat(p, ":"))
            m->type = make_type_at(p);
        if (named && make_eat(p, "(")) {
            m->type = make_type_at(p);
            make_need(p, ")");
        }
        make_eat(p, ",");
    }
}

static inline void make_result(const char **p, struct wit_type *t)
{
    if (!make_eat(p, "<"))
        return;
    if (!make_eat(p, "_"))
        t->elem = make_type_at(p);
    if (make_eat(p, ","))
        t->err = make_type_at(p);
    make_need(p, ">");
}

static inline enum wit_kind make_kind(const char *word)
{
    for (enum wit_kind k = WIT_BOOL; k < WIT_OPAQUE; k++)
        if (strcmp(word, wit_kind_name(k)) == 0)
            return k;
    return WIT_OPAQUE;
}

static struct wit_type *make_type_at(const char **p)
{
    size_t len;
    char *word = make_word(p, &len);
    struct wit_type *t = calloc(1, sizeof(*t));
    t->kind = make_kind(word);
    if (t->kind == WIT_OPAQUE)
        t->opaque = strcmp(word, "stream") == 0 ? "stream" : "resource";
    free(word);
    if (t->kind == WIT_LIST || t->kind == WIT_OPTION) {
        make_need(p, "<");
        t->elem = make_type_at(p);
        make_need(p, ">");
    } else if (t->kind == WIT_TUPLE) {
        make_need(p, "<");
        make_members(p, false, ">", &t->members, &t->n_members);
    } else if (t->kind == WIT_RECORD || t->kind == WIT_VARIANT || t->kind == WIT_ENUM || t->kind == WIT_FLAGS) {
        make_need(p, "{");
        make_members(p, true, "}", &t->members, &t->n_members);
    } else if (t->kind == WIT_RESULT) {
        make_result(p, t);
    }
    return t;
}

static inline struct wit_type *make_type(const char *text)
{
    struct wit_type *t = make_type_at(&text);
    ck_assert_str_eq(text, "");
    return t;
}

/* `func(a: u8) -> string` */
static inline struct wit_func make_func(const char *text)
{
    struct wit_func f = {.name = strdup("f")};
    make_need(&text, "func(");
    make_members(&text, true, ")", &f.params, &f.n_params);
    if (make_eat(&text, "->"))
        f.result = make_type_at(&text);
    ck_assert_str_eq(text, "");
    return f;
}
