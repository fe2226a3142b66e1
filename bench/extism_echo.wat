;; SPDX-License-Identifier: Apache-2.0
;; The echo as an Extism plugin, byte by byte as its plugin kits do: the input is read through the kernel, the answer stored in a block of the kernel's.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "execute") (result i32)
    (local $len i64) (local $at i64) (local $out i64)
    (local.set $len (call $input_length))
    (local.set $out (call $alloc (local.get $len)))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (local.get $len)))
        (call $store (i64.add (local.get $out) (local.get $at)) (call $input_load (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))
    (call $output_set (local.get $out) (local.get $len))
    (i32.const 0)))
