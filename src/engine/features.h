/* SPDX-License-Identifier: Apache-2.0
 * Which WebAssembly proposals each engine has. A list of what is on; all else is off. */
#pragma once
#include <cordon/limits.h>
#include <stdbool.h>
#include <stddef.h>

struct feature {
    const char *name;                    /* as Wasmtime's parser names it */
    bool on[CORDON_TIER_COUNT];
    const char *what;                    /* in words, for refusals and `inspect` */
};
/* Every feature this version of Cordon has an opinion on: a new Wasmtime that knows another one fails the test `every_feature_is_decided`. */
extern const struct feature features[];
extern const size_t n_features;
enum { FEATURES_ROOM = 64 };             /* more than there are */
/* The names that are on in a tier; ret has room for FEATURES_ROOM. Returns how many. */
size_t features_on(enum cordon_tier tier, const char **ret);
