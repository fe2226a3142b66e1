// SPDX-License-Identifier: Apache-2.0
//! Wasmtime's C API as one static archive, and beside it the few functions that C cannot do without.
//!
//! The C declarations are in `src/engine/shim.h`, `shim_wit.h`, `shim_toml.h` and `shim_semver.h` beside it. Every function catches panics: none unwinds into C.

#![warn(unsafe_op_in_unsafe_fn)]
#![allow(improper_ctypes_definitions)]

mod engine;
mod ffi;
mod file_streams;
mod files;
mod folders;
mod http;
mod limiter;
mod number;
mod refuse;
mod sandbox;
mod semver;
mod toml;
mod wasi;
mod wit;

pub use wasmtime_c_api;
