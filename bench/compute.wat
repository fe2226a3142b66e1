;; SPDX-License-Identifier: Apache-2.0
;; Computes for about 50 ms: a linear congruential generator, 20 million steps.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (i32.const 4096))
    (func (export "execute") (param $ptr i32) (param $len i32) (result i32)
      (local $i i32) (local $x i64)
      (loop $next
        (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000000))))
      (i64.store (i32.const 32) (local.get $x))
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $ptr))
      (i32.store (i32.const 24) (local.get $len))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "execute") (param "input" string) (result (result string (error string)))
    (canon lift (core func $i "execute") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
