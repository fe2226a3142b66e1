/* SPDX-License-Identifier: Apache-2.0
 * Installing by hand: a bundle into the store and its row into the registry, without anything that `cordon install` asks or checks. */
#pragma once
#include "base/cleanup.h"
#include "bundle/bundle.h"
#include "registry/registry.h"
#include "trust/trust.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a test may say of it; all borrowed. */
struct hand {
    const char *home, *name, *version;
    const char *file;               /* the code, or a folder */
    const char *source, *format, *manifest, *asks, *description, *body;
    const char *entry;              /* NULL: skill.wasm */
    enum registry_kind kind;
    enum cordon_tier tier;
    uint64_t limit[CORDON_LIMIT_COUNT];
    const char *grant[16];          /* as the registry keeps them */
    const struct trust_secret *key; /* NULL: unsigned */
};

static inline void hand_check(int rc, cordon_error *err)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "by hand: %s\n", err ? cordon_error_message(err) : "failed");
    abort();
}

static inline void hand_stage(const struct hand *h, const char *staging, struct bundle *ret)
{
    cordon_error *err = NULL;
    struct stat st;
    cleanup_fd int fd = open(h->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        hand_check(-1, NULL);
    hand_check(S_ISDIR(st.st_mode) ? bundle_stage_folder(staging, h->file, ret, &err) : bundle_stage_file(staging, fd, "skill.wasm", ret, &err), err);
}

static inline void hand_digests(const struct hand *h, const struct bundle *b, struct registry_version *v)
{
    cordon_error *err = NULL;
    cleanup_free char *bytes = NULL;
    size_t len;
    memcpy(v->bundle, b->digest, sizeof v->bundle);
    if (!v->entry)
        return;
    hand_check(bundle_load(b, v->entry, BUNDLE_BYTES_MAX, &bytes, &len, &err), err);
    crypto_hash_sha256(v->artifact, (const uint8_t *)bytes, len);
    crypto_generichash(v->code, sizeof v->code, (const uint8_t *)bytes, len, NULL, 0);
    (void)h;
}

static inline void hand_install(const struct hand *h)
{
    cordon_error *err = NULL;
    cleanup_free char *staging = NULL;
    struct bundle b = BUNDLE_NONE;
    struct registry *r = NULL;
    hand_check(registry_staging(h->home, &staging, &err), err);
    hand_stage(h, staging, &b);
    struct registry_version v = {.name = (char *)h->name, .signed_name = (char *)h->name, .version = (char *)h->version, .description = (char *)(h->description ? h->description : ""),
                                 .source = (char *)(h->source ? h->source : h->file), .kind = h->kind, .tier = h->tier, .format = (char *)h->format,
                                 .manifest = (char *)h->manifest, .entry = (char *)(h->kind == REGISTRY_CODE ? h->entry ? h->entry : "skill.wasm" : h->entry),
                                 .body = (char *)h->body, .asks = (char *)h->asks, .capabilities = (char *)"{\"network\":null,\"filesystem\":null,\"env\":[]}"};
    memcpy(v.limit, h->limit, sizeof v.limit);
    hand_digests(h, &b, &v);
    if (h->key) {
        struct trust_signature sig;
        hand_check(trust_sign(h->key, v.signed_name, v.version, v.bundle, &sig, &err), err);
        memcpy(v.signature, sig.signature, sizeof v.signature);
        strcpy(v.publisher, sig.publisher.id);
    }
    hand_check(bundle_settle(&b, &err), err);
    hand_check(registry_open(h->home, REGISTRY_WRITE, &r, &err), err);
    hand_check(registry_store_add(r, b.path, b.digest, &err), err);
    hand_check(registry_put(r, &v, &err), err);
    for (int i = 0; i < 16 && h->grant[i]; i++)
        hand_check(registry_grant(r, &v, h->grant[i], NULL, "install", &err), err);
    hand_check(registry_commit(r, &err), err);
    registry_close(r);
    bundle_finish(&b);
}
