/* SPDX-License-Identifier: Apache-2.0
 * Installs by hand, for tests of what is there afterwards: registry-put HOME NAME VERSION FILE [KEY=VALUE]...
 * KEY: source, tier, kind, format, manifest, asks (";" between two), description, body, entry, grant (again for more), key (a secret key's file), LIMIT of cordon_limit_name. */
#include "registry_hand.h"

#include <cordon/cordon.h>

static int number_of(const char *const *names, int n, const char *value)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], value))
            return i;
    fprintf(stderr, "by hand: %s\n", value);
    exit(2);
}

/* In its place, which is argv's. */
static void set_lines(const char **to, char *value)
{
    for (char *c = value; *c; c++)
        if (*c == ';')
            *c = '\n';
    *to = value;
}

static void set_limit(struct hand *h, const char *name, const char *value)
{
    for (int l = 0; l < CORDON_LIMIT_COUNT; l++)
        if (!strcmp(cordon_limit_name((enum cordon_limit)l), name)) {
            h->limit[l] = strtoull(value, NULL, 10);
            return;
        }
    fprintf(stderr, "by hand: %s\n", name);
    exit(2);
}

static void set(struct hand *h, const char *name, char *value, int *n_grants)
{
    static const char *const kinds[] = {"code", "text", "script"}, *const tiers[] = {"untrusted", "verified", "local"};
    const struct { const char *name, **to; } texts[] = {{"source", &h->source}, {"format", &h->format}, {"manifest", &h->manifest}, {"description", &h->description},
                                                        {"body", &h->body}, {"entry", &h->entry}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(texts[i].name, name)) {
            *texts[i].to = value;
            return;
        }
    cordon_error *err = NULL;
    struct trust_secret *key = NULL;
    if (!strcmp(name, "kind"))
        h->kind = (enum registry_kind)number_of(kinds, 3, value);
    else if (!strcmp(name, "tier"))
        h->tier = (enum cordon_tier)number_of(tiers, 3, value);
    else if (!strcmp(name, "asks"))
        set_lines(&h->asks, value);
    else if (!strcmp(name, "grant") && *n_grants < 16)
        h->grant[(*n_grants)++] = value;
    else if (!strcmp(name, "key")) {
        hand_check(trust_secret_read(value, &key, &err), err);
        h->key = key;
    } else
        set_limit(h, name, value);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    int n_grants = 0;
    struct hand h = {.home = argv[1], .name = argv[2], .version = argv[3], .file = argv[4], .source = "https://example.org/skills", .tier = CORDON_TIER_VERIFIED};
    for (int i = 5; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return 2;
        *equals = '\0';
        set(&h, argv[i], equals + 1, &n_grants);
    }
    hand_install(&h);
    return 0;
}
