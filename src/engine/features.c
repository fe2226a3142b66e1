/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/features.h"

/* The local tier is WebAssembly on the verified engine. */
#define EVERY {true, true, true}
#define TRUSTED {false, true, true}
#define NONE {false, false, false}

const struct feature features[] = {
    /* WebAssembly 2.0 without its vectors */
    {"MUTABLE_GLOBAL", EVERY, "mutable globals"},
    {"SATURATING_FLOAT_TO_INT", EVERY, "saturating float-to-int conversions"},
    {"SIGN_EXTENSION", EVERY, "sign extension"},
    {"REFERENCE_TYPES", EVERY, "reference types"},
    {"CALL_INDIRECT_OVERLONG", EVERY, "reference types (long table index)"},
    {"MULTI_VALUE", EVERY, "multiple results"},
    {"BULK_MEMORY", EVERY, "bulk memory"},
    {"BULK_MEMORY_OPT", EVERY, "bulk memory (copy and fill)"},
    {"FLOATS", EVERY, "floating point"},
    /* what compilers of guests use beyond it */
    {"EXTENDED_CONST", EVERY, "extended constant expressions"},
    {"TAIL_CALL", EVERY, "tail calls"},
    {"COMPONENT_MODEL", EVERY, "the component model"},
    /* only where somebody the operator trusts signed for it */
    {"SIMD", TRUSTED, "SIMD (v128)"},
    /* off everywhere */
    {"RELAXED_SIMD", NONE, "relaxed SIMD"},
    {"THREADS", NONE, "threads and shared memory"},
    {"SHARED_EVERYTHING_THREADS", NONE, "shared-everything threads"},
    {"MULTI_MEMORY", NONE, "several memories in one module"},
    {"EXCEPTIONS", NONE, "exceptions"},
    {"LEGACY_EXCEPTIONS", NONE, "legacy exceptions"},
    {"MEMORY64", NONE, "64-bit memories"},
    {"FUNCTION_REFERENCES", NONE, "typed function references"},
    {"GC", NONE, "garbage collection"},
    {"GC_TYPES", NONE, "garbage-collected references (externref)"},
    {"MEMORY_CONTROL", NONE, "memory control"},
    {"CUSTOM_PAGE_SIZES", NONE, "custom page sizes"},
    {"STACK_SWITCHING", NONE, "stack switching"},
    {"WIDE_ARITHMETIC", NONE, "wide arithmetic"},
    {"CUSTOM_DESCRIPTORS", NONE, "custom descriptors"},
    {"COMPACT_IMPORTS", NONE, "compact imports"},
    {"CM_VALUES", NONE, "component values"},
    {"CM_NESTED_NAMES", NONE, "nested component names"},
    {"CM_ASYNC", NONE, "the asynchronous component ABI (WASI 0.3)"},
    {"CM_ASYNC_STACKFUL", NONE, "the stackful asynchronous component ABI"},
    {"CM_MORE_ASYNC_BUILTINS", NONE, "more asynchronous component built-ins"},
    {"CM_THREADING", NONE, "component threads"},
    {"CM_ERROR_CONTEXT", NONE, "component error contexts"},
    {"CM_FIXED_LENGTH_LISTS", NONE, "fixed-length lists"},
    {"CM_GC", NONE, "the garbage-collected component ABI"},
    {"CM_MAP", NONE, "component maps"},
    {"CM64", NONE, "64-bit components"},
    {"CM_IMPLEMENTS", NONE, "component implements"},
    {"CM_CANON_NAMES", NONE, "canonical component names"},
};
const size_t n_features = sizeof features / sizeof *features;

size_t features_on(enum cordon_tier tier, const char **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < n_features; i++)
        if (features[i].on[tier])
            ret[n++] = features[i].name;
    return n;
}
