;; SPDX-License-Identifier: Apache-2.0
;; Eight memories, each of which grows as far as it can: what counts is their sum.
(component
  (core module $m
    (memory 1)
    (func (export "grow") (result i32)
      (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (memory.size)))
  (core instance $a (instantiate $m)) (core instance $b (instantiate $m)) (core instance $c (instantiate $m)) (core instance $d (instantiate $m))
  (core instance $e (instantiate $m)) (core instance $f (instantiate $m)) (core instance $g (instantiate $m)) (core instance $h (instantiate $m))
  (core module $all
    (import "a" "grow" (func $a (result i32))) (import "b" "grow" (func $b (result i32)))
    (import "c" "grow" (func $c (result i32))) (import "d" "grow" (func $d (result i32)))
    (import "e" "grow" (func $e (result i32))) (import "f" "grow" (func $f (result i32)))
    (import "g" "grow" (func $g (result i32))) (import "h" "grow" (func $h (result i32)))
    (func (export "pages") (result i32)
      (i32.add (i32.add (i32.add (call $a) (call $b)) (i32.add (call $c) (call $d)))
               (i32.add (i32.add (call $e) (call $f)) (i32.add (call $g) (call $h))))))
  (core instance $s (instantiate $all
    (with "a" (instance $a)) (with "b" (instance $b)) (with "c" (instance $c)) (with "d" (instance $d))
    (with "e" (instance $e)) (with "f" (instance $f)) (with "g" (instance $g)) (with "h" (instance $h))))
  (func (export "pages") (result u32) (canon lift (core func $s "pages"))))
