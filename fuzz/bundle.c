/* SPDX-License-Identifier: Apache-2.0
 * What may become the files of a bundle. `a`: the rest is an archive, taken apart as the helper does and taken in as the host does. `s`: it is what a helper says that
 * was taken over. Else two paths, a line each: what passes is a plain path, and no two that pass together are one file to anybody. */
#include "fuzz.h"

#include "base/buf.h"
#include "bundle/archive.h"
#include <strings.h>

enum { BODY_MAX = 160 << 20 };

static void check_bundle(const struct bundle *b)
{
    HOLDS(b->n && b->n <= BUNDLE_FILES_MAX && b->bytes <= BUNDLE_BYTES_MAX);
    uint64_t bytes = 0;
    for (size_t i = 0; i < b->n; i++) {
        const char *path = b->file[i].path;
        HOLDS(i == 0 || strcmp(b->file[i - 1].path, path) < 0);
        HOLDS(path[0] != '/' && strlen(path) <= BUNDLE_PATH_MAX);
        HOLDS(strncmp(path, "../", 3) && !strstr(path, "/../") && fuzz_is_harmless(path, strlen(path)));
        HOLDS(b->file[i].mode == 0644 || b->file[i].mode == 0755);
        HOLDS(bundle_find(b, path) == &b->file[i]);
        bytes += b->file[i].len;
    }
    HOLDS(bytes == b->bytes);
}

static void check_stream(const void *bytes, size_t len)
{
    struct draft d = DRAFT(false, CORDON_E_BAD_ARTIFACT);
    struct bundle b = BUNDLE_NONE;
    cordon_error *err = NULL;
    int r = archive_take(&d, bytes, len, &err);
    if (r >= 0)
        r = draft_end(&d, &b, &err);
    if (r < 0)
        fuzz_check_error(r, err);
    else
        check_bundle(&b);
    bundle_finish(&b);
    draft_finish(&d);
}

static void check_archive(const uint8_t *bytes, size_t len)
{
    struct buf meta, body;
    cordon_error *err = NULL;
    HOLDS(bundle_unpack_prepare(NULL) == 0);
    buf_init(&meta, 1024);
    buf_init(&body, BODY_MAX);
    int r = bundle_unpack_job("", bytes, len, &meta, &body, &err);
    if (r < 0)
        fuzz_check_error(r, err);
    else
        check_stream(body.data, body.len);
    buf_finish(&meta);
    buf_finish(&body);
}

static int check_path(const char *path, size_t len)
{
    cordon_error *err = NULL;
    int r = path_check(path, len, CORDON_E_BAD_ARTIFACT, &err);
    if (r < 0)
        fuzz_check_error(r, err);
    else
        HOLDS(strlen(path) == len && fuzz_is_harmless(path, len) && path[0] != '/' && len <= BUNDLE_PATH_MAX);
    return r;
}

static int take_both(const char *one, const char *two)
{
    struct taken t = {0};
    cordon_error *err = NULL;
    int r = taken_add(&t, one, CORDON_E_BAD_ARTIFACT, NULL);
    HOLDS(r == 0);
    r = taken_add(&t, two, CORDON_E_BAD_ARTIFACT, &err);
    if (r < 0)
        fuzz_check_error(r, err);
    taken_finish(&t);
    return r;
}

static void check_paths(struct feed *f)
{
    size_t one_len, two_len;
    char *one = feed_line(f, &one_len), *two = feed_rest(f, &two_len);
    int r = check_path(one, one_len), r2 = check_path(two, two_len);
    if (r >= 0 && r2 >= 0) {
        HOLDS(take_both(one, two) == take_both(two, one));
        if (!strcasecmp(one, two))
            HOLDS(take_both(one, two) < 0);
    }
    free(one);
    free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    HOLDS(draft_start(NULL) == 0);
    uint8_t what = feed_byte(&f);
    if (what == 'a' || what == 's') {
        uint8_t *exact = malloc(f.left ? f.left : 1);
        HOLDS(exact);
        memcpy(exact, f.at, f.left);
        if (what == 'a')
            check_archive(exact, f.left);
        else
            check_stream(exact, f.left);
        free(exact);
    } else {
        check_paths(&f);
    }
    return 0;
}
