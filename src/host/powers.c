/* SPDX-License-Identifier: Apache-2.0 */
#include "host/powers.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/recall.h"

#include <string.h>

struct powers *powers_new(void)
{
    struct powers *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->refs = 1;
    p->grants = grants_new();
    if (!p->grants) {
        free(p);
        return NULL;
    }
    return p;
}

static bool copy_env(const struct powers *from, struct powers *to)
{
    to->env = calloc(from->n_env + 1, sizeof *to->env);
    for (size_t i = 0; to->env && i < from->n_env; i++, to->n_env++) {
        to->env[i] = (struct env_value){strdup(from->env[i].name), strdup(from->env[i].value)};
        if (!to->env[i].name || !to->env[i].value) {
            to->n_env++;
            return false;
        }
    }
    return to->env;
}

struct powers *powers_copy(const struct powers *from)
{
    struct powers *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->refs = 1;
    p->grants = from->grants;
    grants_ref(p->grants);
    if ((p->roots = from->roots))
        file_roots_ref(p->roots);
    if ((p->net = from->net))
        gateway_scope_ref(p->net);
    if ((p->io = from->io))
        pool_share_ref(p->io);
    keyring_ref(p->secrets = from->secrets);
    if ((p->memory = from->memory))
        recall_ref(p->memory);
    if (copy_env(from, p))
        return p;
    powers_unref(p);
    return NULL;
}

void powers_ref(struct powers *p) { atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed); }

void powers_unref(struct powers *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < p->n_env; i++) {
        free(p->env[i].name);
        free(p->env[i].value);
    }
    free(p->env);
    grants_unref(p->grants);
    file_roots_unref(p->roots);
    gateway_scope_unref(p->net);
    pool_share_unref(p->io);
    keyring_unref(p->secrets);
    recall_unref(p->memory);
    free(p);
}

int powers_grant(struct powers *p, struct grant *one, cordon_error **err) { return grants_add(&p->grants, one, err); }

int powers_grant_folder(struct powers *p, struct grant *one, struct file_root *root, cordon_error **err)
{
    if (!p->roots && !(p->roots = file_roots_new()))
        return err_nomem(err);
    int rc = file_roots_add(&p->roots, root, err);
    return rc == 0 ? powers_grant(p, one, err) : rc;
}

static size_t env_bytes(const struct powers *p)
{
    size_t sum = 0;
    for (size_t i = 0; i < p->n_env; i++)
        sum += strlen(p->env[i].value);
    return sum;
}

static struct env_value *find_env(const struct powers *p, const char *name)
{
    for (size_t i = 0; i < p->n_env; i++)
        if (!strcmp(p->env[i].name, name))
            return &p->env[i];
    return NULL;
}

static struct env_value *add_env(struct powers *p, const char *name, cordon_error **err)
{
    if (p->n_env >= POWERS_ENV_MAX) {
        err_set(err, CORDON_E_TOO_LARGE, name, "a call has at most %d environment variables", POWERS_ENV_MAX);
        return NULL;
    }
    struct env_value *more = realloc(p->env, (p->n_env + 1) * sizeof *more);
    char *copy = strdup(name);
    if (more)
        p->env = more;
    if (!more || !copy) {
        free(copy);
        err_nomem(err);
        return NULL;
    }
    more[p->n_env] = (struct env_value){.name = copy};
    return &more[p->n_env++];
}

int powers_set_env(struct powers *p, const char *name, const char *value, cordon_error **err)
{
    size_t len = strnlen(value, POWERS_ENV_VALUE_MAX + 1);
    if (len > POWERS_ENV_VALUE_MAX || env_bytes(p) + len > POWERS_ENV_BYTES_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, name, "the value of %s is too long (ceiling %d bytes each, %d together)", name, POWERS_ENV_VALUE_MAX, POWERS_ENV_BYTES_MAX);
    if (!text_is_utf8(value, len))
        return err_set(err, CORDON_E_USAGE, name, "the value of %s is not UTF-8, so no guest could read it", name);
    cleanup_free char *copy = strdup(value);
    if (!copy)
        return err_nomem(err);
    struct env_value *e = find_env(p, name);
    if (!e && !(e = add_env(p, name, err)))
        return err && *err ? -(int)cordon_error_code(*err) : -CORDON_E_NO_RESOURCES;
    free(e->value);
    e->value = take(copy);
    return 0;
}

static int merge_grants(struct powers *p, const struct grants *more, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < more->n; i++) {
        struct grant one;
        rc = grant_copy(&more->item[i], &one) ? grants_add(&p->grants, &one, err) : err_nomem(err);
        if (rc < 0)
            grant_finish(&one);
    }
    return rc;
}

int powers_merge(struct powers *p, const struct powers *more, cordon_error **err)
{
    int rc = 0;
    if (more->roots && !p->roots && !(p->roots = file_roots_new()))
        return err_nomem(err);
    for (size_t i = 0; rc == 0 && more->roots && i < more->roots->n; i++)
        rc = file_roots_add(&p->roots, more->roots->item[i], err);
    for (size_t i = 0; rc == 0 && i < more->n_env; i++)
        rc = powers_set_env(p, more->env[i].name, more->env[i].value, err);
    if (rc == 0 && more->secrets)
        rc = keyring_merge(&p->secrets, more->secrets, err);
    if (rc == 0 && more->memory && !p->memory)
        recall_ref(p->memory = more->memory);
    return rc == 0 ? merge_grants(p, more->grants, err) : rc;
}

const char *powers_env(const struct powers *p, const char *name)
{
    const struct env_value *e = find_env(p, name);
    return e ? e->value : NULL;
}

bool powers_recalls(const struct powers *p, const char *bot, char ret[TEXT_SLUG_MAX + 1])
{
    text_slug(bot ? bot : "", bot ? strlen(bot) : 0, ret);
    if (bot && *bot)
        return *ret && grants_find(p->grants, &(struct ask){.kind = ASK_MEMORY, .name = ret});
    for (size_t i = 0; i < p->grants->n; i++) {
        const struct grant *g = &p->grants->item[i];
        if (g->kind == GRANT_MEMORY && *g->name && grants_find(p->grants, &(struct ask){.kind = ASK_MEMORY, .name = g->name})) {
            memcpy(ret, g->name, strlen(g->name) + 1);
            return true;
        }
    }
    return false;
}

int powers_secret(void *powers, const char *name, char **ret, size_t *ret_len)
{
    const struct secret *s = keyring_find(((const struct powers *)powers)->secrets, name);
    char *copy = s ? malloc(s->len + 1) : NULL;
    if (!copy)
        return -1;
    memcpy(copy, s->bytes, s->len + 1);
    *ret = copy;
    *ret_len = s->len;
    return 0;
}
