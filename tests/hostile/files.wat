;; SPDX-License-Identifier: Apache-2.0
;; A command that tries to get at files: above its root, by absolute paths, through names that are out for the terminal. Says what it got: a line "E" for
;; each attempt that was refused, "!" for one that was not.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "etc/passwd")                 ;; 10
  (data (i32.const 288) "../../../../../etc/passwd")  ;; 25
  (data (i32.const 320) "/etc/passwd")                ;; 11
  (data (i32.const 352) "proc/self/mem")              ;; 13
  (data (i32.const 384) "a\1b[2J\e2\80\ae\c2\9bb\r\n")      ;; 13
  (data (i32.const 416) "\ff\fe")                     ;; 2: not UTF-8
  (data (i32.const 32) "E\n!\n")
  (func $say (param $errno i32)
    (i32.store (i32.const 0) (select (i32.const 32) (i32.const 34) (local.get $errno)))
    (i32.store (i32.const 4) (i32.const 2))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $try (param $path i32) (param $len i32)
    ;; to read, to create, to truncate
    (call $say (call $open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (call $say (call $open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 16)))
    (call $say (call $unlink (i32.const 3) (local.get $path) (local.get $len)))
    (call $say (call $mkdir (i32.const 3) (local.get $path) (local.get $len)))
    (call $say (call $rename (i32.const 3) (local.get $path) (local.get $len) (i32.const 3) (i32.const 256) (i32.const 10)))
    (call $say (call $symlink (i32.const 256) (i32.const 10) (i32.const 3) (local.get $path) (local.get $len))))
  (func (export "_start")
    (call $try (i32.const 256) (i32.const 10))
    (call $try (i32.const 288) (i32.const 25))
    (call $try (i32.const 320) (i32.const 11))
    (call $try (i32.const 352) (i32.const 13))
    (call $try (i32.const 384) (i32.const 13))
    (call $say (call $shutdown (i32.const 3) (i32.const 0)))
    ;; how many variables there are: a line break for none
    (drop (call $environ (i32.const 48) (i32.const 52)))
    (call $say (i32.eqz (i32.load (i32.const 48))))))
