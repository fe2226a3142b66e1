/* SPDX-License-Identifier: Apache-2.0
 * Debian's Rust has the source of its library and no library for WebAssembly. Compiling it takes minutes, so it is done once for each compiler, from an empty crate of ours, and kept in
 * the user's cache. */
#include "author/rust.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/safe.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum { SECONDS_AT_LEAST = 3600, KEY = 2 * 16 + 1 };
#define RECIPE "1"   /* another one makes another library */
#define LIB "lib/rustlib/" RUST_TARGET "/lib"

static const char manifest[] = "[package]\nname = \"library\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n\n"
                               "[profile.release]\nopt-level = \"s\"\n";

/* ---- compiling ---- */

static int write_crate(const char *folder, cordon_error **err)
{
    if (mkdir(folder, 0700) < 0)
        return err_errno(err, errno, "make", folder);
    int rc = scratch_write(folder, "Cargo.toml", manifest, sizeof manifest - 1, err);
    return rc < 0 ? rc : scratch_write(folder, "lib.rs", "", 0, err);
}

/* Its own crates come with its source: no network is needed. */
static int compile(struct build *b, const struct rust *r, const char *folder, cordon_error **err)
{
    char jobs[24];
    cleanup_free char *rustc = NULL, *source = NULL, *linker = NULL;
    int rc = rust_text(&rustc, err, "RUSTC=%s", r->rustc);
    if (rc < 0 || (rc = rust_linker(b, r, &linker, err)) < 0 || (rc = rust_text(&source, err, "source.library.directory=\"%s/lib/rustlib/src/rust/library/vendor\"", r->home)) < 0)
        return rc;
    const char *argv[] = {r->cargo, "build", "--release", "--offline", "--quiet", rust_jobs(jobs), "--target", RUST_TARGET, "--target-dir", "target", "-Zbuild-std=std,panic_abort", "-Zbuild-std-features=",
                          "--config", "source.crates-io.replace-with=\"library\"", "--config", source, NULL};
    const char *env[] = {rustc, linker, "RUSTC_BOOTSTRAP=1", "RUSTFLAGS=-Cembed-bitcode=yes -Cstrip=debuginfo", NULL};   /* with the bitcode, projects may ask for lto */
    const struct tool t = {.argv = argv, .env = env, .folder = folder, .what = "cannot compile Rust's library for WebAssembly", .roots = {{r->home, TOOL_READ | TOOL_EXECUTE}}};
    const struct author_build *before = b->want;
    struct author_build patient = *before;
    patient.seconds = before->seconds > SECONDS_AT_LEAST ? before->seconds : SECONDS_AT_LEAST;
    b->want = &patient;
    rc = tool_run(b, &t, err);
    b->want = before;
    return rc;
}

/* ---- keeping ---- */

static int make_lib_folder(const char *sysroot, char **ret, cordon_error **err)
{
    static const char *const parts[] = {"lib", "lib/rustlib", "lib/rustlib/" RUST_TARGET, LIB};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(take(*ret));
        int rc = rust_text(ret, err, "%s/%s", sysroot, parts[i]);
        if (rc < 0)
            return rc;
        if (mkdir(*ret, 0700) < 0)
            return err_errno(err, errno, "make", *ret);
    }
    return 0;
}

static int copy(struct build *b, const char *folder, const char *sysroot, cordon_error **err)
{
    cleanup_free char *lib = NULL;
    int rc = make_lib_folder(sysroot, &lib, err);
    if (rc < 0)
        return rc;
    const char *argv[] = {"/bin/sh", "-c", "rm -f \"$1\"/liblibrary-* && cp \"$1\"/*.rlib \"$2\" && sync \"$2\"/*", "copy", "target/" RUST_TARGET "/release/deps", lib, NULL};
    const struct tool t = {.argv = argv, .folder = folder, .what = "cannot keep Rust's library for WebAssembly", .roots = {{lib, TOOL_READ | TOOL_WRITE}}};
    return tool_run(b, &t, err);
}

/* Another one may have been as quick: then that one is taken. */
static int put_in_place(const char *made, const char *place, cordon_error **err)
{
    if (rename(made, place) == 0 || errno == EEXIST || errno == ENOTEMPTY)
        return 0;
    return err_errno(err, errno, "make", place);
}

static int make_at(struct build *b, const struct rust *r, const char *beside, const char *place, cordon_error **err)
{
    cleanup_free char *folder = NULL;
    if (b->want->log_fd >= 0)
        dprintf(b->want->log_fd, "compiling Rust's library for WebAssembly: some minutes, once for this compiler\n");
    int rc = rust_text(&folder, err, "%s/library", b->scratch);
    if (rc < 0 || (rc = write_crate(folder, err)) < 0 || (rc = compile(b, r, folder, err)) < 0 || (rc = copy(b, folder, beside, err)) < 0)
        return rc;
    rc = put_in_place(beside, place, err);
    scratch_remove(take(folder));
    return rc;
}

static void key_of(const struct rust *r, char ret[KEY])
{
    uint8_t digest[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    crypto_generichash_update(&state, (const uint8_t *)RECIPE, sizeof RECIPE);
    crypto_generichash_update(&state, (const uint8_t *)r->home, strlen(r->home) + 1);
    crypto_generichash_update(&state, (const uint8_t *)r->version, strlen(r->version));
    crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(ret, KEY, digest, sizeof digest);
}

/* In `folder`, which is ours alone. */
static int library_in(struct build *b, const struct rust *r, const char *folder, char **ret, cordon_error **err)
{
    char key[KEY];
    cleanup_free char *place = NULL, *beside = NULL;
    key_of(r, key);
    int rc = rust_text(&place, err, "%s/library-%s", folder, key);
    if (rc < 0)
        return rc;
    if (access(place, F_OK) < 0) {
        if ((rc = rust_text(&beside, err, "%s/making-XXXXXX", folder)) < 0)
            return rc;
        if (!mkdtemp(beside))
            return err_errno(err, errno, "make a folder in", folder);
        rc = make_at(b, r, beside, place, err);
        scratch_remove(take(beside));
    }
    if (rc == 0)
        *ret = take(place);
    return rc;
}

int rust_library(struct build *b, const struct rust *r, char **ret, cordon_error **err)
{
    cleanup_free char *folder = NULL;
    cleanup_fd int fd = -1;
    if (!b->want->cache)
        return library_in(b, r, b->scratch, ret, err);
    int rc = rust_text(&folder, err, "%s/rust", b->want->cache);
    return rc < 0 || (rc = safe_folder_make(folder, &fd, err)) < 0 ? rc : library_in(b, r, folder, ret, err);
}
