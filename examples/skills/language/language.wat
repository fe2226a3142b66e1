;; SPDX-License-Identifier: Apache-2.0
;; Answers the value of LANG, or says that it was not granted. Text form: `cordon` compiles it.
(module
  (import "blufio" "set_output" (func $set_output (param i32 i32)))
  (import "blufio" "get_env" (func $get_env (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "LANG")
  (data (i32.const 16) "LANG was not granted")
  (func (export "run")
    (local $len i32)
    (local.set $len (call $get_env (i32.const 0) (i32.const 4) (i32.const 1024) (i32.const 256)))
    (if (i32.lt_s (local.get $len) (i32.const 0))
      (then (call $set_output (i32.const 16) (i32.const 20)))
      (else (call $set_output (i32.const 1024) (local.get $len))))))
