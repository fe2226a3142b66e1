/* SPDX-License-Identifier: Apache-2.0
 *
 * requirements.txt. What is accepted is printed for pip as plain lines of packages, versions and digests, whatever the file looked like; and read again it is the same. */
#include "fuzz.h"

#include "author/python_lock.h"

#include <ctype.h>

static bool is_word(char c) { return isalnum((unsigned char)c) || (c && strchr("._-!+=", c)); }

/* NAME==VERSION, then a digest or more: nothing that pip takes for an option, an address, a path or a variable. */
static void check_line(char *line)
{
    char *rest = line, *word = strsep(&rest, " "), *version = strstr(word, "==");
    HOLDS(isalnum((unsigned char)*word) && version && isalnum((unsigned char)version[2]) && rest);
    for (const char *c = word; *c; c++)
        HOLDS(is_word(*c));
    HOLDS(!strchr(version + 2, '='));
    while ((word = strsep(&rest, " "))) {
        HOLDS(strncmp(word, "--hash=sha256:", 14) == 0 && strlen(word + 14) == 64 && strspn(word + 14, "0123456789abcdef") == 64);
    }
}

static void check_lines(const struct buf *printed)
{
    char *copy = strdup(printed->data), *rest = copy, *line;
    HOLDS(copy && printed->len > 0 && printed->data[printed->len - 1] == '\n' && strlen(printed->data) == printed->len);
    while ((line = strsep(&rest, "\n")))
        if (*line || rest)
            check_line(line);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cordon_error *err = NULL;
    struct buf once, again;
    json_t *items = json_array();
    buf_init(&once, 1 << 22);
    buf_init(&again, 1 << 22);
    int rc = python_lock_check(PYTHON_LOCK, (const char *)data, size, items, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_MANIFEST);
        fuzz_check_error(rc, err);
    } else if (size < 1 << 20) {
        HOLDS(json_array_size(items) > 0);
        HOLDS(python_lock_print((const char *)data, size, &once, NULL) == 0);
        check_lines(&once);
        HOLDS(python_lock_print(once.data, once.len, &again, NULL) == 0);
        HOLDS(strcmp(once.data, again.data) == 0);
    }
    json_decref(items);
    buf_finish(&once);
    buf_finish(&again);
    return 0;
}
