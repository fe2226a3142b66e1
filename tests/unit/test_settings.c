/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "settings/settings.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_settings(void);

#define MIB ((uint64_t)1 << 20)

/* ---- text ---- */

static struct settings parse_as(enum settings_from from, const char *text)
{
    struct settings s;
    cordon_error *err = NULL;
    int rc = settings_parse("a.toml", from, text, strlen(text), &s, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "no error");
    return s;
}

static struct settings user(const char *text) { return parse_as(SETTINGS_USER, text); }
static struct settings from_system(const char *text) { return parse_as(SETTINGS_SYSTEM, text); }

static void is_set_to(const struct setting *s, uint64_t value, unsigned line)
{
    ck_assert_int_eq(s->from, SETTINGS_USER);
    ck_assert_uint_eq(s->value, value);
    ck_assert_uint_eq(s->line, line);
}

START_TEST(values_are_read_as_people_write_them)
{
    struct settings s = user("# of mine\n"
                             "[tiers.untrusted]\n"
                             "default = { fuel = \"20G\", memory = \"128MiB\", timeout = \"1.5s\", tables = \"30k\" }\n"
                             "[tiers.untrusted.ceiling]\n"
                             "input = \"16MB\"\n"
                             "log-lines = 0x10\n"
                             "host-bytes = 1_000\n"
                             "[tiers.local]\n"
                             "default.timeout = 90\n"
                             "ceiling.timeout = 90.5\n"
                             "[policy]\n"
                             "flags = false\n"
                             "highest_tier = \"verified\"\n"
                             "[cache]\n"
                             "max = \"1GiB\"\n"
                             "[compile]\n"
                             "memory = 1073741824\n"
                             "cpu = \"5m\"\n"
                             "wall = 600\n"
                             "[scripts]\n"
                             "landlock = \"optional\"\n"
                             "root = true\n");
    const struct setting *d = s.by_default[CORDON_TIER_UNTRUSTED], *c = s.ceiling[CORDON_TIER_UNTRUSTED];
    is_set_to(&d[CORDON_LIMIT_FUEL], 20000000000, 3);
    is_set_to(&d[CORDON_LIMIT_MEMORY_BYTES], 128 * MIB, 3);
    is_set_to(&d[CORDON_LIMIT_WALL_MS], 1500, 3);
    is_set_to(&d[CORDON_LIMIT_TABLE_ELEMENTS], 30000, 3);
    is_set_to(&c[CORDON_LIMIT_INPUT_BYTES], 16000000, 5);
    is_set_to(&c[CORDON_LIMIT_LOG_LINES], 16, 6);
    is_set_to(&c[CORDON_LIMIT_HOST_BYTES], 1000, 7);
    is_set_to(&s.by_default[CORDON_TIER_LOCAL][CORDON_LIMIT_WALL_MS], 90000, 9);
    is_set_to(&s.ceiling[CORDON_TIER_LOCAL][CORDON_LIMIT_WALL_MS], 90500, 10);
    is_set_to(&s.key[SETTINGS_FLAGS], 0, 12);
    is_set_to(&s.key[SETTINGS_HIGHEST_TIER], CORDON_TIER_VERIFIED, 13);
    is_set_to(&s.key[SETTINGS_CACHE_MAX], 1024 * MIB, 15);
    is_set_to(&s.key[SETTINGS_COMPILE_MEMORY], 1024 * MIB, 17);
    is_set_to(&s.key[SETTINGS_COMPILE_CPU], 300, 18);
    is_set_to(&s.key[SETTINGS_COMPILE_WALL], 600, 19);
    is_set_to(&s.key[SETTINGS_SCRIPTS_LANDLOCK], 1, 21);
    is_set_to(&s.key[SETTINGS_SCRIPTS_ROOT], 1, 22);
    ck_assert_int_eq(c[CORDON_LIMIT_FUEL].from, SETTINGS_UNSET);
    ck_assert_int_eq(s.by_default[CORDON_TIER_VERIFIED][CORDON_LIMIT_FUEL].from, SETTINGS_UNSET);
}
END_TEST

START_TEST(a_file_without_settings_sets_none)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "[tiers]\n[policy]\n", "\xEF\xBB\xBF[cache]\n", "[tiers.local]\ndefault = {}\n"};
    static const struct settings none;
    struct settings s = user(texts[_i]);
    ck_assert_mem_eq(&s, &none, sizeof s);
}
END_TEST

