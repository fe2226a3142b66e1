;; SPDX-License-Identifier: Apache-2.0
;; Never gets as far as being called: its start function loops.
(component
  (core module $m
    (func $start (loop $again (br $again)))
    (func (export "run"))
    (start $start))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
