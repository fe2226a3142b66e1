/* SPDX-License-Identifier: Apache-2.0
 * cordon memory: what a bot remembers, and skills may recall. */
#include "cleanup.h"
#include "report.h"
#include "source.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BOT, MEMORY_LIMIT, MEMORY_JSON, MEMORY_OPTIONS };
enum { TEXT_MAX = 64 << 10, FOUND_MAX = 32 };

static const struct option options[] = {
    [MEMORY_BOT] = {'b', "bot", "NAME", "whose memory it is"},
    [MEMORY_LIMIT] = {'n', "limit", "N", "search: how many at most (default and ceiling: 32)"},
    [MEMORY_JSON] = OPTION_JSON,
    [MEMORY_OPTIONS] = OPTION_END,
};

static int find_bot(const struct cli *cli, const char **ret, cordon_error **err)
{
    *ret = cli->args.value[MEMORY_BOT];
    return *ret ? 0 : cordon_error_set(err, CORDON_E_USAGE, "bot", "Each bot has a memory of its own: --bot NAME.", "say whose memory it is");
}

static int read_number(const char *text, long long min, long long max, const char *what, long long *ret, cordon_error **err)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || n < min || n > max)
        return cordon_error_set(err, CORDON_E_USAGE, NULL, NULL, "%s is a whole number from %lld to %lld, not %.50s", what, min, max, text);
    *ret = n;
    return 0;
}

/* `-` and `@FILE` are read, anything else is the text itself. */
static int read_text(const char *word, char **ret, size_t *ret_len, cordon_error **err)
{
    if (strcmp(word, "-") == 0 || word[0] == '@')
        return source_read(word + (word[0] == '@'), TEXT_MAX, "the text", ret, ret_len, err);
    *ret = strdup(word);
    *ret_len = strlen(word);
    return *ret ? 0 : cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
}

/* {"cordon": 1, "bot", "id"}, or the number alone. */
static int tell(const struct cli *cli, const char *bot, long long id, bool shown)
{
    if (cli->json) {
        cleanup_json json_t *object = json_pack("{ss sI}", "bot", bot, "id", (json_int_t)id);
        return out_object(cli, object);
    }
    if (shown)
        printf("%lld\n", id);
    return out_end(cli, 0);
}

static int add(const struct cli *cli, char **words, int n_words)
{
    (void)n_words;
    cordon_error *err = NULL;
    cleanup_free char *text = NULL;
    const char *bot;
    size_t len;
    int64_t id;
    if (find_bot(cli, &bot, &err) < 0 || read_text(words[0], &text, &len, &err) < 0 || cordon_memory_add(NULL, bot, text, len, &id, &err) < 0)
        return report_error(cli, NULL, err);
    return tell(cli, bot, id, true);
}

static void print_memory(const struct cli *cli, const json_t *row)
{
    const json_t *text = json_object_get(row, "text");
    printf("%" JSON_INTEGER_FORMAT "  %s\n", json_integer_value(json_object_get(row, "id")), text_of(row, "added_at"));
    fflush(stdout);
    if (out_guest(cli, json_string_value(text), json_string_length(text), NULL) == 0)
        fputs("\n\n", stdout);
}

static int search(const struct cli *cli, char **words, int n_words)
{
    cordon_error *err = NULL;
    cleanup_text char *json = NULL;
    const char *bot, *limit = cli->args.value[MEMORY_LIMIT];
    long long n = FOUND_MAX;
    if (find_bot(cli, &bot, &err) < 0 || (limit && read_number(limit, 1, FOUND_MAX, "--limit", &n, &err) < 0) ||
        cordon_memory_search(NULL, bot, n_words ? words[0] : "", (uint32_t)n, &json, &err) < 0)
        return report_error(cli, NULL, err);
    if (cli->json)
        return out_json_line(cli, json);
    cleanup_json json_t *found = json_loads(json, JSON_ALLOW_NUL, NULL);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(found, "memories"), i, row)
        print_memory(cli, row);
    return out_end(cli, 0);
}

static int remove_one(const struct cli *cli, char **words, int n_words)
{
    (void)n_words;
    cordon_error *err = NULL;
    const char *bot;
    long long id = 0;
    if (find_bot(cli, &bot, &err) < 0 || read_number(words[0], 0, INT64_MAX, "ID", &id, &err) < 0 || cordon_memory_remove(NULL, bot, id, &err) < 0)
        return report_error(cli, NULL, err);
    return tell(cli, bot, id, false);
}

static const struct action actions[] = {
    {"add", "--bot NAME TEXT | @FILE | -", 1, 1, add},
    {"search", "--bot NAME [QUERY] [-n N]", 0, 1, search},
    {"remove", "--bot NAME ID", 1, 1, remove_one},
    {.name = NULL},
};

const struct command command_memory = {
    .name = "memory",
    .group = GROUP_OPERATE,
    .words_min = 1,
    .summary = "keep what a bot remembers: add, search, remove",
    .synopsis = "add --bot NAME TEXT | search --bot NAME [QUERY] | remove --bot NAME ID",
    .about = "Each bot has a memory of its own: short texts, found again by their words. A skill that is called for the bot\n"
             "may search it where it is granted memory (for that bot alone: memory=NAME). A text is UTF-8 of at most 64 KiB,\n"
             "given as a word, from a file (@FILE) or from standard input (-). search prints the best first, at most 32 and\n"
             "64 KiB; without QUERY, the newest.",
    .options = options,
    .actions = actions,
    .example = "cordon memory add --bot weather-bot \"the user lives in Oslo\"\n"
               "cordon memory search --bot weather-bot \"where does the user live\"\n"
               "cordon memory remove --bot weather-bot 1",
    .run = action_run,
};
