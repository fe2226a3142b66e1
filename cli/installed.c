/* SPDX-License-Identifier: Apache-2.0 */
#include "installed.h"

#include "cleanup.h"
#include <string.h>

enum { TEXT_MAX = 4096, CELL_MAX = 300 };

void installed_field(const char *label, const char *text)
{
    if (!*text)
        return;
    printf("%-12s", label);
    print_guest(stdout, text, TEXT_MAX);
    putchar('\n');
}

void installed_cell(const char *text, int width)
{
    cleanup_text char *shown = cordon_escape(text, strnlen(text, CELL_MAX), false);
    printf("%-*s%s", width, shown ? shown : "", width ? "  " : "");
}

/* "  read files beneath /data  (read=/data; uid 1000, install, 2026-01-02T03:04:05Z)" */
static void print_grant(const json_t *g)
{
    fputs("  ", stdout);
    print_guest(stdout, *text_of(g, "words") ? text_of(g, "words") : text_of(g, "grant"), TEXT_MAX);
    fputs("  (", stdout);
    print_guest(stdout, text_of(g, "grant"), TEXT_MAX);
    if (*text_of(g, "by"))
        printf("; %s, %s, %s", text_of(g, "by"), text_of(g, "how"), text_of(g, "at"));
    if (json_is_false(json_object_get(g, "asked")))
        fputs("; not asked for, so never used", stdout);
    puts(")");
}

static void print_grants(const json_t *about, const char *key, const char *label, const char *none)
{
    const json_t *list = json_object_get(about, key);
    size_t i;
    json_t *g;
    if (!json_array_size(list)) {
        printf("%-12s%s\n", label, none);
        return;
    }
    puts(label);
    json_array_foreach(list, i, g)
        print_grant(g);
}

static void print_publisher(const json_t *about)
{
    const char *key = text_of(about, "publisher"), *standing = text_of(about, "standing");
    if (!*key) {
        installed_field("signed", "by nobody");
        return;
    }
    printf("%-12sby %s: %s\n", "signed", key,
           strcmp(standing, "trusted") == 0       ? "a key that is trusted for it"
           : strcmp(standing, "unknown-key") == 0 ? "a key that is not trusted for it (cordon key trust)"
                                                  : "the signature does not hold");
}

static void print_versions(const json_t *about)
{
    size_t i;
    json_t *v;
    printf("%-12s%s", "version", text_of(about, "version"));
    const json_t *kept = json_object_get(about, "versions");
    if (json_array_size(kept) > 1) {
        fputs("  (kept: ", stdout);
        json_array_foreach(kept, i, v) {
            fputs(i ? ", " : "", stdout);
            print_guest(stdout, json_string_value(v), 128);
        }
        putchar(')');
    }
    putchar('\n');
}

void installed_print(const json_t *about)
{
    print_versions(about);
    installed_field("about", text_of(about, "description"));
    installed_field("author", text_of(about, "author"));
    installed_field("source", text_of(about, "source"));
    print_publisher(about);
    installed_field("bundle", text_of(about, "digest"));
    installed_field("files", text_of(about, "path"));
    if (json_is_array(json_object_get(about, "asks")))
        print_grants(about, "asks", "asks to", "nothing");
    print_grants(about, "grants", "granted", "nothing");
}

void installed_print_limits(const json_t *about)
{
    const json_t *limits = json_object_get(about, "limits");
    puts("limits");
    for (int i = 0; i < CORDON_LIMIT_COUNT; i++) {
        const json_t *l = json_object_get(limits, cordon_limit_name((enum cordon_limit)i));
        if (l)
            printf("  %-16s%-12s%s\n", cordon_limit_name((enum cordon_limit)i), text_of(l, "text"), text_of(l, "origin"));
    }
}
