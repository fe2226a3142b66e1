/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/secret.h"

#include "base/cleanup.h"
#include "base/error.h"
#include <sodium.h>
#include <string.h>

struct keyring {
    _Atomic uint32_t refs;
    size_t n;
    struct { char name[SECRET_NAME_MAX + 1]; struct secret *secret; } *item; /* owned; references */
};

struct secret *secret_new(size_t len)
{
    struct secret *s = sodium_init() < 0 ? NULL : calloc(1, sizeof *s); /* before it was started, libsodium's memory ends the process */
    if (!s)
        return NULL;
    *s = (struct secret){.refs = 1, .len = len, .bytes = sodium_malloc(len + 1)};
    if (s->bytes) {
        s->bytes[len] = '\0';
        return s;
    }
    free(s);
    return NULL;
}

void secret_seal(struct secret *s) { sodium_mprotect_readonly(s->bytes); }

void secret_ref(struct secret *s) { atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed); }

void secret_unref(struct secret *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    sodium_free(s->bytes);
    free(s);
}

void keyring_ref(struct keyring *k)
{
    if (k)
        atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
}

void keyring_unref(struct keyring *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < k->n; i++)
        secret_unref(k->item[i].secret);
    free(k->item);
    free(k);
}

static void cleanup_keyring(struct keyring **k) { keyring_unref(*k); }

/* The same with room for one more. */
static struct keyring *copy(const struct keyring *from)
{
    cleanup(cleanup_keyring) struct keyring *k = calloc(1, sizeof *k);
    size_t n = from ? from->n : 0;
    if (!k)
        return NULL;
    k->refs = 1;
    if (!(k->item = calloc(n + 1, sizeof *k->item)))
        return NULL;
    for (; k->n < n; k->n++) {
        k->item[k->n] = from->item[k->n];
        secret_ref(k->item[k->n].secret);
    }
    return take(k);
}

static size_t find(const struct keyring *k, const char *name)
{
    size_t i = 0;
    while (i < k->n && strcmp(k->item[i].name, name) != 0)
        i++;
    return i;
}

int keyring_add(struct keyring **k, const char *name, struct secret *s, cordon_error **err)
{
    size_t len = strlen(name);
    if (len > SECRET_NAME_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, NULL, "the name of a secret has at most %d bytes", SECRET_NAME_MAX);
    struct keyring *own = copy(*k);
    if (!own)
        return err_nomem(err);
    size_t i = find(own, name);
    if (i < own->n)
        secret_unref(own->item[i].secret);
    else
        own->n++;
    memcpy(own->item[i].name, name, len + 1);
    own->item[i].secret = s;
    secret_ref(s);
    keyring_unref(*k);
    *k = own;
    return 0;
}

int keyring_merge(struct keyring **k, const struct keyring *more, cordon_error **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < more->n; i++)
        rc = keyring_add(k, more->item[i].name, more->item[i].secret, err);
    return rc;
}

const struct secret *keyring_find(const struct keyring *k, const char *name)
{
    size_t i = k ? find(k, name) : 0;
    return k && i < k->n ? k->item[i].secret : NULL;
}
