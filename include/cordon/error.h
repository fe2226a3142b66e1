/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors: what kept something from being done. The table of them is cordon/errors.def; docs/reference.md shows it.
 *
 * A fallible function returns 0, or the negative of an enum cordon_errc, and takes `cordon_error **err` last. `err` may
 * be NULL (the cause is then lost). On failure *err is set to an error that the caller frees; on success it is not
 * touched. No thread-local "last error" exists. An error is immutable and may be read from any thread.
 *
 * A call that was started never ends in an error: it has an outcome (cordon/outcome.h).
 */
#ifndef CORDON_ERROR_H
#define CORDON_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the library exports. */
#define CORDON_API __attribute__((visibility("default")))

/** The errors there are; in code CORDON_E_ and the name in the table. */
enum cordon_errc {
    CORDON_OK = 0,
#define CORDON_ERROR(name, id, category, exit_code, http, meaning, hint) CORDON_E_##name,
#include <cordon/errors.def>
#undef CORDON_ERROR
    CORDON_ERRC_COUNT
};

/** An error. */
typedef struct cordon_error cordon_error;

/** The code: one of enum cordon_errc, never CORDON_OK. `err` is not NULL here and below. */
CORDON_API enum cordon_errc cordon_error_code(const cordon_error *err);
/** The stable id, such as "bad-artifact". Static storage. */
CORDON_API const char *cordon_error_id(const cordon_error *err);
/** The category: usage, trust, limit, artifact, host or bug. Static storage. */
CORDON_API const char *cordon_error_category(const cordon_error *err);
/** One line of UTF-8: what happened, to which thing. Control characters are already escaped. Lives as long as `err`. */
CORDON_API const char *cordon_error_message(const cordon_error *err);
/** What to do next; never NULL. Lives as long as `err`. */
CORDON_API const char *cordon_error_hint(const cordon_error *err);
/** The thing it happened to (a path, an export, a flag), or NULL. Lives as long as `err`. */
CORDON_API const char *cordon_error_subject(const cordon_error *err);
/** The n-th cause below the message, nearest first; NULL past the last. Lives as long as `err`. */
CORDON_API const char *cordon_error_cause(const cordon_error *err, size_t n);
/** The exit code the command uses for this error (2, 3, 4, 6, 7 or 70). */
CORDON_API int cordon_error_exit_code(const cordon_error *err);
/** Makes an error of the caller's own, as the library makes its: sets *err (if err is not NULL) and returns -code. The
 *  text is cut at 1 KiB on a character boundary; control characters, bidi controls and bytes that are not UTF-8 are
 *  escaped in it, so outside text may be passed as it is. `subject` and `hint` may be NULL (hint: the table's). `code`
 *  is one of enum cordon_errc, not CORDON_OK. The caller frees. */
CORDON_API int cordon_error_set(cordon_error **err, enum cordon_errc code, const char *subject, const char *hint,
                                const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/** Frees the error; NULL is allowed. */
CORDON_API void cordon_error_free(cordon_error *err);

/** One row of the table of errors: what the exit code of the command and the status of a server's answer are made of.
 *  */
struct cordon_error_info {
    enum cordon_errc code; /**< of the enum */
    const char *id;        /**< stable, such as "bad-artifact" */
    const char *category;  /**< usage, trust, limit, artifact, host or bug */
    const char *meaning;   /**< one sentence: what it says */
    const char *hint;      /**< what to do next */
    int exit_code;         /**< of the command */
    int http_status;       /**< of a server's answer */
};
/** The row of `code`; NULL for CORDON_OK and anything outside the table. Static storage. */
CORDON_API const struct cordon_error_info *cordon_error_info(enum cordon_errc code);
/** The row whose id is `id`; NULL if there is none. Static storage. */
CORDON_API const struct cordon_error_info *cordon_error_info_by_id(const char *id);

#ifdef __cplusplus
}
#endif
#endif
