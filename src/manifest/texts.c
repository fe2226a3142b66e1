/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/texts.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

enum { ELLIPSIS_LEN = 3 };

int texts_add(struct manifest_list *l, const char *text, cordon_error **err)
{
    cleanup_free char *copy = text ? strdup(text) : NULL;
    char **more = copy ? realloc(l->item, (l->n + 1) * sizeof *more) : NULL;
    if (!more)
        return err_nomem(err);
    l->item = more;
    more[l->n++] = take(copy);
    return 0;
}

/* ---- names ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool text_is_name(const char *s)
{
    for (const char *c = s; *c; c++)
        if (!is_letter(*c) && !is_digit(*c) && *c != '-' && *c != '_')
            return false;
    return *s;
}

bool text_is_slug(const char *s)
{
    for (const char *c = s; *c; c++)
        if (!is_lower(*c) && !is_digit(*c) && *c != '-')
            return false;
    return *s && s[0] != '-' && s[strlen(s) - 1] != '-';
}

/* ---- versions ---- */

/* A number without leading zeros; moves *s past it. */
static bool skip_number(const char **s)
{
    enum { DIGITS_MAX = 18 };
    size_t n = strspn(*s, "0123456789");
    bool is = n > 0 && n <= DIGITS_MAX && (n == 1 || (*s)[0] != '0');
    *s += n;
    return is;
}

/* Identifiers with dots between; of a pre-release, numbers have no leading zeros. */
static bool skip_identifiers(const char **s, bool is_pre)
{
    for (;;) {
        size_t n = 0, digits = strspn(*s, "0123456789");
        while (is_letter((*s)[n]) || is_digit((*s)[n]) || (*s)[n] == '-')
            n++;
        if (n == 0 || (is_pre && n == digits && n > 1 && (*s)[0] == '0'))
            return false;
        *s += n;
        if (**s != '.')
            return true;
        (*s)++;
    }
}

static bool skip_char(const char **s, char c)
{
    bool is = **s == c;
    *s += is;
    return is;
}

static bool skip_numbers(const char **s, int n)
{
    for (int i = 0; i < n; i++)
        if ((i > 0 && !skip_char(s, '.')) || !skip_number(s))
            return false;
    return true;
}

bool text_is_version(const char *s)
{
    if (!skip_numbers(&s, 3) || (skip_char(&s, '-') && !skip_identifiers(&s, true)))
        return false;
    return !(skip_char(&s, '+') && !skip_identifiers(&s, false)) && !*s;
}

/* "1" and "1.0" as whole versions; NULL for what is none. The caller frees. */
static char *completed(const char *s)
{
    char *whole = NULL;
    for (int n = 1; n <= 2; n++) {
        const char *end = s;
        if (skip_numbers(&end, n) && !*end)
            return asprintf(&whole, "%s%s", s, n == 1 ? ".0.0" : ".0") < 0 ? NULL : whole;
    }
    return NULL;
}

int take_version(const struct reading *r, const json_t *node, const char *path, bool strict, char **ret)
{
    const char *s = node_is(node, "string") ? node_text(node) : NULL;
    if (!s)
        return node_refuse_type(r, node, path, "a text such as \"1.0.0\"");
    char *version = strlen(s) > MANIFEST_VERSION_MAX ? NULL : text_is_version(s) ? strdup(s) : strict ? NULL : completed(s);
    if (!version) {
        int rc = node_refuse(r, node, path, "%s '%.*s' is no version of the form MAJOR.MINOR.PATCH (semver.org)", path, node_shown(s), s);
        err_hint(r->err, "Write one such as \"1.0.0\" or \"1.2.0-beta.1\", of at most %d bytes.", MANIFEST_VERSION_MAX);
        return rc;
    }
    free(*ret);
    *ret = version;
    return strcmp(version, s) == 0 ? 0 : node_warn(r, node, "%s '%s' is read as %s", path, s, version);
}

/* ---- lines ---- */

