/* SPDX-License-Identifier: Apache-2.0
 * Rust: an ordinary project of cargo, with bindings made by the crate wit-bindgen.
 *
 * Fetching: cargo is shown a project of our own (rust_lock.c), which needs the crates of Cargo.lock and nothing else. It takes them from where the caller's own settings say, compares
 * each with its hash, and runs none.
 *
 * Building: in the sandbox, for build scripts and macros are programs. cargo works in the scratch folder, so no .cargo/config.toml is read; what it needs comes from the folder of crates. */
#include "author/rust.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MESSAGES_MAX = 8 << 20 };
static const char *const locks[] = {RUST_LOCK, NULL};

static bool is_it(int fd) { return lang_has(fd, "Cargo.toml"); }

/* ---- fetching ---- */

static void decref(json_t **j) { json_decref(*j); }

static int read_items(const char *folder, json_t *items, cordon_error **err)
{
    cleanup_free char *path = NULL, *text = NULL;
    int rc = rust_text(&path, err, "%s/" RUST_LOCK, folder);
    if (rc < 0)
        return rc;
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "read", path);
    if (!(text = malloc((size_t)st.st_size + 1)))
        return err_nomem(err);
    ssize_t n = pread(fd, text, (size_t)st.st_size, 0);
    return n < 0 ? err_errno(err, errno, "read", path) : rust_lock_check(RUST_LOCK, text, (size_t)n, items, err);
}

static int write_project(const char *folder, const json_t *items, cordon_error **err)
{
    cleanup_free char *manifest = NULL, *lock = NULL;
    int rc = rust_lock_manifest(items, &manifest, &lock, err);
    if (rc < 0)
        return rc;
    if (mkdir(folder, 0700) < 0)
        return err_errno(err, errno, "make", folder);
    if ((rc = scratch_write(folder, "Cargo.toml", manifest, strlen(manifest), err)) < 0 || (rc = scratch_write(folder, RUST_LOCK, lock, strlen(lock), err)) < 0)
        return rc;
    return scratch_write(folder, "lib.rs", "", 0, err);
}

/* The caller's mirrors are used, if his settings name some; programs that he puts around rustc are not. Outside of the project's folders, for cargo reads settings of those above it. */
static int vendor(struct build *b, const char *cargo, const char *project, const char *crates, cordon_error **err)
{
    cleanup_free char *at = NULL;
    cleanup(buf_finish) struct buf said;
    int rc = rust_text(&at, err, "%s/Cargo.toml", project);
    if (rc < 0)
        return rc;
    buf_init(&said, TOOL_OUT_MAX);
    const char *argv[] = {"/usr/bin/env", "-u", "RUSTC", "-u", "RUSTC_WRAPPER", "-u", "RUSTC_WORKSPACE_WRAPPER", "-u", "CARGO_BUILD_RUSTC", "-u", "CARGO_BUILD_RUSTC_WRAPPER", "-u",
                          "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", cargo, "vendor", "--quiet", "--respect-source-config", "--manifest-path", at, crates, NULL};
    const struct tool t = {.argv = argv, .folder = "/", .what = "cannot fetch crates", .out = &said};
    return tool_fetch(b, &t, err);
}

static int fetch(struct build *b, const char *folder, cordon_error **err)
{
    cleanup_free char *cargo = NULL, *project = NULL, *crates = NULL;
    cleanup(decref) json_t *items = json_array();
    if (!items)
        return err_nomem(err);
    int rc = rust_find_cargo(b, &cargo, err);
    if (rc < 0 || (rc = read_items(folder, items, err)) < 0 || (rc = rust_text(&project, err, "%s/project", folder)) < 0 ||
        (rc = rust_text(&crates, err, "%s/" RUST_CRATES, folder)) < 0 || (rc = write_project(project, items, err)) < 0)
        return rc;
    if (json_array_size(items) == 0)
        return mkdir(crates, 0755) < 0 ? err_errno(err, errno, "make", crates) : 0;
    return vendor(b, cargo, project, crates, err);
}

/* ---- what cargo made ---- */

/* Of one line of cargo's: the file ending in .wasm that the project's library became. */
static char *file_of(const char *line, size_t len)
{
    cleanup(decref) json_t *j = json_loadb(line, len, 0, NULL);
    const json_t *kinds = json_object_get(json_object_get(j, "target"), "kind"), *one;
    const char *reason = json_string_value(json_object_get(j, "reason"));
    bool is_library = false;
    size_t i;
    if (!reason || strcmp(reason, "compiler-artifact") != 0)
        return NULL;
    json_array_foreach(kinds, i, one)
        is_library |= json_is_string(one) && strcmp(json_string_value(one), "cdylib") == 0;
    json_array_foreach(json_object_get(j, "filenames"), i, one) {
        const char *name = json_string_value(one);
        size_t n = name ? strlen(name) : 0;
        if (is_library && n > 5 && strcmp(name + n - 5, ".wasm") == 0)
            return strdup(name);
    }
    return NULL;
}

static int find_made(const struct buf *said, char **ret, cordon_error **err)
{
    for (const char *at = said->data; at && *at && !*ret; at += strcspn(at, "\n"), at += *at == '\n')
        *ret = file_of(at, strcspn(at, "\n"));
    if (*ret)
        return 0;
    err_set(err, CORDON_E_BUILD_FAILED, "Cargo.toml", "cargo made no WebAssembly of this project");
    return err_hint(err, "A skill's Cargo.toml has a [lib] with crate-type = [\"cdylib\"], in the folder itself.");
}