/* What is wrong, the place that must be told, and words that must be in the message or, after a |, in the hint. */
static const struct {
    const char *text, *place, *says;
} wrong[] = {
    {"fule = 1\n", "1:1", "no key `fule`|tiers, egress, install, policy, cache, compile"},
    {"\n[tires.local]\n", "2:2", "did you mean tiers"},
    {"[tiers.unstrusted]\n", "1:8", "did you mean untrusted|untrusted, verified, local"},
    {"[tiers.local]\ndefaults = {}\n", "2:1", "did you mean default"},
    {"[tiers.local]\nisolation = \"process\"\n", "2:1", "no key `isolation`|default, ceiling"},
    {"[tiers.local.default]\n  feul = \"1G\"\n", "2:3", "did you mean fuel|log-lines"},
    {"[tiers.local]\ndefault = { memory = \"1M\", fule = 3 }\n", "2:28", "tiers.local.default"},
    {"[policy]\nhighest-tier = \"local\"\n", "2:1", "did you mean highest_tier"},
    {"[cache]\nsize = 3\n", "2:1", "[cache]|max"},
    {"[egress]\nallow = []\n", "2:1", "no key `allow`|allow_private, proxy, ca_file"},
    {"[egress]\nallow_private = \"10.0.0.0/8\"\n", "2:17", "not a string"},
    {"[egress]\nallow_private = [\"10.0.0.0/8\", \"10.0.0.1/8\"]\n", "2:32", "10.0.0.1/8|10.0.0.0/8"},
    {"[egress]\nallow_private = [\"localhost\"]\n", "2:18", "localhost"},
    {"[egress]\nallow_private = [10]\n", "2:18", "not an integer"},
    {"[egress]\nproxy = \"socks5://h:1\"\n", "2:9", "http://HOST"},
    {"[egress]\nproxy = \"http://user:pass@h:1\"\n", "2:9", "http://HOST"},
    {"[egress]\nproxy = 3128\n", "2:9", "not an integer"},
    {"[egress]\nca_file = \"ca.pem\"\n", "2:11", "absolute"},
    {"[audit]\nkept = 3\n", "2:1", "did you mean keep|keep, rows"},
    {"[audit]\nkeep = 3\n", "2:8", "too small|\"forever\""},
    {"[audit]\nkeep = \"0d\"\n", "2:8", "above zero"},
    {"[audit]\nkeep = \"36501d\"\n", "2:8", "too large|36500d"},
    {"[audit]\nkeep = \"99999999999999999999d\"\n", "2:8", "99999|90d"},
    {"[audit]\nkeep = \"d\"\n", "2:8", "'d'"},
    {"[audit]\nkeep = \"-1d\"\n", "2:8", "sign"},
    {"[audit]\nrows = 99\n", "2:8", "too small|\"all\""},
    {"[audit]\nrows = \"2000G\"\n", "2:8", "too large"},
    {"[serve]\nport = 3\n", "1:2", "no key `serve`"},
    {"[install]\ncredential_helpers = \"pass\"\n", "2:22", "not a string"},
    {"[install]\ncredential_helpers = [\"pass\", 7]\n", "2:31", "not an integer"},
    {"[install]\ncredential_helpers = [\"../sh\"]\n", "2:23", "'../sh' is no name"},
    {"[install]\ncredential_helpers = [\"\"]\n", "2:23", "is no name"},
    {"[install]\nhelpers = []\n", "2:1", "no key `helpers`|credential_helpers"},
    {"[scripts]\nlandlock = true\n", "2:12", "not a boolean"},
    {"[scripts]\nlandlock = \"maybe\"\n", "2:12", "neither required nor optional|\"required\" or \"optional\""},
    {"[scripts]\nroot = \"true\"\n", "2:8", "true or false, not a string"},
    {"\"\\u001b[31m\" = 1\n", "1:1", "\\x1b[31m"},
    {"\"\" = 1\n", "1:1", "no key ``"},
    {"[tiers.local.default]\nfuel = \"20Q\"\n", "2:8", "20Q|such as"},
    {"[tiers.local.default]\nfuel = 0\n", "2:8", "above zero"},
    {"[tiers.local.default]\nfuel = -1\n", "2:8", "sign"},
    {"[tiers.local.default]\nfuel = \"unlimited\"\n", "2:8", "unlimited"},
    {"[tiers.local.default]\nfuel = inf\n", "2:8", "inf"},
    {"[tiers.local.default]\nfuel = 1.5\n", "2:8", "whole number"},
    {"[tiers.local.default]\nfuel = \"\"\n", "2:8", "fuel"},
    {"[tiers.local.default]\nfuel = \"1000001T\"\n", "2:8", "too large|1000000T"},
    {"[tiers.local.default]\nfuel = 99999999999999999999\n", "2:8", "64 bits"},
    {"[tiers.local.default]\nmemory = \"5GiB\"\n", "2:10", "too large|4GiB"},
    {"[tiers.local.default]\nmemory = true\n", "2:10", "not a boolean"},
    {"[tiers.local.default]\nmemory = [1]\n", "2:10", "not an array"},
    {"[tiers.local.default]\nmemory = {}\n", "2:10", "not a table"},
    {"[tiers.local.default]\ntimeout = 1979-05-27\n", "2:11", "not a datetime"},
    {"[tiers.local.default]\ntimeout = \"1us\"\n", "2:11", "milliseconds"},
    {"[tiers.local]\ndefault = \"20G\"\n", "2:11", "a table, not a string"},
    {"tiers = 3\n", "1:9", "a table, not an integer"},
    {"[[policy]]\n", "1:1", "a table, not an array"},
    {"[policy]\nflags = \"true\"\n", "2:9", "true or false, not a string"},
    {"[policy]\nflags = 1\n", "2:9", "not an integer"},
    {"[policy]\nhighest_tier = \"root\"\n", "2:16", "root|verified"},
    {"[policy]\nhighest_tier = true\n", "2:16", "not a boolean"},
    {"[cache]\nmax = \"15MiB\"\n", "2:7", "too small|16MiB"},
    {"[compile]\nmemory = \"65GiB\"\n", "2:10", "too large"},
    {"[compile]\ncpu = \"500ms\"\n", "2:7", "whole number of seconds"},
    {"[compile]\nwall = \"61m\"\n", "2:8", "too large"},
    {"[tiers.local]\ndefault.memory = \"2MiB\"\nceiling.memory = \"1MiB\"\n", "2:18", "line 3"},
    {"[policy]\nflags = true\nflags = true\n", "3:1", "duplicate"},
    {"[policy\n", "1:8", "expected"},
    {"[policy]\nflags =\n", "2:8", ""},
    {"[policy]\nhighest_tier = \"\\u0000\"\n", "2:16", "NUL"},
    {"# \xC3\xA9\n\"\xC3\xA9\" = 1\n", "2:1", "no key"},
    {"tiers = { \"\xC3\xA9\xC3\xA9\" = 1 }\n", "1:11", "no key"},
    {"tiers = { untrusted = { }, \"\xC3\xA9\" = 1, x = 2 }\n", "1:28", "no key"},
};

