/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the registry that something else than Cordon has changed. Each line is one value: a letter for its type (t, text; i, number; b, bytes; n, null), a letter
 * for its column, and what it is. What is then read makes sense, or is refused.
 */
#include "fuzz.h"

#include "registry/parts.h"

#include <sodium.h>

static const char *const columns[] = {
    "UPDATE versions SET name = ?1", "UPDATE versions SET signed_name = ?1", "UPDATE versions SET version = ?1", "UPDATE versions SET description = ?1",
    "UPDATE versions SET author = ?1", "UPDATE versions SET source = ?1", "UPDATE versions SET kind = ?1", "UPDATE versions SET tier = ?1", "UPDATE versions SET format = ?1",
    "UPDATE versions SET manifest = ?1", "UPDATE versions SET entry = ?1", "UPDATE versions SET body = ?1", "UPDATE versions SET asks = ?1", "UPDATE versions SET limits = ?1",
    "UPDATE versions SET capabilities = ?1", "UPDATE versions SET interface = ?1", "UPDATE versions SET parents = ?1", "UPDATE versions SET bundle = ?1",
    "UPDATE versions SET publisher = ?1", "UPDATE versions SET signature = ?1", "UPDATE versions SET installed_ms = ?1", "UPDATE installed_skills SET name = ?1",
    "UPDATE installed_skills SET version_id = ?1", "UPDATE installed_skills SET updated_ms = ?1", "UPDATE grants SET owner = ?1", "UPDATE grants SET what = ?1",
    "UPDATE grants SET by = ?1", "UPDATE grants SET at_ms = ?1", "UPDATE limits SET what = ?1", "UPDATE limits SET value = ?1", "UPDATE trusted_keys SET publisher_id = ?1",
    "UPDATE trusted_keys SET pattern = ?1", "UPDATE pins SET publisher_id = ?1", "UPDATE highest_versions SET version = ?1", "UPDATE publisher_keys SET last_used = ?1",
    "UPDATE publisher_keys SET publisher_id = ?1",
};
static const char key_id[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"; /* RFC 8032, test 1 */

static void put_skill(struct registry *r)
{
    struct registry_version v = {.name = (char *)"weather", .signed_name = (char *)"weather", .version = (char *)"1.0.0", .description = (char *)"", .source = (char *)"/s",
                                 .tier = CORDON_TIER_VERIFIED, .format = (char *)"skill.toml", .manifest = (char *)"[skill]\n", .entry = (char *)"skill.wasm",
                                 .asks = (char *)"env=LANG\n", .limit = {[CORDON_LIMIT_FUEL] = 1000}, .capabilities = (char *)"{}"};
    memset(v.bundle, 7, sizeof v.bundle);
    memcpy(v.publisher, key_id, sizeof key_id);
    HOLDS(registry_put(r, &v, NULL) == 0 && registry_grant(r, &v, "env=LANG", NULL, "install", NULL) == 0 && registry_set_limit(r, "weather", CORDON_LIMIT_FUEL, 7, NULL) == 0);
    HOLDS(registry_trust(r, key_id, "weather*", NULL) == 0 && registry_set_pin(r, "weather", key_id, NULL) == 0);
    HOLDS(registry_set_highest(r, "weather", key_id, "1.0.0", NULL) == 0);
}

/* One for the life of the process, in memory. */
static struct registry *the_registry(void)
{
    static struct registry r = {.home = {.fd = -1, .path = (char *)"/home"}, .lock = -1};
    static struct db db;
    if (db.handle)
        return &r;
    HOLDS(sodium_init() >= 0);
    db = (struct db){.kind = &registry_kind_of_db, .path = (char *)"registry.db", .patience.deadline_ns = UINT64_MAX};
    if (sqlite_load(&db.api, NULL) < 0)
        return NULL;
    HOLDS(db.api.open_v2(":memory:", &db.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK);
    r.db = db;
    HOLDS(registry_kind_of_db.migrate(&r.db, 0, NULL) == 0);
    put_skill(&r);
    return &r;
}

static void change(struct registry *r, const char *line, size_t len)
{
    sqlite3_stmt *s = NULL;
    size_t column = len < 2 ? SIZE_MAX : (size_t)(unsigned char)line[1] - '0';
    if (column >= sizeof columns / sizeof *columns || db_prepare(&r->db, columns[column], &s, NULL) < 0)
        return;
    const char *value = line + 2;
    switch (line[0]) {
    case 't': r->db.api.bind_text(s, 1, value, (int)len - 2, SQLITE_TRANSIENT); break;
    case 'b': r->db.api.bind_blob(s, 1, value, (int)len - 2, SQLITE_TRANSIENT); break;
    case 'i': r->db.api.bind_int64(s, 1, strtoll(value, NULL, 10)); break;
    default: r->db.api.bind_null(s, 1); break;
    }
    r->db.api.step(s);
    db_done(&r->db, s);
}

static bool is_text(const char *s) { return !s || fuzz_is_utf8(s, strlen(s)); }

static void check_version(struct registry *r, const struct registry_version *v)
{
    enum registry_standing standing;
    HOLDS(registry_check_name(v->name, NULL) == 0 && v->kind < REGISTRY_KIND_COUNT && v->tier < CORDON_TIER_COUNT);
    HOLDS(v->signed_name && v->version && v->description && v->source && v->capabilities);
    HOLDS(is_text(v->signed_name) && is_text(v->version) && is_text(v->description) && is_text(v->author) && is_text(v->source) && is_text(v->manifest) && is_text(v->entry));
    HOLDS(is_text(v->body) && is_text(v->asks) && is_text(v->interface) && is_text(v->parents) && is_text(v->capabilities));
    HOLDS(!*v->publisher || strlen(v->publisher) == REGISTRY_KEY);
    cordon_error *err = NULL;
    int rc = registry_standing(r, v, &standing, &err);
    if (rc < 0)
        fuzz_check_error(rc, err);
    else /* the signature is none */
        HOLDS((standing == REGISTRY_UNSIGNED) == !*v->publisher && standing != REGISTRY_TRUSTED && registry_tier(v, standing) != CORDON_TIER_VERIFIED);
}

static void check_said(struct registry *r, const struct registry_version *v)
{
    struct registry_grants grants = {0};
    struct registry_limits limits = {{0}};
    cordon_error *err = NULL;
    int rc = registry_grants(r, v, &grants, &err);
    if (rc < 0)
        fuzz_check_error(rc, err);
    for (size_t i = 0; i < grants.n; i++)
        HOLDS(grants.item[i].grant && is_text(grants.item[i].grant) && grants.item[i].by && grants.item[i].how);
    registry_grants_finish(&grants);
    err = NULL;
    if ((rc = registry_limits(r, v->name, &limits, &err)) < 0)
        fuzz_check_error(rc, err);
}

static void check_skills(struct registry *r, int (*read)(struct registry *, struct registry_versions *, cordon_error **))
{
    struct registry_versions all = {0};
    cordon_error *err = NULL;
    int rc = read(r, &all, &err);
    if (rc < 0)
        fuzz_check_error(rc, err);
    for (size_t i = 0; i < all.n; i++) {
        check_version(r, &all.item[i]);
        check_said(r, &all.item[i]);
    }
    registry_versions_finish(&all);
}

static int kept(struct registry *r, struct registry_versions *ret, cordon_error **err) { return registry_kept(r, "weather", ret, err); }

static void check_keys(struct registry *r)
{
    struct registry_keys keys = {0};
    struct registry_seen seen = {0};
    char pin[REGISTRY_KEY + 1] = "", *highest = NULL;
    cordon_error *err[4] = {NULL};
    int rc[4] = {registry_keys(r, &keys, &err[0]), registry_seen(r, &seen, &err[1]), registry_pin(r, "weather", pin, &err[2]),
                 registry_highest(r, "weather", key_id, &highest, &err[3])};
    for (int i = 0; i < 4; i++)
        if (rc[i] < 0)
            fuzz_check_error(rc[i], err[i]);
    for (size_t i = 0; i < keys.n; i++)
        HOLDS(strlen(keys.item[i].id) == REGISTRY_KEY && is_text(keys.item[i].pattern));
    HOLDS(rc[2] != 1 || strlen(pin) == REGISTRY_KEY);
    HOLDS(rc[3] != 1 || is_text(highest));
    registry_keys_finish(&keys);
    registry_seen_finish(&seen);
    free(highest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    struct registry *r = the_registry();
    if (!r)
        return 0;
    HOLDS(db_run(&r->db, "BEGIN", NULL) == 0);
    while (f.left) {
        size_t len;
        char *line = feed_line(&f, &len);
        change(r, line, len);
        free(line);
    }
    check_skills(r, registry_all);
    check_skills(r, kept);
    check_keys(r);
    HOLDS(db_run(&r->db, "ROLLBACK", NULL) == 0);
    return 0;
}