static size_t count_characters(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

/* Bytes of the first `max` characters. */
static size_t cut_characters(const char *s, size_t len, size_t max)
{
    size_t at = 0;
    for (size_t n = 0; at < len; at++)
        if (((unsigned char)s[at] & 0xC0) != 0x80 && n++ == max)
            break;
    return at;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

static void join_words(struct buf *b, const char *s)
{
    while (*s) {
        size_t n = 0;
        while (is_blank(*s))
            s++;
        while (s[n] && !is_blank(s[n]))
            n++;
        if (n && b->len)
            buf_addc(b, ' ');
        text_escape(b, s, n, false);
        s += n;
    }
}

int take_line(const struct reading *r, const json_t *node, const char *path, size_t max, char **ret)
{
    const char *s = node_text(node);
    if (!s)
        return node_refuse_type(r, node, path, "a text");
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 9 * strlen(s) + 1); /* an escape takes at most nine bytes for one */
    join_words(&b, s);
    buf_addc(&b, ' '); /* so that there is something to take, even of an empty text */
    if (b.full)
        return err_nomem(r->err);
    size_t len = b.len - 1;
    bool is_long = count_characters(b.data, len) > max;
    len = is_long ? cut_characters(b.data, len, max - 1) : len;
    buf_cut(&b, len);
    char *line = malloc(len + ELLIPSIS_LEN + 1);
    if (!line)
        return err_nomem(r->err);
    memcpy(line, b.data, len);
    memcpy(line + len, is_long ? "…" : "", is_long ? ELLIPSIS_LEN + 1 : 1);
    free(*ret);
    *ret = line;
    return 0;
}

/* ---- paths ---- */

static bool is_plain(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s == 0x7F || *s == '\\')
            return false;
    return true;
}

/* The path without empty and `.` segments; false for one that leads out, or nowhere. */
static bool add_path(struct buf *b, const char *s)
{
    while (*s) {
        size_t n = strcspn(s, "/");
        if (n == 2 && s[0] == '.' && s[1] == '.')
            return false;
        if (n > 0 && !(n == 1 && s[0] == '.')) {
            if (b->len)
                buf_addc(b, '/');
            buf_add(b, s, n);
        }
        s += n + (s[n] == '/');
    }
    return b->len > 0;
}

int take_path(const struct reading *r, const json_t *node, const char *path, char **ret)
{
    const char *s = node_is(node, "string") ? node_text(node) : NULL;
    if (!s)
        return node_refuse_type(r, node, path, "a text such as \"skill.wasm\"");
    cleanup(buf_finish) struct buf b;
    buf_init(&b, MANIFEST_ENTRY_MAX);
    if (s[0] == '/' || !is_plain(s) || !add_path(&b, s) || b.full) {
        int rc = node_refuse(r, node, path, "%s '%.*s' is no path in the skill's own folder", path, node_shown(s), s);
        err_hint(r->err, "Write one such as \"skill.wasm\": relative, without `..`, of at most %d bytes.", MANIFEST_ENTRY_MAX);
        return rc;
    }
    char *taken = buf_take(&b, NULL);
    if (!taken)
        return err_nomem(r->err);
    free(*ret);
    *ret = taken;
    return 0;
}

/* ---- asks ---- */

static bool is_asked(const struct grants *asks, const struct grant *g)
{
    for (size_t i = 0; i < asks->n; i++)
        if (grant_is_same(&asks->item[i], g))
            return true;
    return false;
}

static int refuse_ask(const struct reading *r, const json_t *node, const char *path, cordon_error *why)
{
    int rc = node_refuse(r, node, path, "%s: %s", path, cordon_error_message(why));
    err_hint(r->err, "%s", cordon_error_hint(why));
    cordon_error_free(why);
    return rc;
}

int take_ask(const struct reading *r, const json_t *node, const char *path, const char *kind, const char *value)
{
    static const struct grant_source asked = {.asked = true};
    cleanup_free char *text = NULL;
    cleanup(grant_finish) struct grant one = {0};
    cordon_error *why = NULL;
    if (asprintf(&text, "%s%s%s", kind, value ? "=" : "", value ? value : "") < 0) {
        text = NULL;
        return err_nomem(r->err);
    }
    if (grant_parse(text, &asked, &one, &why) < 0)
        return refuse_ask(r, node, path, why);
    if (is_asked(r->out->asks, &one))
        return 0;
    return grants_add(&r->out->asks, &one, &why) < 0 ? refuse_ask(r, node, path, why) : 0;
}
