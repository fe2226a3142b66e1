;; SPDX-License-Identifier: Apache-2.0
;; An exported interface with one function, and plain values.
(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (instance $interface (export "add" (func $add)))
  (export "docs:adder/add@0.1.0" (instance $interface)))
