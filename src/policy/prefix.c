/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/prefix.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* One character of a path in canonical form. */
struct prefix_char {
    char text[3];
    size_t len, used;
};

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
}

static const char *next_encoded(const char *s, struct prefix_char *ret)
{
    static const char hex[] = "0123456789ABCDEF";
    int high = hex_value(s[1]), low = high < 0 ? -1 : hex_value(s[2]);
    if (low < 0)
        return "the path has a % that is not followed by two hexadecimal digits";
    char c = (char)(high << 4 | low);
    if (c == '/' || c == '\\' || c == '.' || c == '\0')
        return "the path has an encoded slash, backslash, dot or NUL, which servers read in different ways";
    if (is_unreserved(c))
        *ret = (struct prefix_char){{c}, 1, 3};
    else
        *ret = (struct prefix_char){{'%', hex[high], hex[low]}, 3, 3};
    return NULL;
}

static const char *next_char(const char *s, struct prefix_char *ret)
{
    if (*s == '%')
        return next_encoded(s, ret);
    if (*s == '\\')
        return "the path has a backslash, which servers read in different ways";
    if (*s == '?' || *s == '#')
        return "a query or fragment cannot be granted, only a path";
    if (!is_unreserved(*s) && !strchr("/!$&'()*+,;=:@", *s))
        return "the path has a character that must be percent-encoded";
    *ret = (struct prefix_char){{*s}, 1, 1};
    return NULL;
}

static bool ends_segment(const char *s)
{
    return !*s || *s == '/' || *s == ';' || strncasecmp(s, "%3B", 3) == 0;
}

/* `s` starts after a slash. Parameters after a `;` do not hide a dot segment: some servers drop them before they look, and one that decodes hands `%3B` on as `;`. */
static bool is_dot_segment(const char *s)
{
    size_t n = strspn(s, ".");
    return (n == 1 || n == 2) && ends_segment(s + n);
}

const char *prefix_parse(const char *s, char *ret)
{
    size_t n = 0;
    while (*s) {
        struct prefix_char c;
        const char *why = next_char(s, &c);
        if (why)
            return why;
        if (*s == '/' && is_dot_segment(s + 1))
            return "the path has a dot segment: write where it leads";
        if (*s == '/' && s[1] == '/')
            return "the path has an empty segment (two slashes together)";
        memcpy(ret + n, c.text, c.len);
        n += c.len;
        s += c.used;
    }
    if (n > 0 && ret[n - 1] == '/')
        n--;
    ret[n] = '\0';
    return NULL;
}

bool prefix_covers(const char *prefix, const char *path)
{
    bool inside = false; /* past the whole prefix; the rest is read on, as it must be clean too */
    if (*path != '/')
        return false;
    while (*path) {
        struct prefix_char c;
        if (next_char(path, &c) || (*path == '/' && is_dot_segment(path + 1)))
            return false;
        if (!*prefix && *path == '/')
            inside = true;
        if (!inside && strncmp(prefix, c.text, c.len) != 0)
            return false;
        prefix += inside ? 0 : c.len;
        path += c.used;
    }
    return inside || !*prefix;
}
