/* SPDX-License-Identifier: Apache-2.0 */
#include "cordon/installed.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

struct installed {
    pthread_mutex_t lock;             /* of all below */
    char *name, *version;             /* owned; version NULL: whichever is in force */
    struct registry_gen gen;
    uint64_t seen;                    /* the number that what is below is of */
    uint8_t code[REGISTRY_DIGEST], bundle[REGISTRY_DIGEST];
    cordon_skill *skill;              /* a reference */
    struct said *said;                /* a reference */
};

void in_force_finish(struct in_force *f)
{
    cordon_skill_free(f->skill);
    said_unref(f->said);
    *f = (struct in_force){0};
}

void installed_free(struct installed *i)
{
    if (!i)
        return;
    cordon_skill_free(i->skill);
    said_unref(i->said);
    registry_gen_close(&i->gen);
    pthread_mutex_destroy(&i->lock);
    free(i->name);
    free(i->version);
    free(i);
}

/* ---- reading ---- */

/* All that the registry says of one skill. */
struct facts {
    struct registry_version version;
    struct registry_grants grants;
    struct registry_limits limits;
    struct registry_worth worth;
    char *folder; /* owned: of its files; NULL: they are gone */
};

static void facts_finish(struct facts *f)
{
    registry_version_finish(&f->version);
    registry_grants_finish(&f->grants);
    free(f->folder);
}

static int refuse_signature(const struct registry_version *v, cordon_error **err)
{
    int rc = err_set(err, CORDON_E_TRUST_REFUSED, v->name, "the signature of %s does not hold any more: it is not over what is installed", v->name);
    err_hint(err, "Somebody changed the registry, or it is damaged. Install it again: cordon update %s", v->name);
    return rc;
}

static int read_facts(struct registry *r, const char *name, const char *version, struct facts *f, cordon_error **err)
{
    char named[NAMED_MAX];
    cleanup_fd int fd = -1;
    snprintf(named, sizeof named, "%s%s%s", name, version ? "@" : "", version ? version : "");
    int rc = registry_need(r, named, &f->version, err);
    if (rc < 0 || (rc = registry_weigh(r, &f->version, &f->worth, err)) < 0)
        return rc;
    if (f->worth.standing == REGISTRY_BAD_SIGNATURE)
        return refuse_signature(&f->version, err);
    if ((rc = registry_grants(r, &f->version, &f->grants, err)) < 0 || (rc = registry_limits(r, f->version.name, &f->limits, err)) < 0 ||
        (rc = registry_store_open(r, f->version.bundle, &fd, &f->folder, err)) < 0)
        return rc;
    return 0;
}

static int ask_registry(const cordon_host *h, const char *name, const char *version, struct facts *f, cordon_error **err)
{
    const struct cordon_registry reg = {.host = (cordon_host *)(uintptr_t)h};
    cleanup(registry_let_go) struct registry *r = NULL;
    int rc = registry_begin_of(&reg, name, &r, err);
    return rc < 0 ? rc : read_facts(r, name, version, f, err);
}

/* ---- loading ---- */

static void free_skill(cordon_skill **s) { cordon_skill_free(*s); }

