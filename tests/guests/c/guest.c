/* SPDX-License-Identifier: Apache-2.0
 *
 * The guest in C, with what the C library offers: an input is a verb and its argument. */
#include "guest.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_MAX = 256 };

static bool answer(guest_string_t *ret, const char *text)
{
    guest_string_dup(ret, text);
    return true;
}

/* What the last call of the C library failed with: an answer like any other. */
static bool failure(guest_string_t *ret) { return answer(ret, strerror(errno)); }

static bool upper(char *text, guest_string_t *ret)
{
    guest_string_t level, line;
    char said[ANSWER_MAX];
    snprintf(said, sizeof said, "upper of %zu", strlen(text));
    guest_string_set(&level, "info");
    guest_string_set(&line, said);
    boternity_skill_host_log(&level, &line);
    for (char *c = text; *c; c++)
        *c = (char)toupper(*c);
    return answer(ret, text);
}

static bool context(guest_string_t *ret)
{
    boternity_skill_host_skill_context_t found;
    char text[ANSWER_MAX];
    boternity_skill_host_get_context(&found);
    snprintf(text, sizeof text, "%.*s %zu", (int)found.skill_name.len, (const char *)found.skill_name.ptr, found.invocation_id.len);
    boternity_skill_host_skill_context_free(&found);
    return answer(ret, text);
}

static bool read_file(const char *path, guest_string_t *ret)
{
    char text[ANSWER_MAX];
    FILE *f = fopen(path, "r");
    if (!f)
        return failure(ret);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return answer(ret, text);
}

static bool write_file(const char *path, guest_string_t *ret)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return failure(ret);
    fputs("x", f);
    return fclose(f) == 0 ? answer(ret, "written") : failure(ret);
}

static bool list(const char *path, guest_string_t *ret)
{
    int n = 0;
    char text[ANSWER_MAX];
    DIR *folder = opendir(path);
    if (!folder)
        return failure(ret);
    while (readdir(folder))
        n++;
    closedir(folder);
    snprintf(text, sizeof text, "%d", n);
    return answer(ret, text);
}

static bool number(guest_string_t *ret, long long n)
{
    char text[ANSWER_MAX];
    snprintf(text, sizeof text, "%lld", n);
    return answer(ret, text);
}

static bool random_number(guest_string_t *ret)
{
    unsigned n = 0;
    return getentropy(&n, sizeof n) == 0 ? number(ret, n) : failure(ret);
}

static long long variables(void)
{
    long long n = 0;
    while (environ && environ[n])
        n++;
    return n;
}

static bool say(const char *text, guest_string_t *ret)
{
    fprintf(stderr, "%s\n", text);
    return answer(ret, "said");
}

static void spin(void)
{
    for (volatile unsigned n = 0;; n++)
        continue;
}

static void hog(void)
{
    for (;;) {
        char *volatile kept = malloc(1 << 20);
        if (!kept)
            abort();
        memset(kept, 1, 1 << 20);
    }
}

static int deep(volatile int n) { return n < 0 ? 0 : deep(n + 1) + n; }

static bool execute(const char *verb, char *argument, guest_string_t *ret, guest_string_t *err)
{
    if (!strcmp(verb, "echo"))
        return answer(ret, argument);
    if (!strcmp(verb, "upper"))
        return upper(argument, ret);
    if (!strcmp(verb, "context"))
        return context(ret);
    if (!strcmp(verb, "read"))
        return read_file(argument, ret);
    if (!strcmp(verb, "write"))
        return write_file(argument, ret);
    if (!strcmp(verb, "list"))
        return list(argument, ret);
    if (!strcmp(verb, "say"))
        return say(argument, ret);
    if (!strcmp(verb, "env"))
        return number(ret, variables());
    if (!strcmp(verb, "clock"))
        return number(ret, time(NULL));
    if (!strcmp(verb, "random"))
        return random_number(ret);
    if (!strcmp(verb, "deep"))
        return number(ret, deep(0));
    if (!strcmp(verb, "fetch")) {
        guest_string_t url;
        guest_string_set(&url, argument);
        return boternity_skill_host_http_get(&url, ret, err);
    }
    if (!strcmp(verb, "spin"))
        spin();
    if (!strcmp(verb, "hog"))
        hog();
    if (!strcmp(verb, "panic")) {
        fprintf(stderr, "guest: %s\n", argument);
        abort();
    }
    char text[ANSWER_MAX];
    snprintf(text, sizeof text, "no verb %s", verb);
    guest_string_dup(err, strcmp(verb, "fail") ? text : argument);
    return false;
}

void exports_guest_get_name(guest_string_t *ret) { guest_string_dup(ret, "guest"); }

void exports_guest_get_description(guest_string_t *ret) { guest_string_dup(ret, "Does what its input says."); }

bool exports_guest_execute(guest_string_t *input, guest_string_t *ret, guest_string_t *err)
{
    char *verb = strndup((const char *)input->ptr, input->len);
    if (!verb)
        abort();
    char *argument = strchr(verb, ' ');
    if (argument)
        *argument++ = 0;
    bool ok = execute(verb, argument ? argument : verb + strlen(verb), ret, err);
    free(verb);
    guest_string_free(input);
    return ok;
}

bool exports_guest_measure(guest_string_t *text, guest_report_t *ret, guest_string_t *err)
{
    const char *longest = NULL, *end = (const char *)text->ptr + text->len;
    size_t length = 0;
    ret->words = 0;
    for (const char *at = (const char *)text->ptr; at < end;) {
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        size_t n = (size_t)((stop ? stop : end) - at);
        ret->words += n > 0;
        if (n > length) {
            longest = at;
            length = n;
        }
        at += n + 1;
    }
    if (longest)
        guest_string_dup_n(&ret->longest, longest, length);
    else
        guest_string_dup(err, "there are no words");
    guest_string_free(text);
    return longest != NULL;
}
