/* SPDX-License-Identifier: Apache-2.0
 *
 * Guest paths: what a guest says, made canonical, then led to a granted folder. The first byte says which folders there are, the rest is the path. Whatever
 * comes out has one form, is the same when it goes in again, and leads where the grants say it may.
 */
#include "fuzz.h"

#include "files/files.h"

static struct file_root root_top = {.guest = (char *)"/"}, root_data = {.guest = (char *)"/data"}, root_out = {.guest = (char *)"/data/out"},
                        root_database = {.guest = (char *)"/database"};
static struct file_root *const sets[][4] = {
    {&root_data}, {&root_database, &root_data}, {&root_data, &root_out}, {&root_out, &root_database, &root_data, &root_top}, {&root_top},
};
enum { SETS = sizeof sets / sizeof *sets };

static int by_length(const void *a, const void *b)
{
    size_t n = strlen((*(struct file_root *const *)a)->guest), m = strlen((*(struct file_root *const *)b)->guest);
    return n < m ? 1 : n > m ? -1 : 0;
}

static bool is_canonical(const char *p)
{
    if (p[0] != '/')
        return false;
    for (const char *s = p; *s; s += strcspn(s, "/")) {
        size_t n = strcspn(++s, "/");
        if ((n == 0 && strlen(p) > 1) || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
    }
    return true;
}

/* As a grant would be asked, which is how the decision is made. */
static bool is_allowed(const struct file_root *r, const char *path)
{
    const struct grant g = {.kind = GRANT_FILES, .access = FILE_READ, .guest = r->guest};
    const struct ask a = {.kind = ASK_READ, .path = path};
    return grant_allows(&g, &a);
}

static void check_found(const struct file_roots *s, const char *path)
{
    const char *rest = NULL;
    const struct file_root *found = file_roots_find(s, path, &rest);
    for (size_t i = 0; i < s->n; i++)
        if (is_allowed(s->item[i], path))
            HOLDS(found && strlen(found->guest) >= strlen(s->item[i]->guest));
    if (!found)
        return;
    HOLDS(is_allowed(found, path));
    HOLDS(rest[0] != '/' && rest >= path && rest <= path + strlen(path));
    HOLDS(strncmp(path, found->guest, strlen(found->guest)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct file_root *items[4];
    struct file_roots s = {.item = items};
    for (; s.n < 4 && sets[data[0] % SETS][s.n]; s.n++)
        items[s.n] = sets[data[0] % SETS][s.n];
    qsort(items, s.n, sizeof *items, by_length);
    char *text = malloc(size), *path = NULL, *again = NULL;
    HOLDS(text);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (file_guest_path(&s, text, size - 1, &path, NULL) == 0) {
        HOLDS(is_canonical(path) && strlen(path) <= FILE_PATH_MAX);
        HOLDS(file_guest_path(&s, path, strlen(path), &again, NULL) == 0 && strcmp(path, again) == 0);
        check_found(&s, path);
    }
    free(again);
    free(path);
    free(text);
    return 0;
}