/* By a program in the sandbox: the path is the project's word, and goes no further than the project may. */
static int take_made(struct build *b, const char *made, const char *target, cordon_error **err)
{
    cleanup_free char *to = NULL;
    int rc = rust_text(&to, err, "%s/" MADE_FILE, b->scratch);
    if (rc < 0)
        return rc;
    const char *argv[] = {"/bin/cp", "--", made, to, NULL};
    const struct tool t = {.argv = argv, .folder = b->scratch, .what = "cannot take what cargo made", .roots = {{target, TOOL_READ}}};
    return tool_run(b, &t, err);
}

/* ---- building ---- */

/* A new one gets the tag of a cache (bford.info/cachedir), as cargo gives it to those that it makes: backups leave it out. */
static bool make_target(const char *path)
{
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# What cargo compiled. It can be compiled again.\n";
    struct stat st;
    if (mkdir(path, 0755) == 0)
        return scratch_write(path, "CACHEDIR.TAG", tag, sizeof tag - 1, NULL) == 0;
    return errno == EEXIST && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, W_OK) == 0;
}

/* Where cargo keeps what it compiled: in the project for its author, whose next build is the quicker; a link there would lead a stranger's build out of it. */
static int choose_target(const struct build *b, char **ret, cordon_error **err)
{
    int rc = rust_text(ret, err, "%s/target", b->want->keep ? b->dir : b->scratch);
    if (rc < 0 || make_target(*ret))
        return rc;
    free(take(*ret));
    if ((rc = rust_text(ret, err, "%s/target", b->scratch)) < 0)
        return rc;
    return make_target(*ret) ? 0 : err_errno(err, errno, "make", *ret);
}

static int flags_of(const struct rust *r, const char *library, char **ret, cordon_error **err)
{
    bool both = library && r->linker;
    return rust_text(ret, err, "RUSTFLAGS=%s%s%s%s%s", library ? "--sysroot=" : "", library ? library : "", both ? " " : "", r->linker ? "-Clinker=" : "", r->linker ? r->linker : "");
}

struct words { char *rustc, *flags, *linker, *home, *crates, *manifest, *target; };

static void words_finish(struct words *w)
{
    free(w->rustc);
    free(w->flags);
    free(w->linker);
    free(w->home);
    free(w->crates);
    free(w->manifest);
    free(w->target);
}

static int words_make(const struct build *b, const struct rust *r, const char *library, struct words *ret, cordon_error **err)
{
    int rc = rust_text(&ret->rustc, err, "RUSTC=%s", r->rustc);
    if (rc < 0 || (rc = flags_of(r, library, &ret->flags, err)) < 0 || (rc = rust_linker(b, r, &ret->linker, err)) < 0 ||
        (rc = rust_text(&ret->home, err, "CARGO_HOME=%s/cargo", b->scratch)) < 0 || (rc = rust_text(&ret->manifest, err, "%s/Cargo.toml", b->dir)) < 0 ||
        (rc = rust_text(&ret->crates, err, "source.crates.directory=\"%s\"", b->packages)) < 0)
        return rc;
    return choose_target(b, &ret->target, err);
}

static int compile(struct build *b, const struct rust *r, const char *library, const struct words *w, struct buf *said, cordon_error **err)
{
    char jobs[24];
    const char *argv[] = {r->cargo, "build", "--lib", "--release", "--offline", "--locked", rust_jobs(jobs), "--message-format=json-render-diagnostics", "--target", r->target, "--target-dir", w->target,
                          "--manifest-path", w->manifest, "--config", "source.crates-io.replace-with=\"crates\"", "--config", w->crates, NULL};
    const char *env[] = {w->rustc, w->flags, w->linker, w->home, NULL};
    const struct tool t = {.argv = argv, .env = env, .folder = b->scratch, .what = "cannot compile the project", .out = said,
                           .roots = {{w->target, TOOL_READ | TOOL_WRITE | TOOL_EXECUTE}, {r->home, TOOL_READ | TOOL_EXECUTE}, {library, TOOL_READ}}};
    return tool_run(b, &t, err);
}

static int make_with(struct build *b, const struct rust *r, const char *library, cordon_error **err)
{
    cleanup(words_finish) struct words words = {0};
    cleanup(buf_finish) struct buf said;
    cleanup_free char *made = NULL;
    buf_init(&said, MESSAGES_MAX);
    int rc = words_make(b, r, library, &words, err);
    if (rc < 0 || (rc = compile(b, r, library, &words, &said, err)) < 0 || (rc = find_made(&said, &made, err)) < 0)
        return rc;
    b->made = BUILD_TYPED;
    return take_made(b, made, words.target, err);
}

static int make(struct build *b, cordon_error **err)
{
    cleanup(rust_finish) struct rust r = {0};
    cleanup_free char *library = NULL;
    int rc = rust_find(b, &r, err);
    if (rc < 0 || (!r.has_library && (rc = rust_library(b, &r, &library, err)) < 0))
        return rc;
    return make_with(b, &r, library, err);
}

const struct lang lang_rust = {.name = "rust", .words = "Rust", .is_it = is_it, .packages = RUST_CRATES, .locks = locks, .check = rust_lock_check, .fetch = fetch, .make = make};
