/* SPDX-License-Identifier: Apache-2.0
 * From a path or bytes to a loaded skill. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/installed.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_MAX_BYTES = 128, LARGE = 1 << 20 };

/* ---- reading ---- */

struct artifact {
    const char *name;        /* for messages */
    const uint8_t *bytes;    /* NULL: not read, because the file may be known already */
    size_t len;
    uint8_t *owned;
    int fd;                  /* the file; -1: the bytes were given */
    struct stat stat;        /* the file before it was read */
    uint8_t digest[CODE_DIGEST_LEN];
};

static void artifact_finish(struct artifact *a)
{
    if (a->fd >= 0)
        close(a->fd);
    free(a->owned);
}

static int check_file(const char *path, int fd, struct stat *ret, cordon_error **err)
{
    if (fstat(fd, ret) < 0)
        return err_errno(err, errno, "look at", path);
    mode_t mode = ret->st_mode;
    if (!S_ISREG(mode))
        return err_set(err, CORDON_E_BAD_ARTIFACT, path, "%s is %s, an artifact is a file", path,
                       S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a FIFO" : S_ISCHR(mode) ? "a device" : "no regular file");
    if (ret->st_size > CODE_COMPONENT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, path, "%s has %lld bytes (ceiling %d)", path, (long long)ret->st_size, CODE_COMPONENT_MAX);
    return 0;
}

static int open_regular(const char *path, struct stat *ret, cordon_error **err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? err_set(err, CORDON_E_NOT_FOUND, path, "there is no file %s", path) : err_errno(err, errno, "open", path);
    int rc = check_file(path, fd, ret, err);
    return rc < 0 ? rc : take_fd(fd);
}

/* Reads what is there, up to the size it had: the file may grow or shrink meanwhile. */
static int read_artifact(struct artifact *a, cordon_error **err)
{
    size_t size = (size_t)a->stat.st_size;
    a->owned = malloc(size ? size : 1);
    if (!a->owned)
        return err_nomem(err);
    while (a->len < size) {
        ssize_t n = read(a->fd, a->owned + a->len, size - a->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read", a->name);
        if (n == 0)
            break;
        a->len += (size_t)n;
    }
    a->bytes = a->owned;
    return 0;
}

/* ---- checks before the helper is asked ---- */

static int check_kind(const struct artifact *a, cordon_error **err)
{
    if (a->len > CODE_COMPONENT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, a->name, "%s has %zu bytes (ceiling %d)", a->name, a->len, CODE_COMPONENT_MAX);
    switch (code_sniff(a->bytes, a->len)) {
    case CODE_EMPTY: return err_set(err, CORDON_E_BAD_ARTIFACT, a->name, "%s is empty", a->name);
    case CODE_PRECOMPILED:
        return err_set(err, CORDON_E_BAD_ARTIFACT, a->name, "%s is precompiled native code, which is never run from a file; give the component itself", a->name);
    case CODE_TEXT:
        if (a->len > CODE_TEXT_MAX)
            return err_set(err, CORDON_E_TOO_LARGE, a->name, "%s is text of %zu bytes (ceiling %d)", a->name, a->len, CODE_TEXT_MAX);
        return 0;
    case CODE_JSON:
        return a->len > CODE_STUB_MAX ? err_set(err, CORDON_E_TOO_LARGE, a->name, "%s is JSON of %zu bytes (ceiling %d)", a->name, a->len, CODE_STUB_MAX) : 0;
    case CODE_OTHER:
        return err_set(err, CORDON_E_BAD_ARTIFACT, a->name, "%s is no WebAssembly: neither component, core module nor their text form; nor is it a stub", a->name);
    default: return 0;
    }
}

/* ---- compiled code: from the cache, or made by the helper ---- */

static bool is_about_the_bytes(enum cordon_errc code)
{
    const struct cordon_error_info *info = cordon_error_info(code);
    return info && !strcmp(info->category, "artifact") && code != CORDON_E_NOT_FOUND;
}

static void remember_refusal(struct cache *cache, const struct engine *e, const uint8_t digest[CODE_DIGEST_LEN], cordon_error **err)
{
    /* A refusal that cannot be kept is found anew next time. */
    if (err && *err && is_about_the_bytes(cordon_error_code(*err)))
        cache_put_refusal(cache, e->identity, digest, *err, NULL);
}

static void sha256_text(const void *bytes, size_t len, char ret[80])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes, len);
    memcpy(ret, "sha256:", 7);
    sodium_bin2hex(ret + 7, 2 * sizeof hash + 1, hash, sizeof hash);
}