START_TEST(what_is_wrong_is_told_with_its_place_and_what_is_expected)
{
    struct settings s, before;
    cordon_error *err = NULL;
    char place[64], says[64], *hint;
    memset(&s, 0x5A, sizeof s);
    before = s;
    ck_assert_int_eq(settings_parse("/x/a.toml", SETTINGS_USER, wrong[_i].text, strlen(wrong[_i].text), &s, &err), -CORDON_E_BAD_CONFIG);
    ck_assert_mem_eq(&s, &before, sizeof s);
    snprintf(place, sizeof place, "/x/a.toml:%s: ", wrong[_i].place);
    snprintf(says, sizeof says, "%s", wrong[_i].says);
    if ((hint = strchr(says, '|')))
        *hint++ = '\0';
    const char *message = cordon_error_message(err);
    ck_assert_msg(!strncmp(message, place, strlen(place)), "%s: not at %s", message, wrong[_i].place);
    ck_assert_msg(strstr(message, says) != NULL, "%s: lacks %s", message, says);
    ck_assert_msg(!hint || strstr(cordon_error_hint(err), hint), "%s: lacks %s", cordon_error_hint(err), hint);
    cordon_error_free(err);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    static const struct { const char *bytes; size_t len; } bad[] = {{"\xFF", 1}, {"flags = \xC3", 9}, {"\0", 1}, {"[policy]\0", 9}, {"a = \"\xED\xA0\x80\"", 9}};
    struct settings s;
    cordon_error *err = NULL;
    ck_assert_int_eq(settings_parse("a", SETTINGS_USER, bad[_i].bytes, bad[_i].len, &s, &err), -CORDON_E_BAD_CONFIG);
    cordon_error_free(err);
}
END_TEST

/* "a.a.….a = { a.a.….a = { … } }" */
static size_t nest(char *text, size_t room, unsigned levels)
{
    size_t n = 0;
    for (unsigned i = 0; i < levels && n + 200 < room; i++) {
        for (unsigned k = 0; k < 78; k++)
            n += (size_t)sprintf(text + n, "a.");
        n += (size_t)sprintf(text + n, i + 1 < levels ? "a={" : "a=1");
    }
    for (unsigned i = 1; i < levels; i++)
        text[n++] = '}';
    text[n++] = '\n';
    return n;
}

