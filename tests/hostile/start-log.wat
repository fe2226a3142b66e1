;; SPDX-License-Identifier: Apache-2.0
;; Calls the host from its start function, as often as it can.
(component
  (import "boternity:skill/host" (instance $host (export "log" (func (param "level" string) (param "message" string)))))
  (core module $mem (memory (export "memory") 1))
  (core instance $i (instantiate $mem))
  (core func $log (canon lower (func $host "log") (memory (core memory $i "memory"))))
  (core module $m
    (import "host" "log" (func $log (param i32 i32 i32 i32)))
    (func $start (loop $again (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000)) (br $again)))
    (func (export "run"))
    (start $start))
  (core instance $s (instantiate $m (with "host" (instance (export "log" (func $log))))))
  (func (export "run") (canon lift (core func $s "run"))))
