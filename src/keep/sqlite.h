/* SPDX-License-Identifier: Apache-2.0
 * SQLite, opened when first needed: it is not worth a start without it. */
#pragma once
#include <cordon/error.h>
#include <sqlite3.h>

#define SQLITE_USED(X)                                                                                                                 \
    X(open_v2) X(close_v2) X(extended_errcode) X(errstr) X(db_config) X(limit) X(busy_handler) X(progress_handler) X(exec)             \
    X(prepare_v2) X(step) X(reset) X(finalize) X(bind_text) X(bind_int64) X(bind_blob) X(bind_null) X(column_int64) X(column_text)     \
    X(column_blob) X(column_bytes) X(column_type) X(changes) X(last_insert_rowid) X(get_autocommit) X(file_control) X(vfs_find)

/* Its functions, without their prefix. */
struct sqlite {
#define X(name) __typeof__(sqlite3_##name) *name;
    SQLITE_USED(X)
#undef X
};

/* The library stays loaded. MISSING_TOOL. */
int sqlite_load(struct sqlite *ret, cordon_error **err);
