;; SPDX-License-Identifier: Apache-2.0
;; Takes all memory in its start function, and traps there when it gets no more.
(component
  (core module $m
    (memory 1)
    (func $start
      (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (unreachable))
    (func (export "run"))
    (start $start))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
