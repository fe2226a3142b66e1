/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of any type out of a line of letters, so that a corpus can be read: a letter is a type, in prefix notation.
 *
 *   ? bool   a b c d e f g h  s8 u8 s16 u16 s32 u32 s64 u64   i j  f32 f64   k char   s string   l list   o option   r result
 *   R record   t tuple   v variant   n enum   F flags: a digit follows, how many members there are
 *
 * A result's sides and a variant's cases may be `-`: without a value. Whatever else stands there, or is missing, is a bool.
 */
#pragma once
#include "fuzz.h"
#include "wit/type.h"

/* A digit, that many parameters, the result (`-`: none). Free with wit_func_finish. */
struct wit_func make_func(struct feed *f);
