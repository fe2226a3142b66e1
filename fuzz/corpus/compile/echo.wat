;; SPDX-License-Identifier: Apache-2.0
;; A whole skill of the skill world: it answers with its input.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 32) "echo")
    (data (i32.const 48) "Answers with its input.")
    (global $next (mut i32) (i32.const 4096))
    ;; A bump allocator that grows its memory: each call is a fresh sandbox, so nothing is ever freed.
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))))
      (local.get $at))
    ;; a string is given as the address of its pointer and length
    (func $text (param $ptr i32) (param $len i32) (result i32)
      (i32.store (i32.const 0) (local.get $ptr))
      (i32.store (i32.const 4) (local.get $len))
      (i32.const 0))
    (func (export "get-name") (result i32) (call $text (i32.const 32) (i32.const 4)))
    (func (export "get-description") (result i32) (call $text (i32.const 48) (i32.const 23)))
    (func (export "execute") (param $ptr i32) (param $len i32) (result i32)
      ;; result<string, string> at 16: the tag, then pointer and length of the text
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $ptr))
      (i32.store (i32.const 24) (local.get $len))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "get-name") (result string)
    (canon lift (core func $i "get-name") (memory (core memory $i "memory"))))
  (func (export "get-description") (result string)
    (canon lift (core func $i "get-description") (memory (core memory $i "memory"))))
  (func (export "execute") (param "input" string) (result (result string (error string)))
    (canon lift (core func $i "execute") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
