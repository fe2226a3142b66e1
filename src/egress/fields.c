/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What frames a message, and what speaks to a proxy or to the next hop alone. */
static const char *const kept[] = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "expect", "te", "trailer", "http2-settings"};

bool field_is(const struct gateway_field *f, const char *name)
{
    return strlen(name) == f->name_len && !strncasecmp(f->name, name, f->name_len);
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && (!s[i] || !strchr("!#$%&'*+-.^_`|~", s[i])))
            return false;
    return len > 0;
}

bool field_value_is_clean(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return true;
}

static const char *refuse_one(const struct gateway_field *f, bool decode)
{
    if (!is_token(f->name, f->name_len))
        return "its name has a character that no header name has";
    if (!field_value_is_clean(f->value, f->value_len))
        return "its value has a line break or another control character";
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (field_is(f, kept[i]))
            return "the gateway alone sets it";
    if (f->name_len >= 6 && !strncasecmp(f->name, "proxy-", 6))
        return "it speaks to a proxy, and the gateway alone does that";
    return decode && field_is(f, "accept-encoding") ? "the gateway alone sets it" : NULL;
}

const char *fields_refuse(const struct gateway_field *fields, size_t n, bool decode, const struct gateway_field **ret_field)
{
    size_t sum = 0;
    *ret_field = NULL;
    if (n > GATEWAY_FIELDS_MAX)
        return "there are more than 128 of them";
    for (size_t i = 0; i < n; i++) {
        const char *why = refuse_one(&fields[i], decode);
        if (why) {
            *ret_field = &fields[i];
            return why;
        }
        if (fields[i].name_len > GATEWAY_FIELD_BYTES_MAX - sum || fields[i].value_len > GATEWAY_FIELD_BYTES_MAX - sum - fields[i].name_len)
            return "together they are longer than 64 KiB";
        sum += fields[i].name_len + fields[i].value_len;
    }
    return NULL;
}

/* ---- answers ---- */

void answer_init(struct answer *a)
{
    a->status = 0;
    a->n = a->bytes = 0;
    buf_init(&a->text, GATEWAY_FIELD_BYTES_MAX);
}

void answer_finish(struct answer *a)
{
    buf_finish(&a->text);
    a->n = 0;
    a->status = 0;
}

/* "HTTP/1.1 200 OK": a new answer begins, and what an interim one said is forgotten. */
static enum answer_line take_status(struct answer *a, const char *line, size_t len)
{
    const char *blank = memchr(line, ' ', len);
    size_t at = blank ? (size_t)(blank - line) + 1 : len;
    buf_cut(&a->text, 0);
    a->n = 0;
    if (len < at + 3 || !isdigit((unsigned char)line[at]) || !isdigit((unsigned char)line[at + 1]) || !isdigit((unsigned char)line[at + 2]))
        return ANSWER_BAD;
    a->status = (unsigned)(line[at] - '0') * 100 + (unsigned)(line[at + 1] - '0') * 10 + (unsigned)(line[at + 2] - '0');
    return a->status < 100 || a->status > 599 || a->status == 101 ? ANSWER_BAD : ANSWER_MORE; /* nobody asked to switch protocols */
}

static void trim(const char **s, size_t *len)
{
    while (*len > 0 && ((*s)[0] == ' ' || (*s)[0] == '\t')) {
        (*s)++;
        (*len)--;
    }
    while (*len > 0 && ((*s)[*len - 1] == ' ' || (*s)[*len - 1] == '\t'))
        (*len)--;
}

/* A line that goes on from the one before, as old servers write it. */
static enum answer_line take_rest(struct answer *a, const char *line, size_t len)
{
    trim(&line, &len);
    if (a->n == 0 || !field_value_is_clean(line, len))
        return ANSWER_BAD;
    if (buf_addc(&a->text, ' ') < 0 || buf_add(&a->text, line, len) < 0)
        return ANSWER_TOO_LARGE;
    a->at[a->n - 1].end = (uint32_t)a->text.len;
    return ANSWER_MORE;
}

static enum answer_line take_field(struct answer *a, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : 0, value_len = colon ? len - name_len - 1 : 0;
    if (!is_token(line, name_len))
        return ANSWER_BAD;
    const char *value = colon + 1;
    trim(&value, &value_len);
    if (!field_value_is_clean(value, value_len))
        return ANSWER_BAD;
    if (a->n == GATEWAY_FIELDS_MAX)
        return ANSWER_TOO_LARGE;
    uint32_t at = (uint32_t)a->text.len;
    for (size_t i = 0; i < name_len; i++)
        buf_addc(&a->text, (char)tolower((unsigned char)line[i]));
    if (buf_add(&a->text, value, value_len) < 0)
        return ANSWER_TOO_LARGE;
    a->at[a->n].name = at;
    a->at[a->n].value = at + (uint32_t)name_len;
    a->at[a->n].end = (uint32_t)a->text.len;
    a->n++;
    return ANSWER_MORE;
}

enum answer_line answer_take(struct answer *a, const char *line, size_t len)
{
    if (len > GATEWAY_FIELD_BYTES_MAX - a->bytes)
        return ANSWER_TOO_LARGE;
    a->bytes += len;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    if (len >= 5 && !memcmp(line, "HTTP/", 5))
        return take_status(a, line, len);
    if (len == 0)
        return a->status >= 200 ? ANSWER_WHOLE : a->status ? ANSWER_MORE : ANSWER_BAD;
    return line[0] == ' ' || line[0] == '\t' ? take_rest(a, line, len) : take_field(a, line, len);
}

size_t answer_fields(const struct answer *a, struct gateway_field ret[GATEWAY_FIELDS_MAX])
{
    for (size_t i = 0; i < a->n; i++)
        ret[i] = (struct gateway_field){.name = a->text.data + a->at[i].name, .name_len = a->at[i].value - a->at[i].name,
                                        .value = a->text.data + a->at[i].value, .value_len = a->at[i].end - a->at[i].value};
    return a->n;
}

char *answer_value(const struct answer *a, const char *name)
{
    struct gateway_field fields[GATEWAY_FIELDS_MAX];
    size_t n = answer_fields(a, fields);
    for (size_t i = 0; i < n; i++)
        if (field_is(&fields[i], name))
            return strndup(fields[i].value, fields[i].value_len);
    return NULL;
}
