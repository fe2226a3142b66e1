/* SPDX-License-Identifier: Apache-2.0
 * Who signed what is installed, and whether that may follow what was installed before. Which key is trusted is the registry's to say, at each load. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"
#include "cordon/registry_parts.h"

#include <string.h>

/* ---- signatures ---- */

/* 1: read; 0: there is none of that path. */
static int load_text(const struct cordon_install *i, const char *path, size_t max, char **ret, size_t *ret_len, cordon_error **err)
{
    if (!bundle_find(&i->bundle, path))
        return 0;
    int rc = bundle_load(&i->bundle, path, max, ret, ret_len, err);
    return rc < 0 ? rc : 1;
}

static int refuse_signature(cordon_error **err, const char *path)
{
    err_wrap(err, "%s does not hold: what it was made for is not what is here", path);
    return err_hint(err, "Fetch it again, or ask its publisher. Taken out of the source, the skill counts as unsigned.");
}

/* The whole bundle. The name and version that it covers are the manifest's; so it is verified when they have been read. */
static int read_bundle_signature(struct cordon_install *i, struct trust_signature *ret, cordon_error **err)
{
    cleanup_free char *text = NULL;
    size_t len;
    int rc = load_text(i, TRUST_SIGNATURE_FILE, TRUST_SIGNATURE_FILE_MAX - 1, &text, &len, err);
    if (rc <= 0)
        return rc;
    rc = trust_signature_parse(text, len, ret, err);
    return rc < 0 ? err_wrap(err, "%s cannot be read", TRUST_SIGNATURE_FILE) : 1;
}

int install_check_signature(struct cordon_install *i, cordon_error **err)
{
    struct trust_signature sig;
    int rc = read_bundle_signature(i, &sig, err);
    if (rc <= 0)
        return rc;
    if (memcmp(sig.digest, i->bundle.digest, sizeof sig.digest)) {
        err_set(err, CORDON_E_TRUST_REFUSED, TRUST_SIGNATURE_FILE, "the signature is of a bundle with another digest");
        return refuse_signature(err, TRUST_SIGNATURE_FILE);
    }
    i->signed_by = INSTALL_SIGNED_BUNDLE;
    memcpy(i->next.publisher, sig.publisher.id, sizeof i->next.publisher);
    memcpy(i->next.signature, sig.signature, sizeof i->next.signature);
    memcpy(i->publisher, sig.publisher.id, sizeof i->publisher);
    return 0;
}

static int verify_bundle(struct cordon_install *i, cordon_error **err)
{
    struct trust_signature sig;
    int rc = read_bundle_signature(i, &sig, err);
    if (rc > 0)
        rc = trust_verify(&sig, i->next.signed_name, i->next.version, i->bundle.digest, err);
    return rc < 0 ? refuse_signature(err, TRUST_SIGNATURE_FILE) : 0;
}

/* The legacy form beside the code. It makes nothing verified; one that does not hold is refused all the same. */
static int verify_code(struct cordon_install *i, cordon_error **err)
{
    struct trust_legacy sig;
    cleanup_free char *path = NULL, *text = NULL, *code = NULL;
    size_t len, code_len;
    const char *entry = i->next.entry ? i->next.entry : "skill.wasm";
    if (asprintf(&path, "%s.sig", entry) < 0) {
        path = NULL;
        return err_nomem(err);
    }
    int rc = load_text(i, path, TRUST_SIGNATURE_FILE_MAX - 1, &text, &len, err);
    if (rc <= 0)
        return rc;
    if ((rc = trust_legacy_parse(text, len, &sig, err)) < 0 || (rc = load_text(i, entry, CODE_COMPONENT_MAX, &code, &code_len, err)) < 0)
        return refuse_signature(err, path);
    if (rc == 0)
        return err_set(err, CORDON_E_TRUST_REFUSED, path, "%s signs code that is not here", path);
    if ((rc = trust_legacy_verify(&sig, code, code_len, err)) < 0)
        return refuse_signature(err, path);
    if (i->signed_by == INSTALL_UNSIGNED) {
        i->signed_by = INSTALL_SIGNED_CODE;
        memcpy(i->publisher, sig.publisher.id, sizeof i->publisher);
    }
    return 0;
}

/* ---- against what was there ---- */

static int refuse(const struct cordon_install *i, enum cordon_errc code, const char *accept, const char *why, cordon_error **err)
{
    cleanup_free char *command = install_command(i);
    err_set(err, code, i->next.name, "%s: %s", i->next.name, why);
    return err_hint(err, "Find out whether that is meant. If it is: %s --accept %s", command ? command : "cordon install", accept);
}

/* Who signed the code of the installed version alone: in the interface it was installed with. "" */
static void code_publisher(const struct registry_version *v, char ret[REGISTRY_KEY + 1])
{
    json_t *interface = v->interface ? json_loads(v->interface, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(interface, "code_publisher"));
    snprintf(ret, REGISTRY_KEY + 1, "%s", id ? id : "");
    json_decref(interface);
}

static int check_key(const struct cordon_install *i, const char *expected, cordon_error **err)
{
    char why[512];
    if (!*expected || !strcmp(expected, i->publisher))
        return 0;
    if (!*i->publisher) {
        snprintf(why, sizeof why, "it was signed by %s, and is not signed any more", expected);
        return i->accept[CORDON_ACCEPT_UNSIGNED] ? 0 : refuse(i, CORDON_E_TRUST_REFUSED, "unsigned", why, err);
    }
    snprintf(why, sizeof why, "it was signed by %s, and is now signed by %s", expected, i->publisher);
    return i->accept[CORDON_ACCEPT_KEY] ? 0 : refuse(i, CORDON_E_TRUST_REFUSED, "key", why, err);
}

