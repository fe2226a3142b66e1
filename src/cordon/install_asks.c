/* SPDX-License-Identifier: Apache-2.0
 * What a skill asks for, held against what its installed version asked for and was granted. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"

#include <string.h>

enum { WORDS_MAX = 1024 };

static char *print(int (*how)(struct buf *, const struct grant *), const struct grant *g)
{
    struct buf b;
    buf_init(&b, GRANT_TEXT_MAX + WORDS_MAX);
    how(&b, g);
    char *text = buf_take(&b, NULL);
    buf_finish(&b);
    return text;
}

char *install_grant_text(const struct grant *g) { return print(grant_print, g); }

static bool same_text(const struct grant *g, const char *text)
{
    cleanup_free char *own = install_grant_text(g);
    return own && !strcmp(own, text);
}

static bool holds_text(const struct grants *set, const char *text)
{
    for (size_t i = 0; set && i < set->n; i++)
        if (same_text(&set->item[i], text))
            return true;
    return false;
}

bool install_has_grant(const struct grants *set, const struct grant *one)
{
    cleanup_free char *text = install_grant_text(one);
    return text && holds_text(set, text);
}

static void ask_finish(struct install_ask *a)
{
    grant_finish(&a->grant);
    free(a->text);
    free(a->words);
    free(a->from);
}

static int ask_make(const struct grant *g, const char *from, struct install_ask *ret, cordon_error **err)
{
    cleanup(ask_finish) struct install_ask a = {.needs_word = grant_wants_own_word(g), .needs_scope = g->any, .is_new = true};
    a.text = install_grant_text(g);
    a.words = print(grant_words, g);
    a.from = from ? strdup(from) : NULL;
    if (!a.text || !a.words || (from && !a.from) || !grant_copy(g, &a.grant))
        return err_nomem(err);
    *ret = a;
    a = (struct install_ask){0};
    return 0;
}

/* Those that need a word go last; the order of each group stays. */
static void put(struct install_asks *a, const struct install_ask *one)
{
    size_t at = a->n++;
    while (!one->needs_word && at > 0 && a->item[at - 1].needs_word) {
        a->item[at] = a->item[at - 1];
        at--;
    }
    a->item[at] = *one;
}

static bool is_listed(const struct install_asks *a, const struct grant *g)
{
    for (size_t i = 0; i < a->n; i++)
        if (same_text(g, a->item[i].text))
            return true;
    return false;
}

static int add_one(struct install_asks *a, const struct grant *g, const char *from, cordon_error **err)
{
    if (is_listed(a, g))
        return 0;
    if (a->n >= GRANTS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, "capabilities", "a skill asks for at most %d things, those of its parents included", GRANTS_MAX);
    struct install_ask one;
    struct install_ask *more = realloc(a->item, (a->n + 1) * sizeof *more);
    if (!more)
        return err_nomem(err);
    a->item = more;
    int rc = ask_make(g, from, &one, err);
    if (rc == 0)
        put(a, &one);
    return rc;
}

int install_asks_add(struct install_asks *a, const struct grants *asks, const char *from, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && asks && i < asks->n; i++)
        rc = add_one(a, &asks->item[i], from, err);
    return rc;
}

static bool is_granted(const struct grants *granted, const struct grant *ask)
{
    for (size_t i = 0; granted && i < granted->n; i++)
        if (grant_answers(ask, &granted->item[i]))
            return true;
    return false;
}

void install_asks_compare(struct install_asks *a, const struct grants *before, const struct grants *granted, bool same)
{
    bool any_new = false;
    for (size_t i = 0; i < a->n; i++) {
        struct install_ask *one = &a->item[i];
        one->is_new = !holds_text(before, one->text);
        one->granted = same && is_granted(granted, &one->grant);
        any_new = any_new || one->is_new;
    }
    a->wants_answer = a->n > 0 && (!same || any_new);
}

int install_asks_set(const struct install_asks *a, struct grants **ret, cordon_error **err)
{
    struct grants *set = grants_new();
    int rc = set ? 0 : err_nomem(err);
    for (size_t i = 0; rc == 0 && i < a->n; i++) {
        struct grant copy;
        rc = grant_copy(&a->item[i].grant, &copy) ? grants_add(&set, &copy, err) : err_nomem(err);
    }
    if (rc < 0)
        grants_unref(set);
    else
        *ret = set;
    return rc;
}

void install_asks_finish(struct install_asks *a)
{
    for (size_t i = 0; i < a->n; i++)
        ask_finish(&a->item[i]);
    free(a->item);
    *a = (struct install_asks){0};
}

/* ---- as the registry keeps them ---- */

char *install_grants_text(const struct grants *set)
{
    struct buf b;
    buf_init(&b, REGISTRY_TEXT_MAX);
    buf_adds(&b, "");
    for (size_t i = 0; set && i < set->n; i++) {
        grant_print(&b, &set->item[i]);
        buf_addc(&b, '\n');
    }
    char *text = buf_take(&b, NULL);
    buf_finish(&b);
    return text;
}

static int read_line(const char *line, bool asked, struct grants **set, cordon_error **err)
{
    const struct grant_source source = {.asked = asked};
    struct grant one;
    int rc = grant_parse(line, &source, &one, err);
    if (rc == 0 && (rc = grants_add(set, &one, err)) < 0)
        grant_finish(&one);
    return rc;
}

int install_grants_read(const char *lines, bool asked, struct grants **ret, cordon_error **err)
{
    cleanup_free char *text = strdup(lines);
    struct grants *set = grants_new();
    int rc = text && set ? 0 : err_nomem(err);
    char *rest = NULL;
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; rc == 0 && line; line = strtok_r(NULL, "\n", &rest))
        rc = read_line(line, asked, &set, err);
    if (rc < 0)
        grants_unref(set);
    else
        *ret = set;
    return rc;
}
