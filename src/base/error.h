/* SPDX-License-Identifier: Apache-2.0
 *
 * Making errors. Set once where the failure is seen, wrapped with context on the way out:
 *
 *     return err_set(err, CORDON_E_IO, path, "cannot open %s: %s", path, strerror(errno));
 *     ...
 *     if (load(path, err) < 0)
 *         return err_wrap(err, "cannot load the skill");
 */
#pragma once
#include <cordon/error.h>
#include <stdarg.h>
#include <stdbool.h>

enum { ERR_MESSAGE_MAX = 1024, ERR_SUBJECT_MAX = 512, ERR_CAUSES_MAX = 8 };

/* Sets *err (if err is not NULL) and returns -code. `subject` may be NULL. The text is cut at ERR_MESSAGE_MAX on a character
 * boundary; control characters, bidi controls and bytes that are not UTF-8 are escaped. */
int err_set(cordon_error **err, enum cordon_errc code, const char *subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Stands first in every public function that takes an `err`: a caller may pass none, and the code of what failed must not be lost with it, for err_hint and err_wrap read it
 * from there. tests/package/test_headers.py looks for it. */
#define err_wanted(err)                                                              \
    __attribute__((__cleanup__(err_unwanted_drop))) cordon_error *err_unwanted = NULL;   \
    (err) = (err) ? (err) : &err_unwanted
static inline void err_unwanted_drop(cordon_error **err) { cordon_error_free(*err); }
/* Replaces the table's hint of *err. Returns -code of *err, so that it can end a return statement; an `err` of NULL has none, and this is -CORDON_E_HOST_BUG. */
int err_hint(cordon_error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts a new message before the present one, which becomes the first cause. Returns -code of *err. */
int err_wrap(cordon_error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds a cause (already the "why" below the message). */
void err_cause(cordon_error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "cannot VERB SUBJECT: strerror(errnum)" with CORDON_E_IO, or NO_RESOURCES for ENOMEM, EMFILE, ENFILE, EAGAIN. */
int err_errno(cordon_error **err, int errnum, const char *verb, const char *subject);
/* Marks *err as one that need not come again with the same input, because what it is about was not the input's doing alone: a busy machine, a full one. */
void err_pass(cordon_error **err);
bool err_is_passing(const cordon_error *err);
/* Out of memory; never allocates (a static error object stands in). */
int err_nomem(cordon_error **err);

#ifdef CORDON_LINT /* `make lint`: what an analyzer cannot know of functions in another file, that they never return 0 or more */
static inline int err_negative(int r)
{
    if (r >= 0)
        __builtin_unreachable();
    return r;
}
#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_hint(...) err_negative(err_hint(__VA_ARGS__))
#define err_wrap(...) err_negative(err_wrap(__VA_ARGS__))
#define err_errno(...) err_negative(err_errno(__VA_ARGS__))
#define err_nomem(...) err_negative(err_nomem(__VA_ARGS__))
#endif
