/* SPDX-License-Identifier: Apache-2.0
 * What bots remember, as a program on the library sees it. */
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/memory.h"
#include <cordon/keep.h>

#include <jansson.h>
#include <string.h>

enum { PATIENCE_S = 5 };

static struct db_patience patience(void) { return (struct db_patience){.deadline_ns = clock_now_ns() + PATIENCE_S * 1000000000ull}; }

static int slug_of(const char *bot, char ret[TEXT_SLUG_MAX + 1], cordon_error **err)
{
    text_slug(bot, strlen(bot), ret);
    if (*ret)
        return 0;
    int r = err_set(err, CORDON_E_USAGE, "bot", "the bot's name has no letter or digit of ASCII, so there is nothing to keep its memory under");
    err_hint(err, "Give it a name such as weather-bot.");
    return r;
}

int cordon_memory_add(const char *home, const char *bot, const char *text, size_t len, int64_t *ret_id, cordon_error **err)
{
    err_wanted(err);
    char slug[TEXT_SLUG_MAX + 1];
    const struct db_patience p = patience();
    int r = slug_of(bot, slug, err);
    return r < 0 ? r : memory_add(home, slug, text, len, &p, ret_id, err);
}

static json_t *row_json(const struct memory_row *row)
{
    char at[CLOCK_TEXT];
    clock_write(row->added_at_ms, at);
    return json_pack("{s:I, s:s, s:o}", "id", (json_int_t)row->id, "added_at", at, "text", json_stringn(row->text, row->len));
}

static char *rows_json(const char *slug, const struct memory_rows *rows)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rows->n; i++)
        json_array_append_new(list, row_json(&rows->item[i]));
    json_t *whole = json_pack("{s:i, s:s, s:o}", "cordon", 1, "bot", slug, "memories", list);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    return text;
}

int cordon_memory_search(const char *home, const char *bot, const char *query, uint32_t limit, char **ret_json, cordon_error **err)
{
    err_wanted(err);
    char slug[TEXT_SLUG_MAX + 1];
    struct memory_rows rows;
    const struct db_patience p = patience();
    int r = slug_of(bot, slug, err);
    if (r == 0 && !text_is_utf8(query, strlen(query)))
        r = err_set(err, CORDON_E_USAGE, "query", "what is looked for is not UTF-8");
    if (r < 0 || (r = memory_search(home, slug, query, strlen(query), limit, MEMORY_BYTES_MAX, &p, &rows, err)) < 0)
        return r;
    char *text = rows_json(slug, &rows);
    memory_rows_finish(&rows);
    if (!text)
        return err_nomem(err);
    *ret_json = text;
    return 0;
}

int cordon_memory_remove(const char *home, const char *bot, int64_t id, cordon_error **err)
{
    err_wanted(err);
    char slug[TEXT_SLUG_MAX + 1];
    const struct db_patience p = patience();
    int r = slug_of(bot, slug, err);
    if (r < 0 || (r = memory_remove(home, slug, id, &p, err)) < 0)
        return r;
    return r ? 0 : err_set(err, CORDON_E_NOT_KEPT, slug, "%s remembers nothing under number %lld", slug, (long long)id);
}
