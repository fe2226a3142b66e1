/* SPDX-License-Identifier: Apache-2.0
 * The public face of an installation: made, told how, fetched, answered. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <poll.h>
#include <stdarg.h>
#include <string.h>

enum { WARNING_MAX = 400 };

/* ---- made ---- */

void cordon_install_free(cordon_install *i)
{
    if (!i)
        return;
    if (i->bundle.fd >= 0)
        bundle_discard(&i->bundle);
    manifest_finish(&i->manifest);
    registry_version_finish(&i->next);
    registry_version_finish(&i->before);
    install_asks_finish(&i->asks);
    install_answer_finish(&i->answer);
    grants_unref(i->asked);
    grants_unref(i->kept);
    json_decref(i->could_use);
    json_decref(i->changes);
    json_decref(i->warnings);
    install_source_finish(&i->source);
    free(i->manifest_text);
    free(i->given);
    free(i->as);
    free(i);
}

static void install_drop(cordon_install **i) { cordon_install_free(*i); }

static cordon_install *make(cordon_registry *registry)
{
    cordon_install *i = calloc(1, sizeof *i);
    if (!i)
        return NULL;
    i->registry = registry;
    i->host = registry->host;
    i->bundle.fd = i->log_fd = i->cancel_fd = -1;
    i->could_use = json_array();
    i->changes = json_array();
    i->warnings = json_array();
    if (i->could_use && i->changes && i->warnings)
        return i;
    cordon_install_free(i);
    return NULL;
}

int cordon_install_new(cordon_registry *registry, const char *source, cordon_install **ret, cordon_error **err)
{
    err_wanted(err);
    cleanup_free char *cwd = getcwd(NULL, 0);
    cleanup(install_drop) cordon_install *i = make(registry);
    if (!i || !(i->given = strdup(source)))
        return err_nomem(err);
    int rc = install_source_parse(source, cwd, &i->source, err);
    if (rc == 0)
        *ret = take(i);
    return rc;
}

/* What was lowered once stays so, until it is installed again. */
static void keep_tier(struct cordon_install *i, const struct registry_version *installed)
{
    i->has_tier = installed->tier == CORDON_TIER_LOCAL || (*installed->publisher && installed->tier < CORDON_TIER_VERIFIED);
    i->tier = installed->tier;
}

static int begin_update(struct cordon_install *i, struct registry *r, const char *name, cordon_error **err)
{
    cleanup(registry_version_finish) struct registry_version installed = {0};
    int rc = r ? registry_get(r, name, NULL, &installed, err) : 0;
    if (rc == 0)
        return err_set(err, CORDON_E_NOT_FOUND, name, "no skill named %s is installed", name);
    if (rc < 0 || (rc = install_source_parse(installed.source, NULL, &i->source, err)) < 0)
        return rc;
    keep_tier(i, &installed);
    if (installed.manifest && !strcmp(installed.format, manifest_file(MANIFEST_SKILL_TOML)))
        i->manifest_text = take(installed.manifest); /* of a lone file it is wanted again */
    i->as = strdup(name);
    return i->as ? 0 : err_nomem(err);
}

int cordon_update_new(cordon_registry *registry, const char *name, cordon_install **ret, cordon_error **err)
{
    err_wanted(err);
    cleanup(install_drop) cordon_install *i = make(registry);
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = i ? registry_begin(registry, REGISTRY_READ, &r, err) : err_nomem(err);
    if (rc >= 0)
        rc = begin_update(i, r, name, err);
    if (rc == 0)
        *ret = take(i);
    return rc;
}

/* ---- how ---- */

int cordon_install_set_name(cordon_install *i, const char *name, cordon_error **err)
{
    err_wanted(err);
    int rc = registry_check_name(name, err);
    char *copy = rc == 0 ? strdup(name) : NULL;
    if (rc < 0 || !copy)
        return rc < 0 ? rc : err_nomem(err);
    free(i->as);
    i->as = copy;
    return 0;
}

int cordon_install_set_tier(cordon_install *i, enum cordon_tier tier, cordon_error **err)
{
    err_wanted(err);
    if (tier >= CORDON_TIER_COUNT)
        return err_set(err, CORDON_E_USAGE, "tier", "there is no tier %u", (unsigned)tier);
    if (tier == CORDON_TIER_LOCAL && i->source.from != INSTALL_FROM_PATH) {
        err_set(err, CORDON_E_TIER_REFUSED, "tier", "only what lies on this machine can be local, and this comes from the network");
        return err_hint(err, "Leave --tier out: signed by a key that you trust (`cordon key trust`), it is verified, else untrusted.");
    }
    i->has_tier = true;
    i->tier = tier;
    return 0;
}

void cordon_install_set_build(cordon_install *i, bool build, int log_fd)
{
    i->build = build;
    i->log_fd = log_fd;
}

void cordon_install_set_fetch(cordon_install *i, bool fetch) { i->fetch = fetch; }
void cordon_install_set_cancel(cordon_install *i, int cancel_fd) { i->cancel_fd = cancel_fd; }

int cordon_install_set_digest(cordon_install *i, const char *digest, cordon_error **err)
{
    err_wanted(err);
    i->has_digest = install_digest_parse(digest, i->digest);
    return i->has_digest ? 0 : err_set(err, CORDON_E_USAGE, "digest", "a digest is sha256: and 64 hex digits");
}