/* The helper's word on what it compiled, and ours on what it was given. */
static char *complete_meta(const char *from_helper, const struct artifact *a, cordon_error **err)
{
    char sha256[80];
    json_t *meta = json_loads(from_helper, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(meta)) {
        json_decref(meta);
        err_set(err, CORDON_E_HOST_BUG, a->name, "the helper described %s in a form that cannot be read", a->name);
        return NULL;
    }
    sha256_text(a->bytes, a->len, sha256);
    json_object_set_new(meta, "digest", json_string(sha256));
    json_object_set_new(meta, "size_bytes", json_integer((json_int_t)a->len));
    char *text = json_dumps(meta, JSON_COMPACT);
    json_decref(meta);
    if (!text)
        err_nomem(err);
    return text;
}

static int compile_and_keep(cordon_host *h, struct engine *e, struct cache *cache, const struct artifact *a, struct cache_entry *ret, cordon_error **err)
{
    struct helper *helper;
    cleanup_free char *said = NULL;
    cleanup_fd int body = -1;
    uint64_t len = 0;
    int rc = host_helper(h, &helper, err);
    if (rc == 0)
        rc = helper_run(helper, CODE_JOB_COMPILE, cordon_tier_name(e->tier), a->bytes, a->len, &said, &body, &len, err);
    if (rc < 0) {
        remember_refusal(cache, e, a->digest, err);
        return rc;
    }
    cleanup_free char *meta = complete_meta(said, a, err);
    if (!meta)
        return -CORDON_E_HOST_BUG;
    rc = cache_put(cache, e->identity, a->digest, meta, body, len, ret, err);
    if (rc == 0)
        cache_trim(cache, h->opts.cache_max, NULL); /* what cannot be removed now is removed after another put */
    return rc;
}

/* What the bytes are, once they are read. */
static int identify(struct cache *cache, struct artifact *a, cordon_error **err)
{
    int rc = 0;
    if (!a->bytes && ((rc = read_artifact(a, err)) < 0 || (rc = check_kind(a, err)) < 0))
        return rc;
    crypto_generichash(a->digest, sizeof a->digest, a->bytes, a->len, NULL, 0);
    if (a->fd >= 0 && a->len >= LARGE)
        cache_remember_digest(cache, a->fd, &a->stat, a->digest);
    return 0;
}

/* Of a file that is known the bytes are looked at only if its code is gone. */
static int get_code(cordon_host *h, struct engine *e, struct artifact *a, struct cache_entry *ret, cordon_error **err)
{
    struct cache *cache;
    int rc = host_cache(h, &cache, err);
    if (rc < 0)
        return rc;
    if (!a->bytes && cache_known_digest(cache, &a->stat, a->digest) && (rc = cache_get(cache, e->identity, a->digest, ret, err)) != 0)
        return rc;
    rc = identify(cache, a, err);
    if (rc == 0)
        rc = cache_get(cache, e->identity, a->digest, ret, err);
    return rc == 0 ? compile_and_keep(h, e, cache, a, ret, err) : rc;
}

/* ---- loading ---- */

static int make_skill(cordon_host *h, const char *name, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    cordon_skill *s = calloc(1, sizeof *s);
    if (!s)
        return err_nomem(err);
    struct buf shown;
    buf_init(&shown, 8 * NAME_MAX_BYTES);
    size_t len = strlen(name);
    text_escape(&shown, name, text_is_utf8(name, len) ? text_cut(name, len, NAME_MAX_BYTES) : len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES, false);
    s->name = buf_take(&shown, NULL);
    if (!s->name) {
        free(s);
        return err_nomem(err);
    }
    s->refs = 1;
    s->host = h;
    s->tier = tier;
    atomic_fetch_add(&h->skills, 1);
    *ret = s;
    return pool_share_new(h->io, &s->io, err);
}

static void read_meta(cordon_skill *s, const struct cache_entry *entry)
{
    s->meta = json_loads(entry->meta, 0, NULL);
    const char *digest = json_string_value(json_object_get(s->meta, "digest"));
    snprintf(s->digest, sizeof s->digest, "%s", digest ? digest : "");
    s->size_bytes = (uint64_t)json_integer_value(json_object_get(s->meta, "size_bytes"));
    s->code_bytes = entry->code_len;
}

/* What is refused here is not remembered: it costs next to nothing to find out again, and the pool's size, which it may be about, is a setting. */
static int take_code(cordon_skill *s, struct engine *e, const struct cache_entry *entry, cordon_error **err)
{
    read_meta(s, entry);
    const char *kind = json_string_value(json_object_get(s->meta, "kind"));
    return component_load(e, entry->fd, kind && !strcmp(kind, "blufio"), &s->component, err);
}

