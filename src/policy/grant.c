/* SPDX-License-Identifier: Apache-2.0
 * Grants: which kind it is, names, and the printing back. The two larger parts are grant_net.c and grant_path.c. */
#include "policy/grant.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "policy/grant_parse.h"
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 200 }; /* how much of a wrong grant the message repeats; the subject has more */

int grant_refuse(const struct grant_parse *p, const char *why)
{
    int shown = (int)text_cut(p->text, strnlen(p->text, SHOWN_MAX + 4), SHOWN_MAX);
    err_set(p->err, CORDON_E_USAGE, p->text, "grant '%.*s': %s", shown, p->text, why);
    err_hint(p->err, "`cordon help grants` shows every form with an example.");
    return -CORDON_E_USAGE;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, digits and what is in `also`; the first one not in `not_first`. */
static bool is_name(const char *s, size_t len, const char *also, const char *not_first)
{
    if (len == 0 || len > GRANT_NAME_MAX || strchr(not_first, s[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(s[i]) && !(s[i] && strchr(also, s[i])))
            return false;
    return true;
}

/* `s` has been looked at by is_name, so it fits. */
static void copy_name(char ret[GRANT_NAME_MAX + 1], const char *s, size_t len)
{
    memcpy(ret, s, len);
    ret[len] = '\0';
}

static void copy_lower(char ret[GRANT_NAME_MAX + 1], const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ret[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
    ret[len] = '\0';
}

static bool is_reserved(const char *s, size_t len)
{
    return (len >= 7 && strncasecmp(s, "CORDON_", 7) == 0) || (len >= 3 && strncasecmp(s, "LD_", 3) == 0);
}

static int parse_env(struct grant_parse *p, const char *value)
{
    size_t len = strlen(value);
    if (strchr(value, '*') || strchr(value, '?'))
        return grant_refuse(p, "there are no wildcards: name each variable");
    if (!is_name(value, len, "_", "0123456789"))
        return grant_refuse(p, "the name of a variable is letters, digits and _, at most 128, not starting with a digit");
    if (is_reserved(value, len))
        return grant_refuse(p, "variables CORDON_* and LD_* are never given to a skill");
    copy_name(p->grant->name, value, len);
    return 0;
}

const char *grant_why_no_secret(const char *s, size_t len)
{
    if (memchr(s, '*', len) || memchr(s, '?', len))
        return "there are no wildcards: name each secret";
    if (!is_name(s, len, "_-.", "-."))
        return "the name of a secret is letters, digits, _, - and ., at most 128, starting with a letter, digit or _";
    return is_reserved(s, len) ? "secrets CORDON_* and LD_* are never given to a skill" : NULL;
}

static int parse_secret_name(struct grant_parse *p, const char *s, size_t len, char ret[GRANT_NAME_MAX + 1])
{
    const char *why = grant_why_no_secret(s, len);
    if (why)
        return grant_refuse(p, why);
    copy_name(ret, s, len);
    return 0;
}

static int parse_secret(struct grant_parse *p, const char *value)
{
    return parse_secret_name(p, value, strlen(value), p->grant->name);
}

static int parse_memory(struct grant_parse *p, const char *value)
{
    if (!value)
        return 0;
    if (!is_name(value, strlen(value), "_-", "_-"))
        return grant_refuse(p, "the name of a bot is ASCII letters, digits, - and _, at most 128, starting with a letter or digit");
    text_slug(value, strlen(value), p->grant->name);
    return 0;
}

static int parse_call(struct grant_parse *p, const char *value)
{
    if (!is_name(value, strlen(value), "_-", "_-"))
        return grant_refuse(p, "the name of a capability is ASCII letters, digits, - and _, at most 128, starting with a letter or digit");
    copy_name(p->grant->name, value, strlen(value));
    return 0;
}

static int parse_exec(struct grant_parse *p, const char *value)
{
    (void)p;
    (void)value;
    return 0;
}

/* SECRET@HOST[:PORT]; neither part can hold an @. */
static int parse_credential(struct grant_parse *p, const char *value)
{
    const char *at = strchr(value, '@');
    if (!at)
        return grant_refuse(p, "the host is missing: write SECRET@HOST");
    int rc = parse_secret_name(p, value, (size_t)(at - value), p->grant->secret);
    return rc < 0 ? rc : grant_parse_origin(p, at + 1);
}

/* Headers that frame the message, or belong to one connection: set by hand they let one request be read as two. */
static bool is_framing_header(const char *name)
{
    static const char *const framing[] = {"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te",
                                          "trailer", "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
        if (strcmp(name, framing[i]) == 0)
            return true;
    return strncmp(name, "proxy-", 6) == 0;
}

static int parse_header(struct grant_parse *p, const char *value)
{
    const char *colon = strchr(value, ':');
    if (!colon)
        return grant_refuse(p, "the secret is missing: write NAME:SECRET@HOST");
    size_t len = (size_t)(colon - value);
    if (!is_name(value, len, "-_", "-"))
        return grant_refuse(p, "the name of a header is letters, digits, - and _, at most 128");
    copy_lower(p->grant->name, value, len);
    if (is_framing_header(p->grant->name))
        return grant_refuse(p, "this header belongs to the connection and cannot be set");
    return parse_credential(p, colon + 1);
}

enum word_value { NO_VALUE, MAYBE_VALUE, NEEDS_VALUE };

struct grant_word {
    const char *word;
    enum grant_kind kind;
    unsigned access;
    enum word_value value;
    int (*parse)(struct grant_parse *, const char *value);
    const char *why_missing;
    bool may_be_any; /* where a manifest asks */
};

static const struct grant_word words[] = {
    {"net", GRANT_NET, 0, NEEDS_VALUE, grant_parse_net, "say which host: net=HOST", true},
    {"bearer", GRANT_BEARER, 0, NEEDS_VALUE, parse_credential, "say which secret and host: bearer=SECRET@HOST", false},
    {"header", GRANT_HEADER, 0, NEEDS_VALUE, parse_header, "say which header, secret and host: header=NAME:SECRET@HOST", false},
    {"read", GRANT_FILES, FILE_READ, NEEDS_VALUE, grant_parse_files, "say which folder: read=PATH", true},
    {"write", GRANT_FILES, FILE_WRITE, NEEDS_VALUE, grant_parse_files, "say which folder: write=PATH", true},
    {"rw", GRANT_FILES, FILE_READ | FILE_WRITE, NEEDS_VALUE, grant_parse_files, "say which folder: rw=PATH", true},
    {"env", GRANT_ENV, 0, NEEDS_VALUE, parse_env, "say which variable: env=NAME", true},
    {"secret", GRANT_SECRET, 0, NEEDS_VALUE, parse_secret, "say which secret: secret=NAME", true},
    {"memory", GRANT_MEMORY, 0, MAYBE_VALUE, parse_memory, "say which bot, memory=BOT, or write memory alone", false},
    {"call", GRANT_CALL, 0, NEEDS_VALUE, parse_call, "say which capability of the program: call=NAME", false},
    {"exec", GRANT_EXEC, 0, NO_VALUE, parse_exec, NULL, false},
};
enum { WORDS = sizeof words / sizeof *words };

static int refuse_word(const struct grant_parse *p, size_t len)
{
    enum { LONGEST = 16 };
    char word[LONGEST + 1] = "", why[160];
    memcpy(word, p->text, len < LONGEST ? len : LONGEST);
    for (size_t i = 0; len > 1 && len <= LONGEST && i < WORDS; i++) {
        if (text_is_near(word, words[i].word)) {
            snprintf(why, sizeof why, "there is no such kind of grant; did you mean %s%s?", words[i].word,
                     words[i].value == NEEDS_VALUE ? "=…" : "");
            return grant_refuse(p, why);
        }
    }
    return grant_refuse(p, "there is no such kind of grant (known: net bearer header read write rw env secret memory call exec)");
}

static int parse_any(struct grant_parse *p)
{
    p->grant->net.methods = p->grant->kind == GRANT_NET ? NET_ANY_METHOD : 0;
    return 0;
}

static int parse_word(struct grant_parse *p)
{
    size_t len = strcspn(p->text, "=");
    const char *value = p->text[len] ? p->text + len + 1 : NULL;
    for (size_t i = 0; i < WORDS; i++) {
        const struct grant_word *w = &words[i];
        if (strlen(w->word) != len || memcmp(w->word, p->text, len) != 0)
            continue;
        if (value && w->value == NO_VALUE)
            return grant_refuse(p, "it takes no value");
        p->grant->kind = w->kind;
        p->grant->access = w->access;
        p->grant->any = !value && p->source->asked && w->may_be_any;
        if (p->grant->any)
            return parse_any(p);
        if (value ? !*value : w->value == NEEDS_VALUE)
            return grant_refuse(p, w->why_missing);
        return w->parse(p, value);
    }
    return refuse_word(p, len);
}

int grant_parse(const char *text, const struct grant_source *source, struct grant *ret, cordon_error **err)
{
    static const struct grant_source nowhere = {0};
    cleanup(grant_finish) struct grant g = {0};
    struct grant_parse p = {text, source ? source : &nowhere, &g, err};
    if (strnlen(text, GRANT_TEXT_MAX + 1) > GRANT_TEXT_MAX)
        return grant_refuse(&p, "it is longer than 8192 bytes");
    int rc = parse_word(&p);
    if (rc < 0)
        return rc;
    *ret = g;
    g = (struct grant){0};
    return 0;
}

void grant_finish(struct grant *g)
{
    free(g->net.prefix);
    free(g->path);
    free(g->guest);
    *g = (struct grant){0};
}

static bool copy_text(const char *s, char **ret)
{
    *ret = s ? strdup(s) : NULL;
    return *ret || !s;
}

bool grant_copy(const struct grant *g, struct grant *ret)
{
    *ret = *g;
    ret->net.prefix = ret->path = ret->guest = NULL;
    if (copy_text(g->net.prefix, &ret->net.prefix) && copy_text(g->path, &ret->path) && copy_text(g->guest, &ret->guest))
        return true;
    grant_finish(ret);
    return false;
}

static int print_files(struct buf *b, const struct grant *g)
{
    buf_adds(b, g->access == FILE_READ ? "read" : g->access == FILE_WRITE ? "write" : "rw");
    if (g->any)
        return b->full ? -1 : 0;
    buf_addc(b, '=');
    if (g->path && strcmp(g->path, g->guest) != 0)
        buf_addf(b, "%s::", g->path);
    return buf_adds(b, g->guest);
}

static int print_credential(struct buf *b, const struct grant *g)
{
    if (g->kind == GRANT_HEADER)
        buf_addf(b, "header=%s:%s@", g->name, g->secret);
    else
        buf_addf(b, "bearer=%s@", g->secret);
    return grant_print_origin(b, &g->net);
}

int grant_print(struct buf *b, const struct grant *g)
{
    switch (g->kind) {
    case GRANT_NET: return grant_print_net(b, g);
    case GRANT_BEARER:
    case GRANT_HEADER: return print_credential(b, g);
    case GRANT_FILES: return print_files(b, g);
    case GRANT_ENV: return g->any ? buf_adds(b, "env") : buf_addf(b, "env=%s", g->name);
    case GRANT_SECRET: return g->any ? buf_adds(b, "secret") : buf_addf(b, "secret=%s", g->name);
    case GRANT_MEMORY: return *g->name ? buf_addf(b, "memory=%s", g->name) : buf_adds(b, "memory");
    case GRANT_CALL: return buf_addf(b, "call=%s", g->name);
    case GRANT_EXEC: return buf_adds(b, "exec");
    }
    return -1;
}
