/* SPDX-License-Identifier: Apache-2.0
 * What an installed version is called, and to whom grants given to it belong. */
#include "registry/parts.h"

#include "base/error.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_name_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

int registry_check_name(const char *name, cordon_error **err)
{
    size_t len = strnlen(name, REGISTRY_NAME_MAX + 1);
    bool good = len > 0 && len <= REGISTRY_NAME_MAX && name[0] != '-';
    for (size_t i = 0; good && i < len; i++)
        good = is_name_char(name[i]);
    if (good)
        return 0;
    int r = err_set(err, CORDON_E_USAGE, name, "'%.80s' cannot be the name of an installed skill", name);
    err_hint(err, "A name has letters and digits of ASCII, hyphens and underscores, at most %d, and does not begin with a hyphen.", REGISTRY_NAME_MAX);
    return r;
}

const char *registry_kind_name(enum registry_kind kind)
{
    static const char *const names[REGISTRY_KIND_COUNT] = {"code", "text", "script"};
    return (unsigned)kind < REGISTRY_KIND_COUNT ? names[kind] : NULL;
}

void registry_version_finish(struct registry_version *v)
{
    char *const owned[] = {v->name, v->signed_name, v->version, v->description, v->author, v->source, v->source_digest, v->format, v->manifest, v->entry, v->export_name, v->body,
                           v->asks, v->capabilities, v->interface, v->parents};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    *v = (struct registry_version){0};
}

void registry_versions_finish(struct registry_versions *v)
{
    for (size_t i = 0; i < v->n; i++)
        registry_version_finish(&v->item[i]);
    free(v->item);
    *v = (struct registry_versions){0};
}

void registry_hex(const uint8_t *bytes, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * n] = '\0';
}

int registry_owner(const struct registry_version *v, char **ret, cordon_error **err)
{
    char bundle[2 * REGISTRY_DIGEST + 1], *text;
    registry_hex(v->bundle, REGISTRY_DIGEST, bundle);
    bool is_signed = v->publisher[0];
    if (asprintf(&text, "%s %s:%s", v->source, is_signed ? "key" : "bundle", is_signed ? v->publisher : bundle) < 0)
        return err_nomem(err);
    *ret = text;
    return 0;
}

void registry_by(char ret[REGISTRY_BY_MAX]) { snprintf(ret, REGISTRY_BY_MAX, "uid %u", (unsigned)getuid()); }
