/* SPDX-License-Identifier: Apache-2.0
 * What a request may touch: the operator's grants, and the values that come with them. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/installed.h"
#include "keep/recall.h"
#include "keep/secrets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void secret_finish(struct secret **s) { secret_unref(*s); }
static void root_finish(struct file_root **r) { file_root_unref(*r); }

/* A grant of a variable gives the value that this process has now; one that is not set is not found by the guest. */
static int take_value(struct powers *p, const struct grant *g, cordon_error **err)
{
    const char *value = getenv(g->name);
    return value ? powers_set_env(p, g->name, value, err) : 0;
}

/* Read here and now, since a process may lock itself in before the call. One that is not kept is not found: the guest is told, or the gateway. */
static int take_secret(const cordon_host *h, struct powers *p, const struct grant *g, cordon_error **err)
{
    cleanup(secret_finish) struct secret *one = NULL;
    const char *name = g->kind == GRANT_SECRET ? g->name : g->secret;
    int rc = secrets_get(h->opts.home, name, &one, err);
    return rc > 0 ? keyring_add(&p->secrets, name, one, err) : rc;
}

static int take_memory(const cordon_host *h, struct powers *p, cordon_error **err)
{
    return p->memory || (p->memory = recall_new(h->opts.home)) ? 0 : err_nomem(err);
}

/* What comes with a grant. */
static int take_with(const cordon_host *h, struct powers *p, const struct grant *g, cordon_error **err)
{
    switch (g->kind) {
    case GRANT_ENV: return take_value(p, g, err);
    case GRANT_SECRET: case GRANT_BEARER: case GRANT_HEADER: return take_secret(h, p, g, err);
    case GRANT_MEMORY: return take_memory(h, p, err);
    default: return 0;
    }
}

static int open_folder(const cordon_host *h, const struct grant *g, struct file_root **ret, cordon_error **err)
{
    cleanup(places_finish) struct places places = {0};
    int rc = places_find(&h->opts, &places, err);
    if (rc < 0)
        return rc;
    const struct file_guard guard = {.home = secure_getenv("HOME"), .places = places.place, .n = places.n};
    return file_root_open(g, &guard, ret, err);
}

int grants_check_folder(const cordon_host *h, struct grant *g, cordon_error **err)
{
    cleanup(root_finish) struct file_root *root = NULL;
    int rc = open_folder(h, g, &root, err);
    if (rc < 0)
        return rc;
    g->dev = root->dev;
    g->ino = root->ino;
    return 0;
}

const char *grants_folder_text(const struct grant *g, char ret[GRANT_FOLDER_TEXT])
{
    if (!g->ino)
        return NULL;
    snprintf(ret, GRANT_FOLDER_TEXT, "%" PRIu64 ":%" PRIu64, g->dev, g->ino);
    return ret;
}

int grants_folder_read(const char *text, struct grant *g, cordon_error **err)
{
    char again[GRANT_FOLDER_TEXT];
    if (!text)
        return 0;
    bool read = sscanf(text, "%" SCNu64 ":%" SCNu64, &g->dev, &g->ino) == 2;
    const char *same = read ? grants_folder_text(g, again) : NULL;
    return same && !strcmp(same, text) ? 0 : err_set(err, CORDON_E_DAMAGED, "folder", "the registry does not say which folder was granted");
}

static int check_same(const struct grant *g, const struct file_root *root, cordon_error **err)
{
    if (!g->ino || (g->dev == root->dev && g->ino == root->ino))
        return 0;
    return err_set(err, CORDON_E_NOT_GRANTED, g->path, "%s is not the folder that was granted: another lies there now", g->path);
}

/* The folder is opened here and now: what it is from here on is what the operator meant. */
static int give_folder(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    cleanup(root_finish) struct file_root *root = NULL;
    int rc = open_folder(h, g, &root, err);
    if (rc < 0 || (rc = check_same(g, root, err)) < 0)
        return rc;
    return powers_grant_folder(p, g, root, err);
}

int grants_refuse_unasked(const char *skill, const char *grant, cordon_error **err)
{
    int rc = err_set(err, CORDON_E_NOT_ASKED, grant, "%s does not ask for anything that %s would answer", skill, grant);
    err_hint(err, "`cordon inspect %s` lists what it asks for; a grant beyond that would never be used.", skill);
    return rc;
}