START_TEST(texts_made_to_hurt_are_an_error_and_no_more)
{
    char *text = malloc(SETTINGS_FILE_MAX + 1);
    struct settings s;
    size_t len = SETTINGS_FILE_MAX;
    switch (_i) {
    case 0: memset(text, '[', len); break;
    case 1: memset(text, '=', len); break;
    case 2: memset(text, '"', len); break;
    case 3: memset(text, 'a', len); break;
    case 4: for (size_t i = 0; i < len; i++) text[i] = i % 2 ? '.' : 'a'; break;
    case 5: for (size_t i = 0; i < len; i++) text[i] = "a=[1,1,1,1,1,1,1,"[i < 4 ? i : 4 + i % 2]; break;
    case 6: len = nest(text, len, 80); break;
    case 7: len = nest(text, len, 40); break;
    case 8: for (size_t i = 0; i < len; i++) text[i] = "[[a]]\n"[i % 6]; break;
    }
    ck_assert_int_eq(settings_parse("a", SETTINGS_USER, text, len, &s, NULL), -CORDON_E_BAD_CONFIG);
    free(text);
}
END_TEST

/* ---- two files ---- */

static int force(const char *sys, const char *usr, struct settings *ret, cordon_error **err)
{
    static const char *const files[SETTINGS_FROM_COUNT] = {[SETTINGS_SYSTEM] = "/sys.toml", [SETTINGS_USER] = "/usr.toml"};
    struct settings a = from_system(sys), b = user(usr);
    return settings_in_force(&a, &b, files, ret, err);
}

static struct settings forced(const char *sys, const char *usr)
{
    struct settings s;
    cordon_error *err = NULL;
    int rc = force(sys, usr, &s, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "no error");
    return s;
}

static void is(const struct setting *s, uint64_t value, enum settings_from from)
{
    ck_assert_uint_eq(s->value, value);
    ck_assert_int_eq(s->from, from);
}

START_TEST(without_files_what_is_shipped_is_in_force)
{
    struct settings s = forced("", ""), shipped;
    settings_shipped(&shipped);
    ck_assert_mem_eq(&s, &shipped, sizeof s);
    for (int t = 0; t < CORDON_TIER_COUNT; t++)
        for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
            is(&s.by_default[t][l], cordon_limit_default((enum cordon_tier)t, (enum cordon_limit)l), SETTINGS_SHIPPED);
            is(&s.ceiling[t][l], cordon_limit_ceiling((enum cordon_tier)t, (enum cordon_limit)l), SETTINGS_SHIPPED);
        }
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++)
        ck_assert(settings_fits((enum settings_key)k, s.key[k].value));
}
END_TEST

START_TEST(either_file_alone_may_widen_and_narrow)
{
    static const char text[] = "[tiers.untrusted]\nceiling = { memory = \"1GiB\", fuel = \"1G\" }\ndefault.memory = \"512MiB\"\n"
                               "[policy]\nhighest_tier = \"verified\"\n[cache]\nmax = \"3GiB\"\n[compile]\nwall = \"10m\"\n";
    enum settings_from from = _i ? SETTINGS_SYSTEM : SETTINGS_USER;
    struct settings s = _i ? forced(text, "") : forced("", text);
    is(&s.ceiling[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_MEMORY_BYTES], 1024 * MIB, from);
    is(&s.by_default[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_MEMORY_BYTES], 512 * MIB, from);
    is(&s.ceiling[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_FUEL], 1000000000, from);
    is(&s.key[SETTINGS_HIGHEST_TIER], CORDON_TIER_VERIFIED, from);
    is(&s.key[SETTINGS_CACHE_MAX], 3072 * MIB, from);
    is(&s.key[SETTINGS_COMPILE_WALL], 600, from);
}
END_TEST

START_TEST(what_the_system_sets_the_user_only_narrows)
{
    static const char sys[] = "[tiers.untrusted.ceiling]\nmemory = \"128MiB\"\nfuel = \"50G\"\n[policy]\nflags = false\nhighest_tier = \"untrusted\"\n"
                              "[cache]\nmax = \"1GiB\"\n[compile]\nmemory = \"2GiB\"\ncpu = 30\n";
    struct settings s = forced(sys, "[tiers.untrusted.ceiling]\nmemory = \"1GiB\"\nfuel = \"20G\"\n[policy]\nflags = true\nhighest_tier = \"local\"\n"
                                    "[cache]\nmax = \"512MiB\"\n[compile]\nmemory = \"8GiB\"\ncpu = 10\n");
    is(&s.ceiling[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_MEMORY_BYTES], 128 * MIB, SETTINGS_SYSTEM);
    is(&s.ceiling[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_FUEL], 20000000000, SETTINGS_USER);
    is(&s.key[SETTINGS_FLAGS], false, SETTINGS_SYSTEM);
    is(&s.key[SETTINGS_HIGHEST_TIER], CORDON_TIER_UNTRUSTED, SETTINGS_SYSTEM);
    is(&s.key[SETTINGS_CACHE_MAX], 512 * MIB, SETTINGS_USER);
    is(&s.key[SETTINGS_COMPILE_MEMORY], 2048 * MIB, SETTINGS_SYSTEM);
    is(&s.key[SETTINGS_COMPILE_CPU], 10, SETTINGS_USER);
}
END_TEST

