/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/text.h"
#include "manifest/formats.h"

#include <string.h>

static format_fn *const formats[MANIFEST_FORMAT_COUNT] = {skill_toml_read, component_toml_read, skill_md_read};
static const char *const entries[MANIFEST_FORMAT_COUNT] = {"skill.wasm", "component.wasm", "skill.wasm"};

static int check_text(const char *file, const char *text, size_t len, cordon_error **err)
{
    if (len > MANIFEST_MAX)
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s has %zu bytes (ceiling %d)", file, len, MANIFEST_MAX);
    if (!text_is_utf8(text, len))
        return err_set(err, CORDON_E_BAD_MANIFEST, file, "%s is not UTF-8", file);
    return memchr(text, '\0', len) ? err_set(err, CORDON_E_BAD_MANIFEST, file, "%s has a NUL in it", file) : 0;
}

static bool fill_in(char **field, const char *text)
{
    if (!*field)
        *field = strdup(text);
    return *field;
}

int manifest_parse(enum manifest_format f, const char *text, size_t len, struct manifest *ret, cordon_error **err)
{
    struct manifest m = {.format = f, .asks = grants_new()};
    const struct reading r = {.file = manifest_file(f), .out = &m, .err = err};
    int rc = m.asks ? check_text(r.file, text, len, err) : err_nomem(err);
    if (rc == 0)
        rc = formats[f](&r, text, len);
    if (rc == 0 && !(fill_in(&m.version, "0.0.0") && fill_in(&m.description, "") && fill_in(&m.entry, entries[f])))
        rc = err_nomem(err);
    if (rc < 0)
        manifest_finish(&m);
    else
        *ret = m;
    return rc;
}
