/* SPDX-License-Identifier: Apache-2.0
 * A home of a test's own, and what is installed in it by hand. */
#pragma once
#include "base/cleanup.h"
#include "base/scratch.h"
#include "registry/registry.h"
#include "trust/trust.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char ground_root[64], ground_home[96];

static inline void ground_setup(void)
{
    strcpy(ground_root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ground_root));
    snprintf(ground_home, sizeof ground_home, "%s/home", ground_root);
}

static inline void ground_teardown(void) { scratch_remove(strdup(ground_root)); }

static inline struct registry *ground_open(enum registry_mode mode)
{
    struct registry *r = NULL;
    cordon_error *err = NULL;
    int rc = registry_open(ground_home, mode, &r, &err);
    ck_assert_msg(rc >= 0, "%s", err ? cordon_error_message(err) : "");
    return rc ? r : NULL;
}

static inline void ground_commit(struct registry *r)
{
    cordon_error *err = NULL;
    ck_assert_msg(registry_commit(r, &err) == 0, "%s", err ? cordon_error_message(err) : "");
    registry_close(r);
}

/* A staged bundle of one file; its digest is `mark`, 32 times. */
static inline char *ground_stage(uint8_t mark)
{
    char *staging = NULL, *path = NULL, file[256];
    ck_assert_int_eq(registry_staging(ground_home, &staging, NULL), 0);
    ck_assert_int_gt(asprintf(&path, "%s/bundle-%u", staging, mark), 0);
    free(staging);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(file, sizeof file, "%s/skill.wasm", path);
    FILE *f = fopen(file, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "bundle %u", mark);
    fclose(f);
    return path;
}

/* What a test may change before it is put. Everything is static or the caller's. */
static inline struct registry_version ground_version(const char *name, const char *version, uint8_t mark)
{
    struct registry_version v = {.name = (char *)name, .signed_name = (char *)name, .version = (char *)version, .description = (char *)"does things",
                                 .source = (char *)"https://example.org/x.tar.gz", .kind = REGISTRY_CODE, .tier = CORDON_TIER_VERIFIED, .format = (char *)"skill.toml",
                                 .manifest = (char *)"[skill]\nname = \"x\"\n", .entry = (char *)"skill.wasm",
                                 .capabilities = (char *)"{\"network\":{\"domains\":[]},\"filesystem\":null,\"env\":[]}"};
    memset(v.bundle, mark, sizeof v.bundle);
    memset(v.artifact, 0xa0, sizeof v.artifact);
    memset(v.code, 0xc0, sizeof v.code);
    return v;
}

static inline void ground_put(struct registry *r, const struct registry_version *v)
{
    cordon_error *err = NULL;
    int rc = registry_put(r, v, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
}

static inline void ground_install(const char *name, const char *version, uint8_t mark)
{
    cleanup_free char *staged = ground_stage(mark);
    struct registry *r = ground_open(REGISTRY_WRITE);
    struct registry_version v = ground_version(name, version, mark);
    ck_assert_int_eq(registry_store_add(r, staged, v.bundle, NULL), 0);
    ground_put(r, &v);
    ground_commit(r);
}

/* The version in force; "" if there is none. */
static inline const char *ground_now(const char *name)
{
    static char version[64];
    struct registry *r = ground_open(REGISTRY_READ);
    struct registry_version v = {0};
    version[0] = '\0';
    if (r && registry_get(r, name, NULL, &v, NULL) > 0)
        snprintf(version, sizeof version, "%s", v.version);
    registry_version_finish(&v);
    registry_close(r);
    return version;
}

/* How many folders are in HOME/`name`. */
static inline int ground_count(const char *name)
{
    char command[256];
    int n = -1;
    snprintf(command, sizeof command, "ls -A %s/%s 2>/dev/null | wc -l", ground_home, name);
    FILE *f = popen(command, "r");
    ck_assert_int_eq(fscanf(f, "%d", &n), 1);
    pclose(f);
    return n;
}