START_TEST(what_an_audit_keeps_is_read_and_written)
{
    static const struct { const char *text, *keep, *rows; uint64_t s, n; } forms[] = {
        {"[audit]\nkeep = \"90d\"\nrows = \"1M\"\n", "90d", "1000000", 90 * 86400, 1000000},
        {"[audit]\nkeep = \"36h\"\nrows = 100\n", "129600s", "100", 36 * 3600, 100},
        {"[audit]\nkeep = \"forever\"\nrows = \"all\"\n", "forever", "all", SETTINGS_FOREVER, SETTINGS_FOREVER},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[SETTINGS_VALUE_TEXT];
        struct settings s = user(forms[i].text);
        is(&s.key[SETTINGS_AUDIT_KEEP], forms[i].s, SETTINGS_USER);
        is(&s.key[SETTINGS_AUDIT_ROWS], forms[i].n, SETTINGS_USER);
        settings_write(SETTINGS_AUDIT_KEEP, forms[i].s, text);
        ck_assert_str_eq(text, forms[i].keep);
        settings_write(SETTINGS_AUDIT_ROWS, forms[i].n, text);
        ck_assert_str_eq(text, forms[i].rows);
    }
}
END_TEST

START_TEST(a_user_does_not_shorten_what_the_systems_audit_keeps)
{
    struct settings s = forced("[audit]\nkeep = \"90d\"\nrows = \"1M\"\n", "[audit]\nkeep = \"1d\"\nrows = \"2M\"\n");
    is(&s.key[SETTINGS_AUDIT_KEEP], 90 * 86400, SETTINGS_SYSTEM);
    is(&s.key[SETTINGS_AUDIT_ROWS], 2000000, SETTINGS_USER);
    s = forced("", "[audit]\nkeep = \"1d\"\n");
    is(&s.key[SETTINGS_AUDIT_KEEP], 86400, SETTINGS_USER);
}
END_TEST

START_TEST(whatever_both_files_say_no_value_is_wider_than_the_system_allows)
{
    static const char *const sizes[] = {"1MiB", "64MiB", "200MiB", "256MiB", "1GiB", "4GiB"};
    enum { N = sizeof sizes / sizeof *sizes };
    for (int sc = 0; sc < N; sc++)
        for (int uc = 0; uc < N; uc++)
            for (int ud = 0; ud < N; ud++) {
                char sys[128], usr[128];
                snprintf(sys, sizeof sys, "[policy]\nflags = %s\n[tiers.local]\nceiling.memory = \"%s\"\n", _i ? "true" : "false", sizes[sc]);
                snprintf(usr, sizeof usr, "[tiers.local]\nceiling.memory = \"%s\"\ndefault.memory = \"%s\"\n", sizes[uc], sizes[ud < uc ? ud : uc]);
                struct settings s = forced(sys, usr), frame = from_system(sys);
                uint64_t max = frame.ceiling[CORDON_TIER_LOCAL][CORDON_LIMIT_MEMORY_BYTES].value, c = s.ceiling[CORDON_TIER_LOCAL][CORDON_LIMIT_MEMORY_BYTES].value,
                         d = s.by_default[CORDON_TIER_LOCAL][CORDON_LIMIT_MEMORY_BYTES].value;
                ck_assert_uint_le(c, max);
                ck_assert_uint_le(d, c);
                ck_assert(_i || d <= 256 * MIB); /* the default as shipped, which the system did not raise */
            }
}
END_TEST