static int load(cordon_skill *s, struct artifact *a, cordon_error **err)
{
    struct engine *e;
    cleanup(cache_entry_finish) struct cache_entry entry = {.fd = -1};
    int rc = host_engine(s->host, s->tier, &e, err);
    if (rc < 0)
        return rc;
    rc = get_code(s->host, e, a, &entry, err);
    return rc < 0 ? rc : take_code(s, e, &entry, err);
}

/* ---- skills that run no code ---- */

/* `bytes` is what its digest is of. */
static int fill_text(cordon_skill *s, const char *kind, struct host_str text, struct host_str bytes, cordon_error **err)
{
    s->meta = json_pack("{s:s}", "kind", kind);
    sha256_text(bytes.data, bytes.len, s->digest);
    s->size_bytes = bytes.len;
    return s->meta ? component_of_text(text.data, text.len, &s->component, err) : err_nomem(err);
}

static int fill_stub(cordon_skill *s, const struct artifact *a, cordon_error **err)
{
    size_t len;
    cleanup_free char *body = NULL;
    int rc = code_stub_body(a->bytes, a->len, &body, &len, err);
    return rc < 0 ? rc : fill_text(s, "stub", (struct host_str){body, len}, (struct host_str){(const char *)a->bytes, a->len}, err);
}

static bool is_stub(const struct artifact *a) { return a->bytes && code_sniff(a->bytes, a->len) == CODE_JSON; }

