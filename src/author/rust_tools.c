/* SPDX-License-Identifier: Apache-2.0
 * A Rust that compiles for WebAssembly: rustup's, if it has the target, else one that has its library's source, as Debian's has.
 *
 * rustup's programs in ~/.cargo/bin only find the real ones. Where those lie is asked with the caller's rights, outside of any project: a project's rust-toolchain.toml has no say, and
 * nothing is downloaded. */
#include "author/rust.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

enum { SAID_MAX = 4096, CANDIDATES = 2, JOBS_MAX = 6 };
#define DEBIAN "rustc-web rust-web-src cargo-web lld-14"
static const char *const rustc_names[] = {"rustc", NULL};
static const char *const cargo_names[] = {"cargo", NULL};

void rust_finish(struct rust *r)
{
    free(r->home);
    free(r->rustc);
    free(r->cargo);
    free(r->linker);
    free(r->host_linker);
    free(r->version);
    *r = (struct rust){0};
}

int rust_text(char **ret, cordon_error **err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(ret, fmt, args);
    va_end(args);
    if (n >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(err);
}

const char *rust_jobs(char ret[24])
{
    int n = get_nprocs();
    snprintf(ret, 24, "--jobs=%d", n > JOBS_MAX ? JOBS_MAX : n);
    return ret;
}

static bool has(const char *folder, const char *rest)
{
    cleanup_free char *path = NULL;
    return rust_text(&path, NULL, "%s/%s", folder, rest) == 0 && access(path, F_OK) == 0;
}

/* ---- where they may be ---- */

/* ~/.cargo/bin/rustc, where rustup puts it whether or not PATH has that folder. *ret is NULL if it is not there. */
static int find_of_rustup(const struct build *b, char **ret, cordon_error **err)
{
    const char *cargo = secure_getenv("CARGO_HOME"), *home = secure_getenv("HOME");
    *ret = NULL;
    if (b->want->tool_folders || (!cargo && !home))
        return 0;
    int rc = rust_text(ret, err, cargo ? "%s/bin/rustc" : "%s/.cargo/bin/rustc", cargo ? cargo : home);
    if (rc < 0)
        return rc;
    if (**ret == '/' && access(*ret, X_OK) == 0)
        return 0;
    free(take(*ret));
    return 0;
}

/* The folder that holds its bin and lib. *ret is NULL if it does not say. */
static int find_home(struct build *b, const char *rustc, char **ret, cordon_error **err)
{
    const char *argv[] = {rustc, "--print", "sysroot", NULL};
    cleanup(buf_finish) struct buf said;
    buf_init(&said, SAID_MAX);
    const struct tool t = {.argv = argv, .folder = "/", .what = "cannot ask rustc where it lies", .out = &said};
    cordon_error *why = NULL;
    *ret = NULL;
    int rc = tool_fetch(b, &t, &why);
    if (rc == -CORDON_E_BUILD_FAILED) {   /* rustup without a toolchain, say */
        cordon_error_free(why);
        return 0;
    }
    if (rc < 0) {
        if (err)
            *err = why;
        else
            cordon_error_free(why);
        return rc;
    }
    size_t len = said.data ? strcspn(said.data, "\n") : 0;
    if (len == 0 || said.data[0] != '/')
        return 0;
    return (*ret = strndup(said.data, len)) ? 0 : err_nomem(err);
}

/* ---- what they can do ---- */

static bool choose_target(const char *home, struct rust *r)
{
    static const char *const targets[] = {RUST_TARGET, RUST_TARGET_WASI};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char path[100];
        snprintf(path, sizeof path, "lib/rustlib/%s/lib", targets[i]);
        if (has(home, path)) {
            r->target = targets[i];
            r->has_library = true;
            return true;
        }
    }
    return false;
}

/* With the crates that the library needs beside its source: Debian delivers them, rustup does not. */
static bool has_source(const char *home, struct rust *r)
{
    r->target = RUST_TARGET;
    return has(home, "lib/rustlib/src/rust/library/std/Cargo.toml") && has(home, "lib/rustlib/src/rust/library/vendor");
}

static int choose(char *const homes[CANDIDATES], struct rust *r, cordon_error **err)
{
    for (size_t i = 0; i < CANDIDATES; i++)
        if (homes[i] && has(homes[i], "bin/cargo") && choose_target(homes[i], r))
            return (r->home = strdup(homes[i])) ? 0 : err_nomem(err);
    for (size_t i = 0; i < CANDIDATES; i++)
        if (homes[i] && has(homes[i], "bin/cargo") && has_source(homes[i], r))
            return (r->home = strdup(homes[i])) ? 0 : err_nomem(err);
    if (homes[0]) {
        err_set(err, CORDON_E_MISSING_TOOL, RUST_TARGET, "the Rust in %s cannot compile for WebAssembly: it lacks the target " RUST_TARGET, homes[0]);
        return err_hint(err, "rustup target add " RUST_TARGET);
    }
    if (homes[1]) {
        err_set(err, CORDON_E_MISSING_TOOL, "rust-web-src", "the Rust in %s has neither its library for WebAssembly nor the source of it, or no cargo (Debian: " DEBIAN ")", homes[1]);
        return err_hint(err, "apt-get install " DEBIAN);
    }
    err_set(err, CORDON_E_MISSING_TOOL, "rustc", "Rust is not installed (Debian: " DEBIAN ")");
    return err_hint(err, "apt-get install " DEBIAN);
}