static void private_are(const struct settings *s, const char *expected)
{
    char text[SETTINGS_RANGES_TEXT];
    settings_write_private(&s->egress, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(where_the_network_may_lead_is_the_systems_to_frame)
{
    static const char sys[] = "[egress]\nallow_private = [\"10.0.0.0/8\", \"fd00::/8\"]\nproxy = \"http://sys:1\"\nca_file = \"/sys.pem\"\n";
    static const char usr[] = "[egress]\nallow_private = [\"10.1.0.0/16\", \"192.168.0.0/16\", \"fd12::1\", \"0.0.0.0/0\"]\nproxy = \"http://usr:2\"\nca_file = \"/usr.pem\"\n";
    struct settings s = forced("", "");
    private_are(&s, "none");
    ck_assert(!s.egress.proxy.value && !s.egress.ca_file.value);
    s = forced("", usr);
    private_are(&s, "10.1.0.0/16, 192.168.0.0/16, fd12::1/128, 0.0.0.0/0");
    ck_assert_str_eq(s.egress.proxy_url, "http://usr:2");
    ck_assert_str_eq(s.egress.ca_path, "/usr.pem");
    is(&s.egress.proxy, 1, SETTINGS_USER);
    s = forced(sys, "");
    private_are(&s, "10.0.0.0/8, fd00::/8");
    s = forced(sys, usr);
    private_are(&s, "10.1.0.0/16, fd12::1/128");
    is(&s.egress.allow_private, 2, SETTINGS_USER);
    ck_assert_str_eq(s.egress.proxy_url, "http://sys:1");
    ck_assert_str_eq(s.egress.ca_path, "/sys.pem");
    s = forced("[egress]\nallow_private = []\n", usr); /* none at all is a frame too */
    private_are(&s, "none");
}
END_TEST

START_TEST(a_list_of_ranges_has_a_ceiling)
{
    char text[2000];
    struct settings s;
    int n = snprintf(text, sizeof text, "[egress]\nallow_private = [");
    for (int i = 0; i <= SETTINGS_RANGES_MAX; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "\"10.%d.0.0/16\",", i);
    snprintf(text + n, sizeof text - (size_t)n, "]\n");
    ck_assert_int_eq(settings_parse("a", SETTINGS_USER, text, strlen(text), &s, NULL), -CORDON_E_BAD_CONFIG);
}
END_TEST

static void helpers_are(const struct settings *s, const char *expected)
{
    char text[SETTINGS_HELPERS_TEXT];
    settings_write_helpers(&s->install, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(credential_helpers_are_the_systems_to_frame)
{
    static const char sys[] = "[install]\ncredential_helpers = [\"pass\", \"vault-1\"]\n", usr[] = "[install]\ncredential_helpers = [\"desktop\", \"pass\"]\n";
    struct settings s = forced("", "");
    helpers_are(&s, "none");
    s = forced("", usr);
    helpers_are(&s, "desktop, pass");
    is(&s.install.credential_helpers, 2, SETTINGS_USER);
    s = forced(sys, "");
    helpers_are(&s, "pass, vault-1");
    s = forced(sys, usr);
    helpers_are(&s, "pass");
    s = forced("[install]\ncredential_helpers = []\n", usr);
    helpers_are(&s, "none");
    s = forced("", "[install]\ncredential_helpers = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]\n");
    helpers_are(&s, "a, b, c, d, e, f, g, h");
    static const char nine[] = "[install]\ncredential_helpers = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\"]\n";
    ck_assert_int_eq(settings_parse("a", SETTINGS_USER, nine, strlen(nine), &s, NULL), -CORDON_E_BAD_CONFIG);
}
END_TEST

START_TEST(a_default_follows_a_ceiling_that_is_lowered)
{
    struct settings s = forced("[tiers.untrusted]\nceiling.memory = \"32MiB\"\n", "[tiers.untrusted]\ndefault.memory = \"48MiB\"\n");
    is(&s.by_default[CORDON_TIER_UNTRUSTED][CORDON_LIMIT_MEMORY_BYTES], 32 * MIB, SETTINGS_SYSTEM);
    s = forced("", "[tiers.local]\nceiling.fuel = \"1T\"\n");
    is(&s.by_default[CORDON_TIER_LOCAL][CORDON_LIMIT_FUEL], 1000000000000, SETTINGS_USER);
}
END_TEST

START_TEST(a_default_above_a_ceiling_that_nobody_raised_is_a_mistake)
{
    struct settings s;
    cordon_error *err = NULL;
    const char *text = "[tiers.untrusted]\n\ndefault.memory = \"512MiB\"\n";
    ck_assert_int_eq(force(_i ? text : "", _i ? "" : text, &s, &err), -CORDON_E_BAD_CONFIG);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), _i ? "/sys.toml:3:18: " : "/usr.toml:3:18: "));
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "256MiB"));
    cordon_error_free(err);
}
END_TEST