static int load_code(cordon_host *h, const struct facts *f, cordon_skill **ret, cordon_error **err)
{
    const struct registry_version *v = &f->version;
    cleanup_free char *path = NULL;
    if (f->folder && v->entry && asprintf(&path, "%s/%s", f->folder, v->entry) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    return skill_load_kept(h, v->name, f->worth.tier, path, v->code, v->artifact, ret, err);
}

static int load_kind(cordon_host *h, const struct facts *f, cordon_skill **ret, cordon_error **err)
{
    const struct registry_version *v = &f->version;
    switch (v->kind) {
    case REGISTRY_CODE: return load_code(h, f, ret, err);
    case REGISTRY_TEXT: return skill_new_text(h, v->name, f->worth.tier, v->body, strlen(v->body), v->entry ? "stub" : "prompt", ret, err);
    default:
        err_set(err, CORDON_E_USAGE, v->name, "%s is a local script: it is no WebAssembly, and is run by cordon_script_run", v->name);
        return -CORDON_E_USAGE;
    }
}

/* Of its manifest the export and the words for models are of use; what it asks for is the registry's to say. */
static int load(cordon_host *h, const struct facts *f, cordon_skill **ret, cordon_error **err)
{
    cleanup(free_skill) cordon_skill *s = NULL;
    int rc = load_kind(h, f, &s, err);
    if (rc < 0 || (rc = skill_take_manifest(s, f->version.format, f->version.manifest, err)) < 0)
        return rc;
    *ret = take(s);
    return 0;
}

static bool is_same_code(const struct installed *i, const struct facts *f)
{
    return i->skill && i->skill->tier == f->worth.tier && !memcmp(i->code, f->version.code, sizeof i->code) && !memcmp(i->bundle, f->version.bundle, sizeof i->bundle);
}

/* Under the lock. What was there stays where anything fails. */
static int renew(cordon_host *h, struct installed *i, cordon_error **err)
{
    cleanup(facts_finish) struct facts f = {.folder = NULL};
    struct said *said = NULL;
    cordon_skill *skill = NULL;
    int rc = ask_registry(h, i->name, i->version, &f, err);
    if (rc < 0 || (rc = said_new(h, &f.version, f.worth.tier, &f.grants, &f.limits, &said, err)) < 0)
        return rc;
    if (!is_same_code(i, &f) && (rc = load(h, &f, &skill, err)) < 0) {
        said_unref(said);
        return rc;
    }
    said_unref(i->said);
    i->said = said;
    if (skill) {
        cordon_skill_free(i->skill);
        i->skill = skill;
        memcpy(i->code, f.version.code, sizeof i->code);
        memcpy(i->bundle, f.version.bundle, sizeof i->bundle);
    }
    return 0;
}

/* The number is read first: what changes while the rows are read is found next time. A process that has locked itself in reaches no registry: it goes on with what it had. */
static int now_locked(cordon_skill *front, struct in_force *ret, cordon_error **err)
{
    struct installed *i = front->installed;
    uint64_t gen = atomic_load_explicit(i->gen.now, memory_order_acquire);
    bool is_now = gen == i->seen && !(gen & 1);
    int rc = is_now || (i->said && atomic_load(&front->host->locked_in)) ? 0 : renew(front->host, i, err);
    if (rc < 0)
        return rc;
    i->seen = gen;
    skill_ref(i->skill);
    said_ref(i->said);
    *ret = (struct in_force){i->skill, i->said, gen};
    return 0;
}

int installed_now(cordon_skill *front, struct in_force *ret, cordon_error **err)
{
    pthread_mutex_lock(&front->installed->lock);
    int rc = now_locked(front, ret, err);
    pthread_mutex_unlock(&front->installed->lock);
    return rc;
}

bool installed_is_now(const cordon_skill *front, uint64_t gen)
{
    return atomic_load_explicit(front->installed->gen.now, memory_order_acquire) == gen && !(gen & 1);
}

enum cordon_tier installed_tier(const cordon_skill *front)
{
    pthread_mutex_lock(&front->installed->lock);
    enum cordon_tier tier = front->installed->said->tier;
    pthread_mutex_unlock(&front->installed->lock);
    return tier;
}

/* ---- the handle ---- */

static void cleanup_skill(cordon_skill **s) { cordon_skill_free(*s); }

static int new_front(cordon_host *h, const struct registry_named *n, cordon_skill **ret, cordon_error **err)
{
    cleanup(cleanup_skill) cordon_skill *front = calloc(1, sizeof *front);
    struct installed *i = calloc(1, sizeof *i);
    if (!front || !i) {
        free(i);
        return err_nomem(err);
    }
    pthread_mutex_init(&i->lock, NULL);
    front->refs = 1;
    front->host = h;
    front->installed = i;
    atomic_fetch_add(&h->skills, 1);
    front->name = strdup(n->name);
    i->name = strdup(n->name);
    i->version = n->version[0] ? strdup(n->version) : NULL;
    if (!front->name || !i->name || (n->version[0] && !i->version))
        return err_nomem(err);
    *ret = take(front);
    return 0;
}

/* There being no number is there being no registry. */
static int open_gen(cordon_skill *front, const char *name, cordon_error **err)
{
    const struct cordon_registry reg = {.host = front->host};
    int rc = registry_gen_open(front->host->opts.home, &front->installed->gen, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    cleanup(registry_let_go) struct registry *r = NULL;
    rc = registry_begin_of(&reg, name, &r, err);
    return rc < 0 ? rc : err_set(err, CORDON_E_DAMAGED, "registry.gen", "registry.gen is not there, beside a registry; any command that changes it makes it anew");
}

int cordon_skill_load_installed(cordon_registry *reg, const char *name, cordon_skill **ret, cordon_error **err)
{
    err_wanted(err);
    struct registry_named n;
    cleanup(cleanup_skill) cordon_skill *front = NULL;
    cleanup(in_force_finish) struct in_force f = {0};
    int rc = registry_split(name, &n, err);
    if (rc < 0 || (rc = new_front(reg->host, &n, &front, err)) < 0 || (rc = open_gen(front, n.name, err)) < 0 || (rc = installed_now(front, &f, err)) < 0)
        return rc;
    *ret = take(front);
    return 0;
}
