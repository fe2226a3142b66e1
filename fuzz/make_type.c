/* SPDX-License-Identifier: Apache-2.0 */
#include "make_type.h"

enum { MEMBERS_MAX = 9, NODES_MAX = 512 /* WIT_NODES_MAX would be slow */ };

struct maker {
    struct feed *f;
    unsigned nodes;
};

static struct wit_type *make(struct maker *m, unsigned depth);

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n, size);
    HOLDS(p);
    return p;
}

static size_t take_count(struct feed *f)
{
    uint8_t c = feed_byte(f);
    return c >= '1' && c <= '0' + MEMBERS_MAX ? (size_t)(c - '0') : 1;
}

static bool take_none(struct feed *f)
{
    if (!f->left || *f->at != '-')
        return false;
    feed_byte(f);
    return true;
}

/* "execute" and "executes" are near, "ok" and "some" are words of the mapping itself. */
static char *name_of(size_t i)
{
    static const char *const names[MEMBERS_MAX] = {"a", "bot-name", "execute", "executes", "ok", "some", "n", "caf\xc3\xa9", "x8"};
    return strdup(names[i]);
}

static void make_members(struct maker *maker, struct wit_type *t, bool named, unsigned depth)
{
    t->n_members = take_count(maker->f);
    t->members = zeroed(t->n_members, sizeof *t->members);
    for (size_t i = 0; i < t->n_members; i++) {
        struct wit_member *m = &t->members[i];
        if (named) {
            m->name = name_of(i);
            m->name_len = strlen(m->name);
        }
        if (t->kind == WIT_ENUM || t->kind == WIT_FLAGS || (t->kind == WIT_VARIANT && take_none(maker->f)))
            continue;
        m->type = make(maker, depth);
    }
}

static enum wit_kind kind_of(uint8_t c)
{
    static const char letters[] = {
        [WIT_BOOL] = '?', [WIT_S8] = 'a', [WIT_U8] = 'b', [WIT_S16] = 'c', [WIT_U16] = 'd', [WIT_S32] = 'e', [WIT_U32] = 'f', [WIT_S64] = 'g', [WIT_U64] = 'h',
        [WIT_F32] = 'i', [WIT_F64] = 'j', [WIT_CHAR] = 'k', [WIT_STRING] = 's', [WIT_LIST] = 'l', [WIT_RECORD] = 'R', [WIT_TUPLE] = 't', [WIT_VARIANT] = 'v',
        [WIT_ENUM] = 'n', [WIT_OPTION] = 'o', [WIT_RESULT] = 'r', [WIT_FLAGS] = 'F',
    };
    const char *at = memchr(letters, c, sizeof letters);
    return at ? (enum wit_kind)(at - letters) : WIT_BOOL;
}

static struct wit_type *make(struct maker *m, unsigned depth)
{
    struct wit_type *t = zeroed(1, sizeof *t);
    if (depth == WIT_DEPTH_MAX || ++m->nodes > NODES_MAX)
        return t;
    t->kind = kind_of(feed_byte(m->f));
    switch (t->kind) {
    case WIT_LIST:
    case WIT_OPTION: t->elem = make(m, depth + 1); break;
    case WIT_RESULT:
        t->elem = take_none(m->f) ? NULL : make(m, depth + 1);
        t->err = take_none(m->f) ? NULL : make(m, depth + 1);
        break;
    case WIT_TUPLE: make_members(m, t, false, depth + 1); break;
    case WIT_RECORD:
    case WIT_VARIANT:
    case WIT_ENUM:
    case WIT_FLAGS: make_members(m, t, true, depth + 1); break;
    default: break;
    }
    return t;
}

struct wit_func make_func(struct feed *f)
{
    struct maker m = {.f = f};
    struct wit_type params = {.kind = WIT_RECORD};
    make_members(&m, &params, true, 1);
    struct wit_func func = {.name = strdup("docs:adder/add@0.1.0#add"), .params = params.members, .n_params = params.n_members};
    if (!take_none(f))
        func.result = make(&m, 1);
    return func;
}