static int look(struct build *b, char *homes[CANDIDATES], cordon_error **err)
{
    cleanup_free char *of_rustup = NULL, *usual = NULL;
    int rc = find_of_rustup(b, &of_rustup, err);
    if (rc < 0 || (of_rustup && (rc = find_home(b, of_rustup, &homes[0], err)) < 0) || (rc = tool_look(b, rustc_names, &usual, err)) < 0)
        return rc;
    return usual ? find_home(b, usual, &homes[1], err) : 0;
}

/* ---- linkers ---- */

/* That of the toolchain, else LLVM's; what is made for the machine itself is linked with lld too, for ld would want to chmod it. */
static int find_linkers(struct build *b, struct rust *r, cordon_error **err)
{
    static const char *const wasm[] = {"wasm-ld-14", "wasm-ld-15", "wasm-ld-16", "wasm-ld-17", "wasm-ld-18", "wasm-ld-19", "wasm-ld", NULL};
    static const char *const host[] = {"ld.lld-14", "ld.lld-15", "ld.lld-16", "ld.lld-17", "ld.lld-18", "ld.lld-19", "ld.lld", "ld.gold", NULL};
    static const char *const c[] = {"cc", "gcc", "clang", NULL};
    const char *line = strstr(r->version, "\nhost: ");
    char own[200], wrapped[220];
    int rc, n = line ? (int)strcspn(line + 7, "\n") : 0;
    snprintf(own, sizeof own, "lib/rustlib/%.*s/bin/rust-lld", n < 80 ? n : 80, line ? line + 7 : "");
    snprintf(wrapped, sizeof wrapped, "lib/rustlib/%.*s/bin/gcc-ld/ld.lld", n < 80 ? n : 80, line ? line + 7 : "");
    cleanup_free char *cc = NULL;
    if ((rc = tool_find(b, c, "gcc", &cc, err)) < 0 || (!has(r->home, own) && (rc = tool_find(b, wasm, "lld-14", &r->linker, err)) < 0))
        return rc;
    return has(r->home, wrapped) ? rust_text(&r->host_linker, err, "%s/%s", r->home, wrapped) : tool_look(b, host, &r->host_linker, err);
}

int rust_linker(const struct build *b, const struct rust *r, char **ret, cordon_error **err)
{
    cleanup_free char *folder = NULL, *link = NULL;
    int rc = rust_text(&folder, err, "%s/linker", b->scratch);
    if (rc < 0 || (rc = rust_text(&link, err, "%s/ld", folder)) < 0)
        return rc;
    if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || (r->host_linker && symlink(r->host_linker, link) < 0 && errno != EEXIST))
        return err_errno(err, errno, "make", link);
    return rust_text(ret, err, "COMPILER_PATH=%s", folder);
}

static int ask_version(struct build *b, struct rust *r, cordon_error **err)
{
    const char *argv[] = {r->rustc, "-vV", NULL};
    cleanup(buf_finish) struct buf said;
    buf_init(&said, SAID_MAX);
    const struct tool t = {.argv = argv, .folder = b->scratch, .what = "cannot run rustc", .out = &said, .roots = {{r->home, TOOL_READ | TOOL_EXECUTE}}};
    int rc = tool_run(b, &t, err);
    if (rc < 0)
        return rc;
    return (r->version = strdup(said.data ? said.data : "")) ? 0 : err_nomem(err);
}

static int complete(struct build *b, struct rust *r, cordon_error **err)
{
    int rc = rust_text(&r->rustc, err, "%s/%s", r->home, "bin/rustc");
    if (rc < 0 || (rc = rust_text(&r->cargo, err, "%s/%s", r->home, "bin/cargo")) < 0 || (rc = ask_version(b, r, err)) < 0)
        return rc;
    return find_linkers(b, r, err);
}

int rust_find(struct build *b, struct rust *ret, cordon_error **err)
{
    char *homes[CANDIDATES] = {0};
    cleanup(rust_finish) struct rust r = {0};
    int rc = look(b, homes, err);
    if (rc == 0)
        rc = choose(homes, &r, err);
    for (size_t i = 0; i < CANDIDATES; i++)
        free(homes[i]);
    if (rc < 0 || (rc = complete(b, &r, err)) < 0)
        return rc;
    *ret = r;
    r = (struct rust){0};
    return 0;
}

int rust_find_cargo(struct build *b, char **ret, cordon_error **err)
{
    return tool_find(b, cargo_names, "cargo-web", ret, err);
}
