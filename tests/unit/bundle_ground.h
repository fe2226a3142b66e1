/* SPDX-License-Identifier: Apache-2.0
 * What the tests of bundles share: a folder of their own with a staging folder and a source in it. */
#pragma once
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"
#include "bundle/bundle.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], staging[96], source[96];

static inline const char *in_root(const char *name)
{
    static char path[8][512];
    static unsigned next;
    char *at = path[next++ % 8];
    snprintf(at, sizeof *path, "%s/%s", root, name);
    return at;
}

static inline void make_ground(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(staging, sizeof staging, "%s/home/staging", root);
    snprintf(source, sizeof source, "%s/source", root);
    ck_assert_int_eq(mkdir(source, 0755), 0);
}

static inline void remove_ground(void) { scratch_remove(strdup(root)); }

/* Beneath the root, with the folders above it. */
static inline void put_bytes(const char *name, const void *data, size_t len, mode_t mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s", in_root(name));
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
}

static inline void put(const char *name, const char *text) { put_bytes(name, text, strlen(text), 0644); }

static inline void check_error(int r, enum cordon_errc code, cordon_error *err, const char *words)
{
    ck_assert_msg(r == -(int)code, "%d: %s", r, r < 0 ? cordon_error_message(err) : "no error");
    bool found = strstr(cordon_error_message(err), words) || strstr(cordon_error_hint(err), words);
    for (size_t i = 0; cordon_error_cause(err, i); i++)
        found = found || strstr(cordon_error_cause(err, i), words);
    ck_assert_msg(found, "%s\n%s\n%s", cordon_error_message(err), cordon_error_cause(err, 0), cordon_error_hint(err));
    cordon_error_free(err);
}

/* `err` is read after the call. */
#define fails_with(call, code, err, words) do { int r_ = (call); check_error(r_, (code), (err), (words)); } while (0)

static inline void holds(int r, cordon_error *err)
{
    ck_assert_msg(r >= 0, "%s: %s", r < 0 && err ? cordon_error_message(err) : "", r < 0 && err && cordon_error_cause(err, 0) ? cordon_error_cause(err, 0) : "");
}

/* The paths, each with a blank behind it. */
static inline const char *paths_of(const struct bundle *b)
{
    static char text[4096];
    text[0] = '\0';
    for (size_t i = 0; i < b->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", b->file[i].path);
    return text;
}

/* Descriptors that are open. */
static inline unsigned count_fds(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* How many folders the staging folder has. */
static inline int count_staged(void)
{
    char command[256];
    snprintf(command, sizeof command, "ls -A %s 2>/dev/null | wc -l", staging);
    cleanup_file FILE *f = popen(command, "r");
    int n = -1;
    ck_assert_int_eq(fscanf(f, "%d", &n), 1);
    pclose(take(f));
    return n;
}