/* A signature of all of it was there before, and now there is one of the code, or none. */
static int check_signed(const struct cordon_install *i, const char *pin, cordon_error **err)
{
    bool was_accepted = i->before.id && !*i->before.publisher;
    if (!*pin || i->signed_by == INSTALL_SIGNED_BUNDLE || was_accepted || i->accept[CORDON_ACCEPT_UNSIGNED])
        return check_key(i, was_accepted && !*i->next.publisher ? "" : pin, err);
    char why[512];
    snprintf(why, sizeof why, i->signed_by == INSTALL_SIGNED_CODE ? "all of it was signed by %s, and now its code alone is" : "it was signed by %s, and is not signed any more", pin);
    return refuse(i, CORDON_E_TRUST_REFUSED, "unsigned", why, err);
}

static int check_version(const struct cordon_install *i, struct registry *r, cordon_error **err)
{
    cleanup_free char *highest = NULL;
    char why[512];
    int rc = registry_highest(r, i->next.name, i->next.publisher, &highest, err);
    if (rc <= 0 || i->accept[CORDON_ACCEPT_OLDER] || install_version_compare(i->next.version, highest) >= 0)
        return rc < 0 ? rc : 0;
    snprintf(why, sizeof why, "version %.128s is below %.128s, which was installed before", i->next.version, highest);
    return refuse(i, CORDON_E_TRUST_REFUSED, "older", why, err);
}

static int check_source(const struct cordon_install *i, cordon_error **err)
{
    bool same_publisher = *i->next.publisher && !strcmp(i->next.publisher, i->before.publisher);
    if (!i->before.id || !strcmp(i->before.source, i->source.text) || same_publisher || i->accept[CORDON_ACCEPT_SOURCE])
        return 0;
    cleanup_free char *command = install_command(i), *from = install_source_show(i->before.source);
    err_set(err, CORDON_E_CONFLICT, i->next.name, "a skill named %s is installed already, from %s", i->next.name, from ? from : "another source");
    return err_hint(err, "Beside it, under a name of its own: %s --as NAME. In its place: --accept source.", command ? command : "cordon install");
}

static int check_history(struct cordon_install *i, struct registry *r, cordon_error **err)
{
    char pin[REGISTRY_KEY + 1] = "", code[REGISTRY_KEY + 1] = "";
    int rc = registry_pin(r, i->next.name, pin, err);
    if (rc < 0)
        return rc;
    if (i->before.id && !*i->before.publisher)
        code_publisher(&i->before, code);
    if ((rc = check_signed(i, pin, err)) < 0 || (rc = check_key(i, code, err)) < 0 || (rc = check_source(i, err)) < 0)
        return rc;
    return check_version(i, r, err);
}

/* ---- the tier ---- */

/* What the settings say of the highest tier, if they say anything. */
static enum cordon_tier highest_tier(const cordon_host *h)
{
    const struct setting *highest = &h->opts.settings.key[SETTINGS_HIGHEST_TIER];
    return highest->from == SETTINGS_SHIPPED || highest->from == SETTINGS_UNSET ? CORDON_TIER_LOCAL : (enum cordon_tier)highest->value;
}

static int set_tier(struct cordon_install *i, cordon_error **err)
{
    bool local = i->has_tier && i->tier == CORDON_TIER_LOCAL;
    enum cordon_tier highest = highest_tier(i->host);
    if (local && highest < CORDON_TIER_LOCAL) {
        err_set(err, CORDON_E_TIER_REFUSED, "tier", "--tier local is refused: the settings say that nothing is above %s", cordon_tier_name(highest));
        return err_hint(err, "That is highest_tier under [policy]; `cordon doctor` shows which file says so.");
    }
    if (local && !i->is_own) {
        err_set(err, CORDON_E_TIER_REFUSED, "tier", "%s cannot be local: it, or something in it, does not belong to this user, or others can write it", i->source.text);
        return err_hint(err, "Local is for what you wrote or have read. Copy it to a folder of yours, read it, and install that.");
    }
    i->next.tier = local ? CORDON_TIER_LOCAL : i->signed_by == INSTALL_SIGNED_BUNDLE ? CORDON_TIER_VERIFIED : CORDON_TIER_UNTRUSTED;
    if (i->has_tier && i->tier < i->next.tier)
        i->next.tier = i->tier;
    if (highest < i->next.tier)
        i->next.tier = highest;
    if (i->has_manifest && i->manifest.has_tier && i->manifest.tier < i->next.tier)
        i->next.tier = i->manifest.tier;
    return 0;
}

int install_check_trust(struct cordon_install *i, cordon_error **err)
{
    cleanup(registry_drop) struct registry *r = NULL;
    int rc = verify_bundle(i, err);
    if (rc < 0 || (rc = verify_code(i, err)) < 0 || (rc = set_tier(i, err)) < 0 || (rc = registry_begin(i->registry, REGISTRY_READ, &r, err)) < 0)
        return rc;
    if (rc > 0 && (rc = check_history(i, r, err)) < 0)
        return rc;
    i->standing = *i->next.publisher ? REGISTRY_UNKNOWN_KEY : REGISTRY_UNSIGNED;
    return r ? registry_standing(r, &i->next, &i->standing, err) : 0;
}
