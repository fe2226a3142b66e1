/* execute: counts the lines, words and characters of a text, and says which words are the most frequent.
 *
 * The input is a JSON object: `text`, or `file` (a path that this skill may read), and the options `top` (how many words are listed),
 * `least` (characters that a listed word has at least) and `case` (true: "The" and "the" are two words). */
#include "skill_plugin.h"
#include "cordon-skill.h"
#include <ctype.h>

enum { TOP = 10, TOP_MAX = 1000, LEAST_MAX = 100 };

CORDON_SKILL("word-counter", "Counts the lines, words and characters of a text, and lists its most frequent words.")

struct options { int64_t top, least; bool keeps_case; };
struct word { const char *ptr; size_t len; uint64_t count; };
struct counts { uint64_t lines, words, chars; struct word *table; size_t room, used; };

/* ---- the words, each once ---- */

static size_t hash(const char *s, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h;
}

static struct word *find(struct word *table, size_t room, const char *s, size_t len)
{
    size_t at = hash(s, len) & (room - 1);
    while (table[at].count && (table[at].len != len || memcmp(table[at].ptr, s, len) != 0))
        at = (at + 1) & (room - 1);
    return &table[at];
}

static bool grow(struct counts *c)
{
    size_t room = c->room ? 2 * c->room : 256;
    struct word *table = calloc(room, sizeof *table);
    for (size_t i = 0; table && i < c->room; i++)
        if (c->table[i].count)
            *find(table, room, c->table[i].ptr, c->table[i].len) = c->table[i];
    if (!table)
        return false;
    free(c->table);
    c->table = table;
    c->room = room;
    return true;
}

static bool add(struct counts *c, const char *s, size_t len)
{
    if (c->used >= c->room / 2 && !grow(c))
        return false;
    struct word *w = find(c->table, c->room, s, len);
    c->used += !w->count;
    *w = (struct word){s, len, w->count + 1};
    c->words++;
    return true;
}

/* ---- counting ---- */

/* The bytes of the letter or digit at `s`; 0: it is something else. Beyond ASCII all is a letter but U+0080 to U+00BF, general punctuation and that of CJK. */
static size_t letter_at(const char *s, size_t len)
{
    size_t n = cordon_utf8(s, len);
    const unsigned char *b = (const unsigned char *)s;
    if (n == 1)
        return isalnum(*b) ? 1 : 0;
    return (n == 2 && b[0] == 0xc2) || (n == 3 && b[0] == 0xe2 && b[1] <= 0x81) || (n == 3 && b[0] == 0xe3 && b[1] == 0x80) ? 0 : n;
}

/* Within a word an apostrophe or a hyphen belongs to it. */
static size_t word_length(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t more; n < len; n += more) {
        more = letter_at(s + n, len - n);
        if (!more && n && (s[n] == '\'' || s[n] == '-') && letter_at(s + n + 1, len - n - 1))
            more = 1;
        if (!more)
            break;
    }
    return n;
}

static void lower(struct cordon_text text)
{
    for (size_t i = 0; i < text.len; i++)
        text.ptr[i] = (char)tolower((unsigned char)text.ptr[i]);
}

/* Characters are code points: bytes that continue one do not count. */
static void count_chars(struct cordon_text text, struct counts *c)
{
    for (size_t i = 0; i < text.len; i++) {
        c->chars += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
        c->lines += text.ptr[i] == '\n';
    }
    c->lines += text.len && text.ptr[text.len - 1] != '\n';
}

static bool count(struct cordon_text text, struct counts *c)
{
    count_chars(text, c);
    for (size_t i = 0, n; i < text.len; i += n ? n : 1) {
        n = word_length(text.ptr + i, text.len - i);
        if (n && !add(c, text.ptr + i, n))
            return false;
    }
    return true;
}

/* ---- the answer ---- */

/* The most frequent first; of those alike, by their bytes. */
static int by_count(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static size_t letters(const struct word *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->len; i++)
        n += ((unsigned char)w->ptr[i] & 0xc0) != 0x80;
    return n;
}

/* The table becomes a list of what is long enough. */
static size_t sort(struct counts *c, int64_t least)
{
    size_t n = 0;
    for (size_t i = 0; i < c->room; i++)
        if (c->table[i].count && (int64_t)letters(&c->table[i]) >= least)
            c->table[n++] = c->table[i];
    if (n)
        qsort(c->table, n, sizeof *c->table, by_count);
    return n;
}

static void write_counts(struct cordon_out *out, struct counts *c, const struct options *o)
{
    size_t n = sort(c, o->least);
    cordon_out_object(out);
    cordon_out_key(out, "lines");
    cordon_out_int(out, (int64_t)c->lines);
    cordon_out_key(out, "words");
    cordon_out_int(out, (int64_t)c->words);
    cordon_out_key(out, "characters");
    cordon_out_int(out, (int64_t)c->chars);
    cordon_out_key(out, "different");
    cordon_out_int(out, (int64_t)c->used);
    cordon_out_key(out, "top");
    cordon_out_array(out);
    for (size_t i = 0; i < n && (int64_t)i < o->top; i++) {
        cordon_out_object(out);
        cordon_out_key(out, "word");
        cordon_out_text(out, ((struct cordon_text){(char *)c->table[i].ptr, c->table[i].len}));
        cordon_out_key(out, "count");
        cordon_out_int(out, (int64_t)c->table[i].count);
        cordon_out_end(out);
    }
    cordon_out_end(out);
    cordon_out_end(out);
}

/* ---- the input ---- */

static bool read_options(struct cordon_json input, struct options *ret, skill_plugin_string_t *err)
{
    *ret = (struct options){.top = TOP, .least = 1};
    return cordon_take_only(input, err, "text", "file", "top", "least", "case") && cordon_take_int(input, "top", 0, TOP_MAX, &ret->top, err) &&
           cordon_take_int(input, "least", 1, LEAST_MAX, &ret->least, err) && cordon_take_bool(input, "case", &ret->keeps_case, err);
}

static bool read_text(struct cordon_json input, struct cordon_text *ret, skill_plugin_string_t *err)
{
    struct cordon_text file = {0};
    if (!cordon_take_text(input, "text", ret, err) || !cordon_take_text(input, "file", &file, err))
        return false;
    if (!cordon_json_get(input, "text").at == !file.len)
        return cordon_fail(err, "one of text and file is expected");
    return !file.len || cordon_read_file(file, ret, err);
}

bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    struct cordon_json json;
    struct options options;
    struct cordon_text text = {0};
    struct counts counts = {0};
    struct cordon_out out = {0};
    if (!cordon_json(input, &json, err) || !read_options(json, &options, err) || !read_text(json, &text, err))
        return false;
    if (!options.keeps_case)
        lower(text);
    if (!count(text, &counts))
        return cordon_fail(err, "the text has too many different words for the memory of this call (%zu)", counts.used);
    cordon_log("info", "%llu words, %zu of them different", (unsigned long long)counts.words, counts.used);
    write_counts(&out, &counts, &options);
    return cordon_done(&out, ret, err);
}
