;; SPDX-License-Identifier: Apache-2.0
;;
;; The blufio ABI in terms of component functions (blufio.wit beside this). wit-component links it between a module that imports `blufio` and the component
;; around it, keeping what the module uses; it shares the module's memory, and has none of its own.
;;
;; What the module hands over is a pointer and a length, and either may be a lie. Texts go to Cordon as strings of the component model, whose bounds the engine
;; checks; where the ABI does not trap on a lie, it is found out here ($text, $inside), in 64 bits, so that nothing wraps.
;;
;; What comes from Cordon is a string too, and the engine wants two places for it: one for the text, which $cabi_import_realloc says is the module's own buffer,
;; and eight bytes for where it went. Those eight are borrowed from the module's memory, outside of the buffer, and put back: to grow the memory would show,
;; would fail at its maximum, and would cost each call 64 KiB. The buffer may be nearly all of the memory, hence pieces (see $copy).
(module
  (import "env" "memory" (memory 0))
  (import "cordon:blufio/host@0.1.0" "log" (func $host_log (param i32 i32 i32)))
  (import "cordon:blufio/host@0.1.0" "input-length" (func $host_input_length (result i32)))
  (import "cordon:blufio/host@0.1.0" "set-output" (func $host_set_output (param i32 i32)))
  (import "cordon:blufio/host@0.1.0" "output-length" (func $host_output_length (result i32)))
  (import "cordon:blufio/host@0.1.0" "http-request" (func $host_http_request (param i32 i32 i32 i32 i32) (result i32)))
  (import "cordon:blufio/host@0.1.0" "read-file" (func $host_read_file (param i32 i32) (result i32)))
  (import "cordon:blufio/host@0.1.0" "write-file" (func $host_write_file (param i32 i32 i32 i32) (result i32)))
  (import "cordon:blufio/host@0.1.0" "env" (func $host_env (param i32 i32) (result i32)))
  (import "cordon:blufio/host@0.1.0" "copy" (func $host_copy (param i32 i32 i32 i32)))
  (import "cordon:blufio/host@0.1.0" "ignored" (func $host_ignored))

  ;; Where the next string of Cordon's goes, and how long it may be.
  (global $to (mut i32) (i32.const 0))
  (global $room (mut i32) (i32.const 0))

  (func $cabi_import_realloc (export "cabi_import_realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
    (if (i32.gt_u (local.get $len) (global.get $room)) (then unreachable))
    (global.get $to))

  ;; ---- what the module says ----

  (func $memory_bytes (result i64) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))

  ;; Are these bytes in the memory? No bytes are, wherever.
  (func $inside (param $p i32) (param $len i32) (result i32)
    (if (i32.eqz (local.get $len)) (then (return (i32.const 1))))
    (i64.le_u (i64.add (i64.extend_i32_u (local.get $p)) (i64.extend_i32_u (local.get $len))) (call $memory_bytes)))

  ;; A pointer to nothing is none: the engine looks at it all the same.
  (func $at (param $p i32) (param $len i32) (result i32) (select (local.get $p) (i32.const 0) (local.get $len)))

  ;; Ends the call as any other access out of bounds does.
  (func $out_of_bounds (drop (i32.load8_u (i32.const -1))) unreachable)

  ;; Is the byte at $p from $low to $high?
  (func $between (param $p i32) (param $low i32) (param $high i32) (result i32)
    (i32.le_u (i32.sub (i32.load8_u (local.get $p)) (local.get $low)) (i32.sub (local.get $high) (local.get $low))))

  ;; The bytes of the character at $p, at most $left; 0: there is none.
  (func $character (param $p i32) (param $left i32) (result i32)
    (local $first i32) (local $n i32) (local $low i32) (local $high i32)
    (local.set $first (i32.load8_u (local.get $p)))
    (if (i32.lt_u (local.get $first) (i32.const 0x80)) (then (return (i32.const 1))))
    (if (i32.or (i32.lt_u (local.get $first) (i32.const 0xC2)) (i32.gt_u (local.get $first) (i32.const 0xF4))) (then (return (i32.const 0))))
    (local.set $n (i32.const 2))
    (if (i32.ge_u (local.get $first) (i32.const 0xE0)) (then (local.set $n (i32.const 3))))
    (if (i32.ge_u (local.get $first) (i32.const 0xF0)) (then (local.set $n (i32.const 4))))
    (if (i32.gt_u (local.get $n) (local.get $left)) (then (return (i32.const 0))))
    ;; The second byte says whether the first could have been shorter, is a surrogate's or lies beyond the last character.
    (local.set $low (i32.const 0x80))
    (local.set $high (i32.const 0xBF))
    (if (i32.eq (local.get $first) (i32.const 0xE0)) (then (local.set $low (i32.const 0xA0))))
    (if (i32.eq (local.get $first) (i32.const 0xED)) (then (local.set $high (i32.const 0x9F))))
    (if (i32.eq (local.get $first) (i32.const 0xF0)) (then (local.set $low (i32.const 0x90))))
    (if (i32.eq (local.get $first) (i32.const 0xF4)) (then (local.set $high (i32.const 0x8F))))
    (if (i32.eqz (call $between (i32.add (local.get $p) (i32.const 1)) (local.get $low) (local.get $high))) (then (return (i32.const 0))))
    (if (i32.ge_u (local.get $n) (i32.const 3))
      (then (if (i32.eqz (call $between (i32.add (local.get $p) (i32.const 2)) (i32.const 0x80) (i32.const 0xBF))) (then (return (i32.const 0))))))
    (if (i32.eq (local.get $n) (i32.const 4))
      (then (if (i32.eqz (call $between (i32.add (local.get $p) (i32.const 3)) (i32.const 0x80) (i32.const 0xBF))) (then (return (i32.const 0))))))
    (local.get $n))

  ;; Are these bytes in the memory, and UTF-8?
  (func $text (param $p i32) (param $len i32) (result i32)
    (local $n i32)
    (if (i32.eqz (call $inside (local.get $p) (local.get $len))) (then (return (i32.const 0))))
    (loop $next
      (if (i32.eqz (local.get $len)) (then (return (i32.const 1))))
      (local.set $n (i32.const 0))
      (if (i32.ge_u (local.get $len) (i32.const 8))
        (then (if (i64.eqz (i64.and (i64.load align=1 (local.get $p)) (i64.const 0x8080808080808080))) (then (local.set $n (i32.const 8))))))
      (if (i32.eqz (local.get $n)) (then (local.set $n (call $character (local.get $p) (local.get $len)))))
      (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
      (local.set $p (i32.add (local.get $p) (local.get $n)))
      (local.set $len (i32.sub (local.get $len) (local.get $n)))
      (br $next))
    unreachable)

  ;; ---- what the module gets ----

  ;; At most $most bytes to $to, which has room for them; how many came.
  (func $piece (param $of i32) (param $at i32) (param $to i32) (param $most i32) (result i32)
    (local $borrowed i32) (local $kept i64) (local $came i32)
    (global.set $to (local.get $to))
    (global.set $room (local.get $most))
    ;; The memory has at least 64 KiB, since there is something in it; a piece has at most half of that: it leaves one end of the memory free.
    (if (i32.lt_u (local.get $to) (i32.const 8))
      (then (local.set $borrowed (i32.wrap_i64 (i64.sub (call $memory_bytes) (i64.const 8))))))
    (local.set $kept (i64.load align=1 (local.get $borrowed)))
    (call $host_copy (local.get $of) (local.get $at) (local.get $most) (local.get $borrowed))
    (local.set $came (i32.load (i32.add (local.get $borrowed) (i32.const 4))))
    (i64.store align=1 (local.get $borrowed) (local.get $kept))
    (local.get $came))

  ;; $n bytes of a text to $to, which has room for them. A character that does not fit whole is left out, and zeros are in its place.
  (func $copy (param $of i32) (param $to i32) (param $n i32)
    (local $at i32) (local $most i32) (local $came i32)
    (loop $more
      (local.set $most (i32.sub (local.get $n) (local.get $at)))
      (if (i32.gt_u (local.get $most) (i32.const 0x8000)) (then (local.set $most (i32.const 0x8000))))
      (if (local.get $most)
        (then
          (local.set $came (call $piece (local.get $of) (local.get $at) (i32.add (local.get $to) (local.get $at)) (local.get $most)))
          (local.set $at (i32.add (local.get $at) (local.get $came)))
          (br_if $more (local.get $came)))))
    (loop $zeros
      (if (i32.lt_u (local.get $at) (local.get $n))
        (then
          (i32.store8 (i32.add (local.get $to) (local.get $at)) (i32.const 0))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $zeros)))))

  (func $copy_whole (param $of i32) (param $to i32) (param $n i32)
    (if (call $inside (local.get $to) (local.get $n))
      (then (call $copy (local.get $of) (local.get $to) (local.get $n)))
      (else (call $host_ignored))))

  ;; ---- the ABI ----

  (func $blufio.log (export "log") (param $level i32) (param $p i32) (param $len i32)
    (if (call $text (local.get $p) (local.get $len))
      (then (call $host_log (call $at (local.get $p) (local.get $len)) (local.get $len) (local.get $level)))
      (else (call $host_ignored))))

  (func $blufio.get_input_len (export "get_input_len") (result i32) (call $host_input_length))

  (func $blufio.get_input (export "get_input") (param $p i32) (call $copy_whole (i32.const 0) (local.get $p) (call $host_input_length)))

  (func $blufio.set_output (export "set_output") (param $p i32) (param $len i32)
    (if (call $text (local.get $p) (local.get $len))
      (then (call $host_set_output (call $at (local.get $p) (local.get $len)) (local.get $len)))
      (else (call $host_ignored))))

  (func $blufio.http_request (export "http_request") (param $url i32) (param $url_len i32) (param $method i32) (param $body i32) (param $body_len i32) (result i32)
    (call $host_http_request (call $at (local.get $url) (local.get $url_len)) (local.get $url_len) (call $at (local.get $body) (local.get $body_len))
      (local.get $body_len) (local.get $method)))

  (func $blufio.read_file (export "read_file") (param $path i32) (param $path_len i32) (param $buf i32) (param $buf_len i32) (result i32)
    (local $len i32)
    (if (i32.eqz (call $inside (local.get $buf) (local.get $buf_len))) (then (call $out_of_bounds)))
    (local.set $len (call $host_read_file (call $at (local.get $path) (local.get $path_len)) (local.get $path_len)))
    (call $copy (i32.const 1) (local.get $buf)
      (select (local.get $len) (local.get $buf_len) (i32.lt_u (local.get $len) (local.get $buf_len))))
    (local.get $len))

  (func $blufio.write_file (export "write_file") (param $path i32) (param $path_len i32) (param $data i32) (param $data_len i32) (result i32)
    (call $host_write_file (call $at (local.get $path) (local.get $path_len)) (local.get $path_len) (call $at (local.get $data) (local.get $data_len))
      (local.get $data_len)))

  (func $blufio.get_env (export "get_env") (param $key i32) (param $key_len i32) (param $val i32) (param $val_len i32) (result i32)
    (local $len i32)
    (if (i32.eqz (call $text (local.get $key) (local.get $key_len))) (then (return (i32.const -1))))
    (local.set $len (call $host_env (call $at (local.get $key) (local.get $key_len)) (local.get $key_len)))
    (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (i32.const -1))))
    (if (i32.or (i32.gt_u (local.get $len) (local.get $val_len)) (i32.eqz (call $inside (local.get $val) (local.get $len)))) (then (return (i32.const -2))))
    (call $copy (i32.const 2) (local.get $val) (local.get $len))
    (local.get $len))

  ;; Cordon's own: what http_request brought can be read.
  (func $blufio.get_output_len (export "get_output_len") (result i32) (call $host_output_length))

  (func $blufio.get_output (export "get_output") (param $p i32) (call $copy_whole (i32.const 1) (local.get $p) (call $host_output_length))))