START_TEST(a_written_value_is_read_back_as_it_was)
{
    struct settings s;
    char text[SETTINGS_VALUE_TEXT];
    uint64_t back;
    const char *why;
    settings_shipped(&s);
    for (int k = 0; k < SETTINGS_KEY_COUNT; k++) {
        settings_write((enum settings_key)k, s.key[k].value, text);
        ck_assert_int_eq(settings_value((enum settings_key)k, text, &back, &why), 0);
        ck_assert_uint_eq(back, s.key[k].value);
    }
}
END_TEST

/* ---- files ---- */

static char folder[] = "/tmp/cordon-settings-XXXXXX";
static char file[sizeof folder + 32];

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/config.toml", folder);
}

static void remove_folder(void)
{
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void is_refused(enum settings_from from, int code, const char *hint)
{
    char *text = NULL;
    size_t len;
    cordon_error *err = NULL;
    int rc = settings_read(file, from, &text, &len, &err);
    ck_assert_msg(rc == code, "%d, %s", rc, err ? cordon_error_message(err) : "no error");
    ck_assert_ptr_null(text);
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), hint));
    cordon_error_free(err);
}

START_TEST(a_file_is_read_whole)
{
    char *text;
    size_t len;
    write_file(file, "[cache]\n", 0600);
    ck_assert_int_eq(settings_read(file, SETTINGS_USER, &text, &len, NULL), 1);
    ck_assert_str_eq(text, "[cache]\n");
    ck_assert_uint_eq(len, 8);
    free(text);
    write_file(file, "", 0644);
    ck_assert_int_eq(settings_read(file, SETTINGS_USER, &text, &len, NULL), 1);
    ck_assert_uint_eq(len, 0);
    free(text);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_no_error)
{
    char *text, beneath[sizeof file + 8];
    size_t len;
    ck_assert_int_eq(settings_read(file, SETTINGS_USER, &text, &len, NULL), 0);
    write_file(file, "", 0600);
    snprintf(beneath, sizeof beneath, "%s/x", file);
    ck_assert_int_eq(settings_read(beneath, SETTINGS_USER, &text, &len, NULL), 0);
}
END_TEST

START_TEST(what_others_can_write_is_refused_with_the_command_that_mends_it)
{
    static const mode_t modes[] = {0620, 0602, 0666, 0777};
    char command[sizeof file + 16];
    write_file(file, "", modes[_i]);
    snprintf(command, sizeof command, "chmod go-w %s", file);
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, command);
    ck_assert_int_eq(chmod(file, 0600), 0);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    snprintf(command, sizeof command, "chmod go-w %s", folder);
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, command);
}
END_TEST

START_TEST(what_another_user_owns_is_refused)
{
    write_file(file, "", 0600);
    if (geteuid()) {
        /* This user's own file in the system's place is another user's there. */
        is_refused(SETTINGS_SYSTEM, -CORDON_E_UNSAFE_PATH, "sudo chown 0 ");
        return;
    }
    ck_assert_int_eq(chown(file, 65534, 65534), 0);
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, "sudo chown 0 ");
    is_refused(SETTINGS_SYSTEM, -CORDON_E_UNSAFE_PATH, "sudo chown 0 ");
    ck_assert_int_eq(chown(file, 0, 0), 0);
    ck_assert_int_eq(chown(folder, 65534, 65534), 0);
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, "");
}
END_TEST

START_TEST(only_a_regular_file_is_read)
{
    switch (_i) {
    case 0: ck_assert_int_eq(mkdir(file, 0700), 0); break;
    case 1: ck_assert_int_eq(mkfifo(file, 0600), 0); break;
    case 2: ck_assert_int_eq(symlink("/dev/null", file), 0); break;
    }
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, "");
}
END_TEST

START_TEST(a_link_is_followed_to_a_file_that_must_be_as_safe)
{
    char *text, target[sizeof file + 16];
    size_t len;
    snprintf(target, sizeof target, "%s/target", folder);
    write_file(target, "", 0600);
    ck_assert_int_eq(symlink("target", file), 0);
    ck_assert_int_eq(settings_read(file, SETTINGS_USER, &text, &len, NULL), 1);
    free(text);
    ck_assert_int_eq(chmod(target, 0666), 0);
    is_refused(SETTINGS_USER, -CORDON_E_UNSAFE_PATH, "chmod");
}
END_TEST

START_TEST(a_file_above_its_ceiling_is_refused)
{
    char *text;
    size_t len;
    write_file(file, "#", 0600);
    ck_assert_int_eq(truncate(file, SETTINGS_FILE_MAX), 0);
    ck_assert_int_eq(settings_read(file, SETTINGS_USER, &text, &len, NULL), 1);
    ck_assert_uint_eq(len, SETTINGS_FILE_MAX);
    free(text);
    ck_assert_int_eq(truncate(file, SETTINGS_FILE_MAX + 1), 0);
    is_refused(SETTINGS_USER, -CORDON_E_BAD_CONFIG, "");
}
END_TEST

