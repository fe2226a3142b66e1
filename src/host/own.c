/* SPDX-License-Identifier: Apache-2.0 */
#include "host/own.h"
#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void free_fn(struct own_fn *f)
{
    if (!f)
        return;
    free(f->interface);
    free(f->name);
    free(f->type);
    free(f->capability);
    free(f);
}

void own_set_finish(struct own_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        free_fn(set->item[i]);
    free(set->item);
    *set = (struct own_set){0};
}

static struct own_fn *copy_fn(const struct own_fn *from)
{
    struct own_fn *f = malloc(sizeof *f);
    if (!f)
        return NULL;
    *f = *from;
    f->interface = strdup(from->interface);
    f->name = strdup(from->name);
    f->type = strdup(from->type);
    f->capability = from->capability ? strdup(from->capability) : NULL;
    if (!f->interface || !f->name || !f->type || (from->capability && !f->capability)) {
        free_fn(f);
        return NULL;
    }
    f->fn.name = f->name;
    f->fn.type = f->type;
    f->fn.strings = 1;
    f->fn.capability = f->capability ? "call" : NULL;
    f->fn.legacy_name = f->capability;
    f->fn.ask = ASK_CALL;
    return f;
}

static int append(struct own_set *set, const struct own_fn *one, cordon_error **err)
{
    struct own_fn **more = realloc(set->item, (set->n + 1) * sizeof(struct own_fn *));
    if (!more)
        return err_nomem(err);
    set->item = more;
    more[set->n] = copy_fn(one);
    if (!more[set->n])
        return err_nomem(err);
    set->n++;
    return 0;
}

int own_set_copy(const struct own_set *from, void *host, struct own_set *ret, cordon_error **err)
{
    int rc = 0;
    *ret = (struct own_set){0};
    for (size_t i = 0; rc == 0 && i < from->n; i++) {
        rc = append(ret, from->item[i], err);
        if (rc == 0)
            ret->item[i]->host = host;
    }
    return rc;
}

static bool is_made_of(const char *s, const char *punctuation)
{
    for (; *s; s++)
        if (!isascii((unsigned char)*s) || !(isalnum((unsigned char)*s) || strchr(punctuation, *s)))
            return false;
    return true;
}

/* NAMESPACE:PACKAGE/INTERFACE[@VERSION], and none of those that are Cordon's or WASI's to define. */
static int check_interface(const char *s, cordon_error **err)
{
    const char *colon = strchr(s, ':'), *slash = colon ? strchr(colon, '/') : NULL;
    if (strlen(s) > OWN_NAME_MAX || !slash || colon == s || slash == colon + 1 || !slash[1] || !is_made_of(s, ":/@.-+"))
        return err_set(err, CORDON_E_USAGE, s, "an interface is named as components import it: namespace:package/interface@1.0.0");
    if (!strncmp(s, "wasi:", 5) || !strncmp(s, "boternity:", 10))
        return err_set(err, CORDON_E_USAGE, s, "%s is Cordon's own to offer: choose another namespace", s);
    return 0;
}

static int check(const struct own_set *set, const struct own_fn *one, cordon_error **err)
{
    int rc = check_interface(one->interface, err);
    if (rc < 0)
        return rc;
    if (!*one->name || strlen(one->name) > OWN_NAME_MAX || !is_made_of(one->name, "-"))
        return err_set(err, CORDON_E_USAGE, one->name, "the name of a function is letters, digits and hyphens, at most %d bytes", OWN_NAME_MAX);
    if (strncmp(one->type, "func(", 5) || strlen(one->type) > OWN_TYPE_MAX)
        return err_set(err, CORDON_E_USAGE, one->name, "the type of %s is written as in WIT, with every named type written out: func(x: u32) -> result<string, string>", one->name);
    if (own_set_find(set, one->interface, strlen(one->interface), one->name, strlen(one->name)))
        return err_set(err, CORDON_E_USAGE, one->name, "%s#%s is offered already", one->interface, one->name);
    if (set->n == OWN_FNS_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, one->name, "at most %d functions can be offered", OWN_FNS_MAX);
    return 0;
}

int own_set_add(struct own_set *set, const struct own_fn *one, cordon_error **err)
{
    int rc = check(set, one, err);
    return rc == 0 ? append(set, one, err) : rc;
}

static bool is_interface(const struct own_fn *f, const char *interface, size_t len)
{
    return strlen(f->interface) == len && !memcmp(f->interface, interface, len);
}

bool own_set_has_interface(const struct own_set *set, const char *interface, size_t len)
{
    for (size_t i = 0; i < set->n; i++)
        if (is_interface(set->item[i], interface, len))
            return true;
    return false;
}

const struct own_fn *own_set_find(const struct own_set *set, const char *interface, size_t interface_len, const char *name, size_t len)
{
    for (size_t i = 0; i < set->n; i++)
        if (is_interface(set->item[i], interface, interface_len) && strlen(set->item[i]->name) == len && !memcmp(set->item[i]->name, name, len))
            return set->item[i];
    return NULL;
}

bool own_same_type(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " \t\n");
        b += strspn(b, " \t\n");
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}