int cordon_install_accept(cordon_install *i, enum cordon_accept what, cordon_error **err)
{
    err_wanted(err);
    if (what >= CORDON_ACCEPT_COUNT)
        return err_set(err, CORDON_E_USAGE, "accept", "there is nothing of the number %u to accept", (unsigned)what);
    i->accept[what] = true;
    return 0;
}

/* ---- fetched ---- */

void install_warn(struct cordon_install *i, const char *fmt, ...)
{
    char line[2 * WARNING_MAX];
    struct buf b;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    buf_init(&b, 8 * sizeof line);
    text_escape(&b, line, text_cut(line, strlen(line), WARNING_MAX), false);
    json_array_append_new(i->warnings, json_string(b.data ? b.data : ""));
    buf_finish(&b);
}

static int check_digest(const struct cordon_install *i, cordon_error **err)
{
    char text[INSTALL_DIGEST_TEXT];
    if (!i->has_digest || !memcmp(i->digest, i->bundle.digest, sizeof i->digest))
        return 0;
    install_digest_write(i->bundle.digest, text);
    return err_set(err, CORDON_E_DIGEST_MISMATCH, i->source.shown, "what is there now has another digest than the one that was asked for: %s", text);
}

const char *const install_points[] = {"staged", "checked", "provided", "planned", "settled", NULL};

void install_point(const struct cordon_install *i, const char *point)
{
    if (i->registry->hook)
        i->registry->hook(i->registry->hook_data, point);
}

static int check_cancelled(const struct cordon_install *i, cordon_error **err)
{
    struct pollfd cancel = {.fd = i->cancel_fd, .events = POLLIN};
    return i->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0 ? err_set(err, CORDON_E_FETCH_FAILED, i->source.text, "it was cancelled: nothing was installed") : 0;
}

int install_prepare(struct cordon_install *i, cordon_error **err)
{
    int rc = install_stage(i, err);
    install_point(i, "staged");
    if (rc < 0 || (rc = check_cancelled(i, err)) < 0 || (rc = install_check_signature(i, err)) < 0 || (rc = install_read(i, err)) < 0 || (rc = install_check_trust(i, err)) < 0)
        return rc;
    install_point(i, "checked");
    if ((rc = check_cancelled(i, err)) < 0 || (rc = install_provide(i, err)) < 0 || (rc = check_digest(i, err)) < 0)
        return rc;
    install_point(i, "provided");
    return check_cancelled(i, err);
}

int install_consider(struct cordon_install *i, cordon_error **err)
{
    int rc = install_plan(i, err);
    install_point(i, "planned");
    i->fetched = rc == 0;
    return rc;
}

static int fetch(struct cordon_install *i, cordon_error **err)
{
    if (i->fetched || i->bundle.fd >= 0)
        return err_set(err, CORDON_E_USAGE, NULL, "it was fetched already");
    int rc = install_prepare(i, err);
    return rc == 0 ? install_consider(i, err) : rc;
}

int cordon_install_fetch(cordon_install *i, cordon_error **err)
{
    err_wanted(err);
    return fetch(i, err);
}

/* ---- answered ---- */

static int check_fetched(const cordon_install *i, cordon_error **err)
{
    return i->fetched ? 0 : err_set(err, CORDON_E_USAGE, NULL, "nothing was fetched yet that could be answered for");
}

/* A folder that cannot be granted is found here, not at the first call. */
static int check_folder(const cordon_install *i, struct grant *g, cordon_error **err)
{
    return g->kind == GRANT_FILES ? grants_check_folder(i->host, g, err) : 0;
}

int cordon_install_allow(cordon_install *i, const char *grant, cordon_error **err)
{
    err_wanted(err);
    cleanup(grant_finish) struct grant g = {0};
    int rc = check_fetched(i, err);
    if (rc < 0 || (rc = grants_read(grant, &g, err)) < 0 || (rc = check_folder(i, &g, err)) < 0)
        return rc;
    return install_answer_allow(&i->answer, i->asked, &g, err);
}

/* A guest's path is taken for the same path here, which the operator has just been shown. */
static int allow_ask(cordon_install *i, const struct install_ask *ask, cordon_error **err)
{
    cordon_error *why = NULL;
    int rc = ask->needs_word ? 0 : cordon_install_allow(i, ask->text, &why);
    if (rc < 0 && ask->grant.kind == GRANT_FILES && rc != -CORDON_E_NO_RESOURCES) {
        install_warn(i, "%s is not granted: %s", ask->text, cordon_error_message(why));
        cordon_error_free(why);
        return 0;
    }
    if (rc < 0 && err)
        *err = why;
    else
        cordon_error_free(why);
    return rc;
}

int cordon_install_allow_asked(cordon_install *i, cordon_error **err)
{
    err_wanted(err);
    int rc = check_fetched(i, err);
    for (size_t n = 0; rc == 0 && n < i->asks.n; n++)
        rc = allow_ask(i, &i->asks.item[n], err);
    i->answer.given = i->answer.given || rc == 0;
    return rc;
}

int cordon_install_allow_nothing(cordon_install *i, bool forget, cordon_error **err)
{
    err_wanted(err);
    int rc = check_fetched(i, err);
    if (rc == 0) {
        i->answer.given = true;
        i->answer.forget = forget;
    }
    return rc;
}