/* ---- places ---- */

static void is_found(const char *given, const char *own, const char *config, const char *home, const char *expected)
{
    const char *const names[] = {"CORDON_HOME", "XDG_CONFIG_HOME", "HOME"}, *const values[] = {own, config, home};
    char *path = NULL;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(values[i] ? setenv(names[i], values[i], 1) : unsetenv(names[i]), 0);
    ck_assert_int_eq(settings_find(given, &path, NULL), 0);
    if (expected)
        ck_assert_str_eq(path, expected);
    else
        ck_assert_ptr_null(path);
    free(path);
}

START_TEST(the_users_file_has_one_place)
{
    is_found("x.toml", "/c", "/g", "/h", "x.toml");
    is_found(NULL, "/c", "/g", "/h", "/c/config.toml");
    is_found(NULL, NULL, "/g", "/h", "/g/cordon/config.toml");
    is_found(NULL, "", "/g", "/h", "/g/cordon/config.toml");
    is_found(NULL, NULL, NULL, "/h", "/h/.config/cordon/config.toml");
    is_found(NULL, NULL, "relative", "/h", "/h/.config/cordon/config.toml");
    is_found(NULL, NULL, NULL, "relative", NULL);
    is_found(NULL, NULL, NULL, NULL, NULL);
}
END_TEST

START_TEST(nothing_is_taken_from_the_working_directory)
{
    char *path = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(setenv("CORDON_HOME", _i ? "." : "mine", 1), 0);
    ck_assert_int_eq(settings_find(NULL, &path, &err), -CORDON_E_UNSAFE_PATH);
    ck_assert_ptr_null(path);
    cordon_error_free(err);
}
END_TEST

Suite *suite_settings(void)
{
    Suite *s = suite_create("settings");
    TCase *text = tcase_create("text");
    tcase_add_test(text, values_are_read_as_people_write_them);
    tcase_add_loop_test(text, a_file_without_settings_sets_none, 0, 6);
    tcase_add_loop_test(text, what_is_wrong_is_told_with_its_place_and_what_is_expected, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(text, bytes_that_are_no_text_are_refused, 0, 5);
    tcase_add_loop_test(text, texts_made_to_hurt_are_an_error_and_no_more, 0, 9);
    suite_add_tcase(s, text);
    TCase *force_case = tcase_create("two files");
    tcase_add_test(force_case, without_files_what_is_shipped_is_in_force);
    tcase_add_loop_test(force_case, either_file_alone_may_widen_and_narrow, 0, 2);
    tcase_add_test(force_case, what_the_system_sets_the_user_only_narrows);
    tcase_add_test(force_case, what_an_audit_keeps_is_read_and_written);
    tcase_add_test(force_case, a_user_does_not_shorten_what_the_systems_audit_keeps);
    tcase_add_loop_test(force_case, whatever_both_files_say_no_value_is_wider_than_the_system_allows, 0, 2);
    tcase_add_test(force_case, where_the_network_may_lead_is_the_systems_to_frame);
    tcase_add_test(force_case, a_list_of_ranges_has_a_ceiling);
    tcase_add_test(force_case, credential_helpers_are_the_systems_to_frame);
    tcase_add_test(force_case, a_default_follows_a_ceiling_that_is_lowered);
    tcase_add_loop_test(force_case, a_default_above_a_ceiling_that_nobody_raised_is_a_mistake, 0, 2);
    tcase_add_test(force_case, a_written_value_is_read_back_as_it_was);
    suite_add_tcase(s, force_case);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, a_file_is_read_whole);
    tcase_add_test(files, a_file_that_is_not_there_is_no_error);
    tcase_add_loop_test(files, what_others_can_write_is_refused_with_the_command_that_mends_it, 0, 4);
    tcase_add_test(files, what_another_user_owns_is_refused);
    tcase_add_loop_test(files, only_a_regular_file_is_read, 0, 3);
    tcase_add_test(files, a_link_is_followed_to_a_file_that_must_be_as_safe);
    tcase_add_test(files, a_file_above_its_ceiling_is_refused);
    suite_add_tcase(s, files);
    TCase *places = tcase_create("places");
    tcase_add_test(places, the_users_file_has_one_place);
    tcase_add_loop_test(places, nothing_is_taken_from_the_working_directory, 0, 2);
    suite_add_tcase(s, places);
    return s;
}