/* What is asked for is an author's text, and printed as the grammar has it. */
static int refuse_unasked(const struct powers *p, const char *skill, const char *grant, cordon_error **err)
{
    enum { SHOWN = 10, SIZE = 700 };
    const struct grants *asks = p->grants->asked;
    cleanup(buf_finish) struct buf b;
    buf_init(&b, SIZE);
    for (size_t i = 0; i < asks->n && i < SHOWN; i++) {
        size_t before = b.len;
        buf_adds(&b, i ? ", " : "");
        if (grant_print(&b, &asks->item[i]) < 0)
            buf_cut(&b, before);
    }
    int rc = grants_refuse_unasked(skill, grant, err);
    err_hint(err, "Its manifest asks for %s%s; a grant beyond that would never be used.", b.len ? b.data : "nothing", asks->n > SHOWN ? " and more" : "");
    return rc;
}

int grants_give(const cordon_host *h, struct powers *p, struct grant *g, cordon_error **err)
{
    int rc = take_with(h, p, g, err);
    if (rc == 0 && g->kind == GRANT_FILES)
        return give_folder(h, p, g, err);
    return rc == 0 ? powers_grant(p, g, err) : rc;
}

int grants_read(const char *text, struct grant *ret, cordon_error **err)
{
    cleanup_free char *cwd = getcwd(NULL, 0);
    const struct grant_source source = {.cwd = cwd, .home = secure_getenv("HOME")};
    return grant_parse(text, &source, ret, err);
}

int grants_allow(const cordon_host *h, struct powers *p, const char *skill, const char *grant, cordon_error **err)
{
    cleanup(grant_finish) struct grant g = {0};
    int rc = grants_read(grant, &g, err);
    if (rc == 0 && g.kind == GRANT_EXEC)
        return err_set(err, CORDON_E_USAGE, "exec", "exec lets a local script run; %s is WebAssembly and needs no such grant", skill);
    if (rc == 0 && !grants_answers(p->grants->asked, &g))
        return refuse_unasked(p, skill, grant, err);
    return rc == 0 ? grants_give(h, p, &g, err) : rc;
}

static void powers_finish(struct powers **p) { powers_unref(*p); }

/* Of an installed skill: what its manifest does not ask for would never be used, so it is said. */
static int check_asked(const cordon_request *r, const struct powers *more, const char *text, cordon_error **err)
{
    for (size_t i = 0; i < more->grants->n; i++)
        if (!grants_answers(r->said->asks, &more->grants->item[i]))
            return grants_refuse_unasked(r->spec->skill, text, err);
    return 0;
}

/* `value` NULL: a grant, else a variable with its value. */
static int give(cordon_request *r, const char *text, const char *value, cordon_error **err)
{
    const cordon_host *h = r->skill->host;
    cleanup(powers_finish) struct powers *more = r->front ? powers_new() : NULL;
    struct powers *to = r->front ? more : r->spec->powers;
    if (!to)
        return err_nomem(err);
    int rc = value ? grants_set_env(to, r->spec->skill, text, value, err) : grants_allow(h, to, r->spec->skill, text, err);
    if (rc < 0 || !more)
        return rc;
    return (rc = check_asked(r, more, text, err)) < 0 ? rc : request_give(r, more, err);
}

int cordon_request_allow(cordon_request *r, const char *grant, cordon_error **err)
{
    err_wanted(err);
    int rc = request_writable(r, err);
    return rc == 0 ? give(r, grant, NULL, err) : rc;
}

int grants_set_env(struct powers *p, const char *skill, const char *name, const char *value, cordon_error **err)
{
    cleanup_free char *text = NULL;
    cleanup(grant_finish) struct grant g = {0};
    if (asprintf(&text, "env=%s", name) < 0) {
        text = NULL;
        return err_nomem(err);
    }
    int rc = grant_parse(text, NULL, &g, err);
    if (rc == 0 && !grants_answers(p->grants->asked, &g))
        return refuse_unasked(p, skill, text, err);
    if (rc == 0)
        rc = powers_set_env(p, g.name, value, err);
    return rc == 0 ? powers_grant(p, &g, err) : rc;
}

int cordon_request_set_env(cordon_request *r, const char *name, const char *value, cordon_error **err)
{
    err_wanted(err);
    int rc = request_writable(r, err);
    return rc == 0 ? give(r, name, value, err) : rc;
}
