;; SPDX-License-Identifier: Apache-2.0
;; Answers that are not of their type: pointers and lengths that lie, text that is not UTF-8, characters, cases, booleans and handles that do not exist.
;; Each export answers with one of them.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 16) "\ff\fe")             ;; never UTF-8
    (data (i32.const 24) "\ed\a0\80")          ;; a surrogate, encoded
    (data (i32.const 32) "\c0\80")             ;; NUL, overlong
    (data (i32.const 40) "\f4\90\80\80")       ;; past U+10FFFF
    (data (i32.const 48) "\e2\82")             ;; the end is missing
    (data (i32.const 56) "\00\d8\41\00")       ;; UTF-16: a lone surrogate
    ;; (pointer, length) pairs that are answered with
    (data (i32.const 256) "\00\00\02\00\04\00\00\00") ;; outside
    (func (export "outside") (result i32) (i32.const 256))
    (data (i32.const 272) "\fe\ff\00\00\04\00\00\00") ;; past-the-end
    (func (export "past-the-end") (result i32) (i32.const 272))
    (data (i32.const 288) "\00\00\00\00\ff\ff\ff\ff") ;; huge
    (func (export "huge") (result i32) (i32.const 288))
    (data (i32.const 304) "\f0\ff\ff\ff\20\00\00\00") ;; wraps
    (func (export "wraps") (result i32) (i32.const 304))
    (data (i32.const 320) "\ff\ff\ff\ff\ff\ff\ff\ff") ;; all-ones
    (func (export "all-ones") (result i32) (i32.const 320))
    (data (i32.const 336) "\10\00\00\00\02\00\00\00") ;; invalid
    (func (export "invalid") (result i32) (i32.const 336))
    (data (i32.const 352) "\18\00\00\00\03\00\00\00") ;; surrogate
    (func (export "surrogate") (result i32) (i32.const 352))
    (data (i32.const 368) "\20\00\00\00\02\00\00\00") ;; overlong
    (func (export "overlong") (result i32) (i32.const 368))
    (data (i32.const 384) "\28\00\00\00\04\00\00\00") ;; too-high
    (func (export "too-high") (result i32) (i32.const 384))
    (data (i32.const 400) "\30\00\00\00\02\00\00\00") ;; cut
    (func (export "cut") (result i32) (i32.const 400))
    (data (i32.const 416) "\38\00\00\00\04\00\00\00") ;; utf16
    (func (export "utf16") (result i32) (i32.const 416))
    (data (i32.const 432) "\39\00\00\00\02\00\00\00") ;; odd
    (func (export "odd") (result i32) (i32.const 432))
    (data (i32.const 448) "\ff\ff\ff\ff\00\00\00\00") ;; empty-outside
    (func (export "empty-outside") (result i32) (i32.const 448))
    ;; the same as results: an ok or an err, then the pair
    (data (i32.const 1024) "\01\00\00\00\10\00\00\00\02\00\00\00")
    (func (export "err-invalid") (result i32) (i32.const 1024))
    (data (i32.const 1040) "\07\00\00\00\10\00\00\00\02\00\00\00")
    (func (export "neither") (result i32) (i32.const 1040))
    (data (i32.const 1056) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff")
    (func (export "err-huge") (result i32) (i32.const 1056))
    ;; a list of one string that lies
    (data (i32.const 1088) "\50\04\00\00\01\00\00\00") ;; -> 1104
    (data (i32.const 1104) "\00\00\00\00\ff\ff\ff\ff")
    (func (export "inner") (result i32) (i32.const 1088))
    ;; bytes that are no booleans, cases, options
    (data (i32.const 1120) "\ff\7f\80\02")
    (func (export "two") (result i32) (i32.const 2))
    (func (export "many") (result i32) (i32.const 0x7fffffff))
    (func (export "minus") (result i32) (i32.const -1))
    (func (export "high-surrogate") (result i32) (i32.const 0xd800))
    (func (export "low-surrogate") (result i32) (i32.const 0xdfff))
    (func (export "past-unicode") (result i32) (i32.const 0x110000))
    (func (export "unaligned") (result i32) (i32.const 1121))
    (func (export "far") (result i32) (i32.const 0x7ffffff0)))
  (core instance $i (instantiate $m))
  (func (export "string-outside") (result string) (canon lift (core func $i "outside") (memory (core memory $i "memory"))))
  (func (export "string-past-the-end") (result string) (canon lift (core func $i "past-the-end") (memory (core memory $i "memory"))))
  (func (export "string-huge") (result string) (canon lift (core func $i "huge") (memory (core memory $i "memory"))))
  (func (export "string-wraps") (result string) (canon lift (core func $i "wraps") (memory (core memory $i "memory"))))
  (func (export "string-all-ones") (result string) (canon lift (core func $i "all-ones") (memory (core memory $i "memory"))))
  (func (export "string-invalid") (result string) (canon lift (core func $i "invalid") (memory (core memory $i "memory"))))
  (func (export "string-surrogate") (result string) (canon lift (core func $i "surrogate") (memory (core memory $i "memory"))))
  (func (export "string-overlong") (result string) (canon lift (core func $i "overlong") (memory (core memory $i "memory"))))
  (func (export "string-too-high") (result string) (canon lift (core func $i "too-high") (memory (core memory $i "memory"))))
  (func (export "string-cut") (result string) (canon lift (core func $i "cut") (memory (core memory $i "memory"))))
  (func (export "string-empty-outside") (result string) (canon lift (core func $i "empty-outside") (memory (core memory $i "memory"))))
  (func (export "utf16-utf16") (result string) (canon lift (core func $i "utf16") (memory (core memory $i "memory")) string-encoding=utf16))
  (func (export "utf16-odd") (result string) (canon lift (core func $i "odd") (memory (core memory $i "memory")) string-encoding=utf16))
  (func (export "utf16-huge") (result string) (canon lift (core func $i "huge") (memory (core memory $i "memory")) string-encoding=utf16))
  (func (export "latin1-huge") (result string) (canon lift (core func $i "huge") (memory (core memory $i "memory")) string-encoding=latin1+utf16))
  (func (export "latin1-all-ones") (result string) (canon lift (core func $i "all-ones") (memory (core memory $i "memory")) string-encoding=latin1+utf16))
  (func (export "latin1-odd") (result string) (canon lift (core func $i "odd") (memory (core memory $i "memory")) string-encoding=latin1+utf16))
  (func (export "bytes-outside") (result (list u8)) (canon lift (core func $i "outside") (memory (core memory $i "memory"))))
  (func (export "bytes-past-the-end") (result (list u8)) (canon lift (core func $i "past-the-end") (memory (core memory $i "memory"))))
  (func (export "bytes-huge") (result (list u8)) (canon lift (core func $i "huge") (memory (core memory $i "memory"))))
  (func (export "bytes-wraps") (result (list u8)) (canon lift (core func $i "wraps") (memory (core memory $i "memory"))))
  (func (export "bytes-empty-outside") (result (list u8)) (canon lift (core func $i "empty-outside") (memory (core memory $i "memory"))))
  (func (export "list-outside") (result (list u64)) (canon lift (core func $i "outside") (memory (core memory $i "memory"))))
  (func (export "list-huge") (result (list u64)) (canon lift (core func $i "huge") (memory (core memory $i "memory"))))
  (func (export "list-wraps") (result (list u64)) (canon lift (core func $i "wraps") (memory (core memory $i "memory"))))
  (func (export "list-odd") (result (list u64)) (canon lift (core func $i "odd") (memory (core memory $i "memory"))))
  (func (export "list-empty-outside") (result (list u64)) (canon lift (core func $i "empty-outside") (memory (core memory $i "memory"))))
  (func (export "strings-huge") (result (list string)) (canon lift (core func $i "huge") (memory (core memory $i "memory"))))
  (func (export "strings-inner") (result (list string)) (canon lift (core func $i "inner") (memory (core memory $i "memory"))))
  (func (export "execute-err") (result (result string (error string))) (canon lift (core func $i "err-invalid") (memory (core memory $i "memory"))))
  (func (export "execute-neither") (result (result string (error string))) (canon lift (core func $i "neither") (memory (core memory $i "memory"))))
  (func (export "execute-err-huge") (result (result string (error string))) (canon lift (core func $i "err-huge") (memory (core memory $i "memory"))))
  (func (export "return-unaligned") (result (tuple u32 u32)) (canon lift (core func $i "unaligned") (memory (core memory $i "memory"))))
  (func (export "return-far") (result (tuple u32 u32)) (canon lift (core func $i "far") (memory (core memory $i "memory"))))
  (func (export "bool-two") (result bool) (canon lift (core func $i "two") (memory (core memory $i "memory"))))
  (func (export "bool-many") (result bool) (canon lift (core func $i "many") (memory (core memory $i "memory"))))
  (func (export "bool-minus") (result bool) (canon lift (core func $i "minus") (memory (core memory $i "memory"))))
  (func (export "result-many") (result (result)) (canon lift (core func $i "many") (memory (core memory $i "memory"))))
  (func (export "u8-minus") (result u8) (canon lift (core func $i "minus") (memory (core memory $i "memory"))))
  (func (export "s8-many") (result s8) (canon lift (core func $i "many") (memory (core memory $i "memory"))))
  (func (export "char-high-surrogate") (result char) (canon lift (core func $i "high-surrogate") (memory (core memory $i "memory"))))
  (func (export "char-low-surrogate") (result char) (canon lift (core func $i "low-surrogate") (memory (core memory $i "memory"))))
  (func (export "char-past-unicode") (result char) (canon lift (core func $i "past-unicode") (memory (core memory $i "memory"))))
  (func (export "char-minus") (result char) (canon lift (core func $i "minus") (memory (core memory $i "memory"))))
  (type $an-enum (enum "a" "b")) (export $enum "enum" (type $an-enum))
  (type $a-variant (variant (case "a") (case "b" u32))) (export $variant "variant" (type $a-variant))
  (type $some-flags (flags "a" "b" "c")) (export $flags "flags" (type $some-flags))
  (func (export "enum-two") (result $enum) (canon lift (core func $i "two") (memory (core memory $i "memory"))))
  (func (export "enum-minus") (result $enum) (canon lift (core func $i "minus") (memory (core memory $i "memory"))))
  (func (export "variant-bytes") (result $variant) (canon lift (core func $i "unaligned") (memory (core memory $i "memory"))))
  (func (export "flags-minus") (result $flags) (canon lift (core func $i "minus") (memory (core memory $i "memory")))))
