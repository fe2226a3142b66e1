/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle in the making. Whatever its files come from, they come through here: paths checked, ceilings kept, hashed while they are written.
 */
#pragma once
#include "bundle/bundle.h"
#include "bundle/path.h"
#include <sodium.h>

struct draft {
    struct bundle b;
    size_t cap;
    struct taken taken;
    bool writes;                /* beneath b.fd; else files are only hashed */
    enum cordon_errc refusal;   /* the code of what does not fit: BAD_ARTIFACT, or DAMAGED for what is kept */
};
#define DRAFT(writes_, refusal_) {.b = BUNDLE_NONE, .writes = (writes_), .refusal = (refusal_)}

/* A file that is being put into it. */
struct sink {
    int fd;                     /* -1: only hashed */
    crypto_hash_sha256_state hash;
    struct bundle_file file;
};
#define SINK_NONE {.fd = -1}

/* sodium_init. */
int draft_start(cordon_error **err);
/* Checks the path and takes it. `may_be_left_out`: 0 is returned, and nothing done, for a path that is left out; else it is refused. 1: *ret is open. */
int draft_open(struct draft *d, const char *path, size_t path_len, bool executable, bool may_be_left_out, struct sink *ret, cordon_error **err);
int draft_write(struct draft *d, struct sink *s, const void *data, size_t len, cordon_error **err);
/* All that is in `fd` from where it stands. */
int draft_copy(struct draft *d, struct sink *s, int fd, cordon_error **err);
/* Keeps what was written, and empties the sink. */
int draft_close(struct draft *d, struct sink *s, cordon_error **err);
void sink_finish(struct sink *s);
/* Sorts and sums up. An empty one is refused. The draft is empty then. */
int draft_end(struct draft *d, struct bundle *ret, cordon_error **err);
void draft_finish(struct draft *d);
