/* SPDX-License-Identifier: Apache-2.0
 * The one step that provides what runs, for every source and every way of installing: code that came along is validated and compiled; a local script is found; source is
 * built where that may be; else there is the stub of the format, which answers with its text. */
#include "base/cleanup.h"
#include "base/error.h"
#include "cordon/install_parts.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#define CODE_NAME "skill.wasm"

static void free_skill(cordon_skill **s) { cordon_skill_free(*s); }

/* ---- code ---- */

/* What a model is told of it, and whoever signed its code alone: kept, for the next version to be compared with. Takes `tools`. */
static int keep_interface(struct cordon_install *i, json_t *tools, cordon_error **err)
{
    json_t *interface = json_pack("{s:s, s:s, s:o}", "name", i->next.signed_name, "description", i->next.description, "tools", tools ? tools : json_array());
    if (interface && i->signed_by == INSTALL_SIGNED_CODE)
        json_object_set_new(interface, "code_publisher", json_string(i->publisher));
    i->next.interface = interface ? json_dumps(interface, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(interface);
    if (i->next.interface && strlen(i->next.interface) > REGISTRY_TEXT_MAX)
        return err_set(err, CORDON_E_TOO_LARGE, i->next.name, "the schemas of its tools have more than %d bytes", REGISTRY_TEXT_MAX);
    return i->next.interface ? 0 : err_nomem(err);
}

/* A tool that cannot be described (a schema above its ceiling) can still be called by name. */
static json_t *read_tools(struct cordon_install *i, const cordon_skill *s)
{
    cleanup_free char *text = NULL;
    cordon_error *why = NULL;
    if (cordon_skill_tools(s, CORDON_TOOLS_MCP, &text, &why) < 0)
        install_warn(i, "it cannot be offered as a tool: %s", cordon_error_message(why));
    cordon_error_free(why);
    return text ? json_loads(text, 0, NULL) : NULL;
}

static const char *kind_name(const char *kind)
{
    static const char *const names[] = {"component", "command", "blufio", "stub", "prompt"};
    for (size_t n = 0; kind && n < sizeof names / sizeof *names; n++)
        if (!strcmp(names[n], kind))
            return names[n];
    return "component";
}

static int read_description(struct cordon_install *i, const cordon_skill *s, cordon_error **err)
{
    cleanup_free char *text = NULL;
    int rc = cordon_skill_describe(s, &text, err);
    if (rc < 0)
        return rc;
    json_t *about = json_loads(text, 0, NULL);
    i->kind = kind_name(json_string_value(json_object_get(about, "kind")));
    if (!i->has_manifest)
        json_array_extend(i->could_use, json_object_get(about, "asks"));
    json_decref(about);
    return 0;
}

static enum cordon_tier tier_to_compile(const struct cordon_install *i)
{
    return registry_tier(&i->next, i->standing) == CORDON_TIER_UNTRUSTED ? CORDON_TIER_UNTRUSTED : CORDON_TIER_VERIFIED;
}

static int compile(struct cordon_install *i, const char *bytes, size_t len, cordon_error **err)
{
    cleanup(free_skill) cordon_skill *s = NULL;
    int rc = cordon_skill_load_bytes(i->host, i->next.name, bytes, len, tier_to_compile(i), &s, err);
    if (rc < 0)
        return err_wrap(err, "%s cannot be installed", i->next.name);
    if ((rc = read_description(i, s, err)) < 0)
        return rc;
    i->next.kind = REGISTRY_CODE;
    return keep_interface(i, read_tools(i, s), err);
}

static int take_stub(struct cordon_install *i, const char *bytes, size_t len, cordon_error **err)
{
    size_t body_len;
    int rc = code_stub_body((const uint8_t *)bytes, len, &i->next.body, &body_len, err);
    if (rc < 0)
        return rc;
    if (strlen(i->next.body) != body_len)
        return err_set(err, CORDON_E_BAD_ARTIFACT, i->next.name, "the stub's text has a NUL in it");
    i->kind = "stub";
    i->next.kind = REGISTRY_TEXT;
    return keep_interface(i, NULL, err);
}

/* Real bytes or a stub. */
static int take_code(struct cordon_install *i, cordon_error **err)
{
    cleanup_free char *bytes = NULL;
    size_t len;
    int rc = bundle_load(&i->bundle, i->next.entry, CODE_COMPONENT_MAX, &bytes, &len, err);
    if (rc < 0)
        return rc;
    crypto_hash_sha256(i->next.artifact, (const uint8_t *)bytes, len);
    crypto_generichash(i->next.code, sizeof i->next.code, (const uint8_t *)bytes, len, NULL, 0);
    return code_sniff((const uint8_t *)bytes, len) == CODE_JSON ? take_stub(i, bytes, len, err) : compile(i, bytes, len, err);
}

/* ---- what is not code ---- */

static int take_prompt(struct cordon_install *i, cordon_error **err)
{
    i->kind = "prompt";
    i->next.kind = REGISTRY_TEXT;
    free(i->next.entry);
    i->next.entry = NULL;
    i->next.body = strdup(i->manifest.body ? i->manifest.body : "");
    return i->next.body ? keep_interface(i, NULL, err) : err_nomem(err);
}

static bool has_script(const struct cordon_install *i)
{
    return bundle_find(&i->bundle, "scripts/run.sh") || bundle_find(&i->bundle, "scripts/run.py");
}

static bool asks_exec(const struct cordon_install *i)
{
    for (size_t n = 0; i->has_manifest && n < i->manifest.asks->n; n++)
        if (i->manifest.asks->item[n].kind == GRANT_EXEC)
            return true;
    return false;
}

static bool is_script(const struct cordon_install *i) { return i->next.tier == CORDON_TIER_LOCAL && has_script(i) && asks_exec(i); }

static int take_script(struct cordon_install *i, cordon_error **err)
{
    i->kind = "script";
    i->next.kind = REGISTRY_SCRIPT;
    return keep_interface(i, NULL, err);
}

/* ---- source ---- */

/* What is added is not what was signed. */
static int check_unsigned(const struct cordon_install *i, const char *what, cordon_error **err)
{
    if (i->signed_by != INSTALL_SIGNED_BUNDLE)
        return 0;
    err_set(err, CORDON_E_TRUST_REFUSED, i->next.name, "%s is signed and has no code, and %s would be installed beside what was signed", i->next.name, what);
    return err_hint(err, "Its publisher builds it and signs it then. Without %s it can be installed as unsigned.", TRUST_SIGNATURE_FILE);
}

static const char *entry_name(const struct cordon_install *i) { return i->has_manifest && i->manifest.entry ? i->manifest.entry : CODE_NAME; }

static int add_code(struct cordon_install *i, const void *bytes, size_t len, cordon_error **err)
{
    int rc = bundle_add(&i->bundle, entry_name(i), 0644, bytes, len, err);
    if (rc < 0)
        return rc;
    install_identify(i);
    free(i->next.entry);
    i->next.entry = strdup(entry_name(i));
    return i->next.entry ? take_code(i, err) : err_nomem(err);
}

static int build(struct cordon_install *i, cordon_error **err)
{
    cleanup(author_built_finish) struct author_built built = {.fd = -1};
    int rc = check_unsigned(i, "what is built here", err);
    if (rc < 0 || (rc = install_build(i, &built, err)) < 0)
        return rc;
    void *bytes = mmap(NULL, built.size, PROT_READ, MAP_PRIVATE, built.fd, 0);
    if (bytes == MAP_FAILED)
        return err_errno(err, errno, "read", "what was built");
    i->built = true;
    rc = add_code(i, bytes, built.size, err);
    munmap(bytes, built.size);
    return rc;
}

/* ---- the stub ---- */

#define STUB_STANDS "a stub stands in its place and answers with the text of the skill"

static int write_stub(struct cordon_install *i, cordon_error **err)
{
    const char *body = i->has_manifest && i->manifest.body ? i->manifest.body : "";
    int rc = check_unsigned(i, "a stub", err);
    if (rc < 0)
        return rc;
    json_t *stub = json_pack("{s:b, s:i, s:s}", "boternity_wasm_stub", 1, "version", 1, "body", body);
    cleanup_free char *text = stub ? json_dumps(stub, JSON_COMPACT) : NULL;
    json_decref(stub);
    if (!text)
        return err_nomem(err);
    if (has_script(i))
        install_warn(i, "its script is not run: that takes --tier local, a folder of your own, and exec_command in SKILL.md; " STUB_STANDS);
    else if (install_can_build(i))
        install_warn(i, "it has source and no code, and was not built (--build does it, in a sandbox); " STUB_STANDS);
    else if (i->has_manifest && i->manifest.lang)
        install_warn(i, "it has no code, and no source of its language (%s) that can be built here; " STUB_STANDS, i->manifest.lang);
    else
        install_warn(i, "it has no code (%s); " STUB_STANDS, entry_name(i));
    return add_code(i, text, strlen(text), err);
}

int install_provide(struct cordon_install *i, cordon_error **err)
{
    if (i->has_manifest && i->manifest.prompt)
        return take_prompt(i, err);
    if (i->next.entry)
        return take_code(i, err);
    if (is_script(i))
        return take_script(i, err);
    if ((i->build || (i->is_own && i->is_folder)) && install_can_build(i))
        return build(i, err);
    if (i->has_manifest)
        return write_stub(i, err);
    err_set(err, CORDON_E_NOT_FOUND, i->source.shown, "there is no skill in %s: no manifest (skill.toml, Component.toml, SKILL.md) and no code (skill.wasm)",
            i->source.shown);
    return err_hint(err, "Name the folder that holds it, or the component itself.");
}
