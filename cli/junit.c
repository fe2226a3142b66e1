/* SPDX-License-Identifier: Apache-2.0 */
#include "junit.h"

#include "cleanup.h"
#include "report.h"
#include "whole.h"
#include <string.h>

enum { ANSWER_SHOWN = 4096 };

/* Control characters are escaped before; U+FFFE and U+FFFF, of which XML has none, become `?`. */
static void put_escaped(FILE *f, const char *text)
{
    for (const char *s = text; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        default:
            if (strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0) {
                putc('?', f);
                s += 2;
            } else
                putc(*s, f);
        }
}

static void put_text(FILE *f, const char *text)
{
    cleanup_text char *shown = cordon_escape(text, strlen(text), false);
    put_escaped(f, shown ? shown : "(out of memory)");
}

static double seconds(const json_t *row)
{
    return (double)json_integer_value(json_object_get(row, "wall_us")) / 1e6;
}

static void put_failure(FILE *f, const json_t *row)
{
    const json_t *answer = json_object_get(row, "answer");
    cleanup_free char *json = json_is_null(answer) || !answer ? NULL : json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    fputs("<failure message=\"", f);
    put_text(f, text_of(row, "why"));
    fputs("\">outcome: ", f);
    put_text(f, text_of(row, "outcome"));
    if (json) {
        cleanup_free char *cut = strndup(json, ANSWER_SHOWN);
        fputs("\nanswered: ", f);
        put_text(f, cut ? cut : "");
    }
    fputs("</failure>", f);
}

static void put_case(FILE *f, const char *suite, const json_t *row)
{
    fputs("    <testcase classname=\"", f);
    put_text(f, suite);
    fputs("\" name=\"", f);
    put_text(f, text_of(row, "name"));
    fprintf(f, "\" time=\"%.6f\">", seconds(row));
    if (!json_is_true(json_object_get(row, "passed")))
        put_failure(f, row);
    fputs("</testcase>\n", f);
}

static void put_suite(FILE *f, const char *suite, const json_t *rows)
{
    const json_t *row;
    size_t i, failed = 0;
    double total = 0;
    json_array_foreach(rows, i, row) {
        failed += !json_is_true(json_object_get(row, "passed"));
        total += seconds(row);
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"", f);
    put_text(f, suite);
    fprintf(f, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"%.6f\">\n", json_array_size(rows), failed, total);
    json_array_foreach(rows, i, row)
        put_case(f, suite, row);
    fputs("  </testsuite>\n</testsuites>\n", f);
}

int junit_write(const char *path, const char *suite, const json_t *rows, cordon_error **err)
{
    cleanup_free char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f)
        put_suite(f, suite, rows);
    if (!f || fclose(f) != 0)
        return cordon_error_set(err, CORDON_E_NO_RESOURCES, NULL, NULL, "out of memory");
    return whole_write(path, text, len, err);
}
