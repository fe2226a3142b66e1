/* SPDX-License-Identifier: Apache-2.0
 * Which WebAssembly each tier accepts: a list of what is on, and a probe for each proposal that is off. */
#include "base/error.h"
#include "engine/compile.h"
#include "engine/features.h"
#include "engine/shim.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { META_MAX = 1 << 20, CODE_MAX = 16 << 20 };

static int try_compile(enum cordon_tier tier, const char *wat, cordon_error **err)
{
    struct buf meta, code;
    buf_init(&meta, META_MAX);
    buf_init(&code, CODE_MAX);
    int rc = compile(tier, (const uint8_t *)wat, strlen(wat), &meta, &code, err);
    buf_finish(&meta);
    buf_finish(&code);
    return rc;
}

static const struct feature *find(const char *name)
{
    for (size_t i = 0; i < n_features; i++)
        if (!strcmp(features[i].name, name))
            return &features[i];
    return NULL;
}

/* Another Wasmtime that knows a new proposal must not have it decided by its default. */
START_TEST(every_feature_is_decided)
{
    size_t known = 0;
    for (;; known++) {
        struct shim_bytes name = shim_feature_name(known);
        if (!name.data)
            break;
        ck_assert_msg(find((const char *)name.data) != NULL, "no tier decides about %s", (const char *)name.data);
        shim_bytes_free(name);
    }
    /* Two of ours are parts of others (CALL_INDIRECT_OVERLONG, BULK_MEMORY_OPT), which an iteration over names leaves out. */
    ck_assert_uint_eq(known, n_features - 2);
}
END_TEST

START_TEST(untrusted_has_webassembly_2_without_simd_and_two_extensions)
{
    static const char *const on[] = {"MUTABLE_GLOBAL", "SATURATING_FLOAT_TO_INT", "SIGN_EXTENSION", "REFERENCE_TYPES", "CALL_INDIRECT_OVERLONG", "MULTI_VALUE",
                                     "BULK_MEMORY", "BULK_MEMORY_OPT", "FLOATS", "EXTENDED_CONST", "TAIL_CALL", "COMPONENT_MODEL"};
    const char *names[64];
    size_t n = features_on(CORDON_TIER_UNTRUSTED, names);
    ck_assert_uint_eq(n, sizeof on / sizeof *on);
    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(names[i], on[i]);
}
END_TEST

START_TEST(verified_adds_simd_and_nothing_else)
{
    const char *low[64], *high[64];
    ck_assert_uint_eq(features_on(CORDON_TIER_VERIFIED, high), features_on(CORDON_TIER_UNTRUSTED, low) + 1);
    ck_assert(find("SIMD")->on[CORDON_TIER_VERIFIED] && !find("SIMD")->on[CORDON_TIER_UNTRUSTED]);
}
END_TEST

#define CORE(body) "(component (core module " body "))"

static const struct { const char *what, *wat; } off_everywhere[] = {
    {"relaxed SIMD", CORE("(func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle)")},
    {"threads", CORE("(memory 1 1 shared)")},
    {"atomics", CORE("(memory 1) (func i32.const 0 i32.atomic.load drop)")},
    {"several memories", CORE("(memory 1) (memory 1)")},
    {"64-bit memories", CORE("(memory i64 1)")},
    {"exceptions", CORE("(tag)")},
    {"garbage collection", CORE("(type (struct (field i32)))")},
    {"externref", CORE("(func (param externref))")},
    {"function references", CORE("(type $f (func)) (func (param (ref $f)))")},
    {"custom page sizes", CORE("(memory 1 (pagesize 1))")},
    {"wide arithmetic", CORE("(func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128)")},
    {"stack switching", CORE("(type $f (func)) (type $c (cont $f))")},
    {"asynchronous ABI", "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func (export \"f\") async (canon lift (core func $i \"f\") async)))"},
    {"streams", "(component (type (stream u8)))"},
    {"futures", "(component (type (future u8)))"},
    {"error contexts", "(component (core func (canon error-context.drop)))"},
    {"fixed-length lists", "(component (type (list u8 4)))"},
    {"component values", "(component (import \"v\" (value u32)))"},
};

START_TEST(a_proposal_that_is_off_is_refused_in_every_tier)
{
    for (enum cordon_tier t = CORDON_TIER_UNTRUSTED; t <= CORDON_TIER_VERIFIED; t++) {
        cordon_error *err = NULL;
        int rc = try_compile(t, off_everywhere[_i].wat, &err);
        ck_assert_msg(rc < 0, "%s was accepted in the %s tier", off_everywhere[_i].what, cordon_tier_name(t));
        ck_assert_msg(rc == -CORDON_E_UNSUPPORTED_FEATURE || rc == -CORDON_E_BAD_ARTIFACT, "%s: %s", off_everywhere[_i].what, cordon_error_message(err));
        cordon_error_free(err);
    }
}
END_TEST

START_TEST(simd_is_refused_by_name_in_untrusted_and_runs_in_verified)
{
    static const char wat[] = CORE("(func (result v128) v128.const i32x4 1 2 3 4)");
    cordon_error *err = NULL;
    ck_assert_int_eq(try_compile(CORDON_TIER_UNTRUSTED, wat, &err), -CORDON_E_UNSUPPORTED_FEATURE);
    ck_assert_msg(strstr(cordon_error_message(err), "SIMD (v128)") != NULL, "%s", cordon_error_message(err));
    cordon_error_free(err);
    err = NULL;
    ck_assert_msg(try_compile(CORDON_TIER_VERIFIED, wat, &err) == 0, "%s", err ? cordon_error_message(err) : "");
}
END_TEST

static const char *const on_everywhere[] = {
    CORE("(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
    CORE("(func $f return_call $f)"),
    CORE("(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))"),
    CORE("(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))"),
    CORE("(func (result i32 i32) i32.const 1 i32.const 2)"),
    CORE("(func (param f32) (result i32) local.get 0 i32.trunc_sat_f32_s)"),
    CORE("(func (param i32) (result i32) local.get 0 i32.extend8_s)"),
};

START_TEST(what_compilers_of_guests_use_is_accepted)
{
    cordon_error *err = NULL;
    ck_assert_msg(try_compile(CORDON_TIER_UNTRUSTED, on_everywhere[_i], &err) == 0, "%s: %s", on_everywhere[_i], err ? cordon_error_message(err) : "");
}
END_TEST

Suite *suite_features(void);
Suite *suite_features(void)
{
    Suite *s = suite_create("features");
    TCase *t = tcase_create("features");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_feature_is_decided);
    tcase_add_test(t, untrusted_has_webassembly_2_without_simd_and_two_extensions);
    tcase_add_test(t, verified_adds_simd_and_nothing_else);
    tcase_add_loop_test(t, a_proposal_that_is_off_is_refused_in_every_tier, 0, sizeof off_everywhere / sizeof *off_everywhere);
    tcase_add_test(t, simd_is_refused_by_name_in_untrusted_and_runs_in_verified);
    tcase_add_loop_test(t, what_compilers_of_guests_use_is_accepted, 0, sizeof on_everywhere / sizeof *on_everywhere);
    suite_add_tcase(s, t);
    return s;
}