int skill_new_text(cordon_host *h, const char *name, enum cordon_tier tier, const char *text, size_t len, const char *kind, cordon_skill **ret, cordon_error **err)
{
    if (!text_is_utf8(text, len))
        return err_set(err, CORDON_E_BAD_ARTIFACT, name, "the text of %s is not UTF-8", name);
    cordon_skill *s = NULL;
    int rc = make_skill(h, name, tier, &s, err);
    if (rc == 0)
        rc = fill_text(s, kind, (struct host_str){text, len}, (struct host_str){text, len}, err);
    if (rc < 0) {
        cordon_skill_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

/* ---- from an artifact ---- */

/* A SKILL.md begins with its front matter. */
static bool is_markdown(const struct artifact *a)
{
    const char *s = (const char *)a->bytes;
    return a->len > 3 && !memcmp(s, "---", 3) && strchr("\n\r \t", s[3]);
}

static int load_artifact(cordon_host *h, const char *name, struct artifact *a, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    if (tier != CORDON_TIER_UNTRUSTED && tier != CORDON_TIER_VERIFIED)
        return err_set(err, CORDON_E_TIER_REFUSED, a->name, "%s cannot be loaded in the local tier: that is for what was installed from this machine", a->name);
    cordon_skill *s = NULL;
    if (a->bytes && is_markdown(a))
        return skill_load_markdown(h, a->name, a->bytes, a->len, tier, ret, err);
    int rc = a->bytes ? check_kind(a, err) : 0;
    if (rc == 0)
        rc = make_skill(h, name, tier, &s, err);
    if (rc == 0)
        rc = is_stub(a) ? fill_stub(s, a, err) : load(s, a, err);
    if (rc < 0) {
        cordon_skill_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

int cordon_skill_load_bytes(cordon_host *h, const char *name, const void *bytes, size_t len, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    err_wanted(err);
    return load_artifact(h, name, &(struct artifact){.name = name, .bytes = len ? bytes : (const uint8_t *)"", .len = len, .fd = -1}, tier, ret, err);
}

/* "dir/weather.wasm" is the skill weather. */
static void name_of_path(const char *path, char ret[NAME_MAX_BYTES + 1])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t len = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    snprintf(ret, NAME_MAX_BYTES + 1, "%.*s", (int)(len > NAME_MAX_BYTES ? NAME_MAX_BYTES : len), base);
}

static int load_file(cordon_host *h, const char *name, struct artifact *a, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    int rc = a->stat.st_size < LARGE ? read_artifact(a, err) : 0;
    return rc == 0 ? load_artifact(h, name, a, tier, ret, err) : rc;
}

int skill_load_fd(cordon_host *h, const char *name, const char *path, int fd, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    cleanup(artifact_finish) struct artifact a = {.name = path, .fd = fd};
    int rc = check_file(path, fd, &a.stat, err);
    return rc == 0 ? load_file(h, name, &a, tier, ret, err) : rc;
}

int cordon_skill_load(cordon_host *h, const char *path, enum cordon_tier tier, cordon_skill **ret, cordon_error **err)
{
    err_wanted(err);
    char name[NAME_MAX_BYTES + 1];
    cleanup(artifact_finish) struct artifact a = {.name = path};
    a.fd = open_regular(path, &a.stat, err);
    if (a.fd < 0)
        return a.fd;
    name_of_path(path, name);
    return load_file(h, name, &a, tier, ret, err);
}

/* ---- what is installed ---- */

static int refuse_other(const char *name, const char *what, cordon_error **err)
{
    int rc = err_set(err, CORDON_E_DAMAGED, name, "the code of %s %s", name, what);
    err_hint(err, "`cordon verify %s` shows what is wrong; `cordon update %s` installs it again.", name, name);
    return rc;
}

/* The bytes, where their code is not in the cache any more: they have to be those that were installed. A stub never has code. */
static int compile_kept(cordon_skill *s, struct engine *e, struct cache *cache, const char *path, const uint8_t digest[CODE_DIGEST_LEN], struct cache_entry *ret, cordon_error **err)
{
    cleanup(artifact_finish) struct artifact a = {.name = s->name, .fd = -1};
    if (!path)
        return refuse_other(s->name, "is gone", err);
    a.fd = open_regular(path, &a.stat, err);
    if (a.fd < 0)
        return a.fd;
    int rc = identify(cache, &a, err);
    if (rc < 0)
        return rc;
    if (memcmp(a.digest, digest, sizeof a.digest))
        return refuse_other(s->name, "is not what was installed", err);
    return is_stub(&a) ? fill_stub(s, &a, err) : compile_and_keep(s->host, e, cache, &a, ret, err);
}

static int load_kept(cordon_skill *s, const char *path, const uint8_t digest[CODE_DIGEST_LEN], const uint8_t sha256[32], cordon_error **err)
{
    struct engine *e;
    struct cache *cache;
    char text[80] = "sha256:";
    cleanup(cache_entry_finish) struct cache_entry entry = {.fd = -1};
    int rc = host_engine(s->host, s->tier, &e, err);
    if (rc < 0 || (rc = host_cache(s->host, &cache, err)) < 0 || (rc = cache_get(cache, e->identity, digest, &entry, err)) < 0 ||
        (rc == 0 && (rc = compile_kept(s, e, cache, path, digest, &entry, err)) < 0) || (!s->component && (rc = take_code(s, e, &entry, err)) < 0))
        return rc;
    sodium_bin2hex(text + 7, 65, sha256, 32);
    return strcmp(text, s->digest) ? refuse_other(s->name, "has two digests that do not belong to one file", err) : 0;
}

int skill_load_kept(cordon_host *h, const char *name, enum cordon_tier tier, const char *path, const uint8_t digest[CODE_DIGEST_LEN], const uint8_t sha256[32], cordon_skill **ret,
                    cordon_error **err)
{
    cordon_skill *s = NULL;
    int rc = make_skill(h, name, tier, &s, err);
    if (rc == 0)
        rc = load_kept(s, path, digest, sha256, err);
    if (rc < 0) {
        cordon_skill_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

static bool asks_for_net(const struct component *c)
{
    bool asks = false;
    for (size_t i = 0; i < c->host_asks.n; i++)
        asks = asks || !strcmp(c->host_asks.kind[i], "net");
    for (size_t i = 0; i < c->n_imports; i++)
        asks = asks || (c->imports[i].asks && !strcmp(c->imports[i].asks, "net"));
    return asks;
}

int skill_net(cordon_skill *s, struct gateway_scope **ret, cordon_error **err)
{
    struct gateway *g;
    int rc = 0;
    *ret = atomic_load(&s->net);
    if (*ret || !asks_for_net(s->component) || (rc = host_gateway(s->host, &g, err)) < 0)
        return rc;
    pthread_mutex_lock(&s->host->lock);
    if (!atomic_load(&s->net))
        atomic_store(&s->net, gateway_scope_new(g));
    *ret = atomic_load(&s->net);
    pthread_mutex_unlock(&s->host->lock);
    return *ret ? 0 : err_nomem(err);
}

void skill_ref(cordon_skill *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void cordon_skill_free(cordon_skill *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    atomic_fetch_sub(&s->host->skills, 1);
    component_unref(s->component);
    pool_share_unref(s->io);
    gateway_scope_unref(s->net);
    installed_free(s->installed);
    json_decref(s->meta);
    skill_manifest_free(s->manifest);
    free(s->name);
    free(s);
}

const char *cordon_skill_name(const cordon_skill *s) { return s->name; }
enum cordon_tier cordon_skill_tier(const cordon_skill *s) { return s->installed ? installed_tier(s) : s->tier; }
void cordon_free(void *p) { free(p); }
