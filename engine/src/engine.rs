// SPDX-License-Identifier: Apache-2.0
//! Engines: creation that can fail, with every WebAssembly proposal off but the ones named.

use std::ffi::{c_char, c_int};

use anyhow::{Context, Result, bail};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails, WasmFeatures};
use wasmtime_c_api::{wasm_engine_t, wasmtime_component_t};

use crate::ffi::{self, ShimBytes, guard};

/// What the engine needs besides what guests may use: the code that Wasmtime makes to pass values between two nested components is a module with the
/// memories of both. A guest's own modules are validated without it.
const ENGINES_OWN: WasmFeatures = WasmFeatures::MULTI_MEMORY;

#[repr(C)]
pub struct ShimEngineSettings {
    /// Names of the features that are on, as `shim_feature_name` gives them.
    features: *const *const c_char,
    n_features: usize,
    /// 0: a compiler only, without a pool.
    sandboxes: u32,
    core_instances: u32,
    memories: u32,
    tables: u32,
    max_memory_bytes: usize,
    max_table_elements: usize,
    max_core_instances_per_component: u32,
    max_memories_per_component: u32,
    max_tables_per_component: u32,
    signals: bool,
}

/// The engine's own 64-bit layout of memory and stack. Part of the compiled code's settings, hence constants.
const WASM_STACK: usize = 1 << 20;
const FIBER_STACK: usize = 2 << 20;
const MEMORY_GUARD: u64 = 32 << 20;
const MEMORY_RESERVATION: u64 = 4 << 30;

/// What a slot keeps resident after a call, so that the next one need not fault it in again: all of a small C guest's memory (128 KiB), which is 12 µs a call
/// instead of 30. In a large pool less, so that all slots together keep no more than `KEEP_MEMORIES`.
const KEEP_MEMORY: usize = 128 << 10;
const KEEP_MEMORIES: usize = 160 << 20;
const KEEP_TABLE: usize = 16 << 10;
const PAGE: usize = 4096;

/// Instance data of one component: CPython's is 401 KB.
const COMPONENT_INSTANCE_BYTES: usize = 2 << 20;
const CORE_INSTANCE_BYTES: usize = 1 << 20;

/// `wasm_engine_t` is `repr(C)` over one field, the engine.
pub fn engine_of(e: &wasm_engine_t) -> &Engine {
    // SAFETY: same layout, see above.
    unsafe { &*(std::ptr::from_ref(e).cast::<Engine>()) }
}

/// `wasmtime_component_t` is `repr(transparent)` over the component.
pub fn component_of(c: &wasmtime_component_t) -> &Component {
    // SAFETY: same layout, see above.
    unsafe { &*(std::ptr::from_ref(c).cast::<Component>()) }
}

fn features(names: &[&str]) -> Result<WasmFeatures> {
    let mut on = WasmFeatures::empty();
    for name in names {
        on |= WasmFeatures::from_name(name).with_context(|| format!("this engine knows no feature {name}"))?;
    }
    Ok(on)
}

/// # Safety
/// `list` points to `n` NUL-terminated strings that outlive the borrow.
unsafe fn names<'a>(list: *const *const c_char, n: usize) -> Result<Vec<&'a str>> {
    // SAFETY: the caller's promise.
    (0..n).map(|i| Ok(unsafe { ffi::text(*list.add(i), "a feature's name")? }.unwrap_or(""))).collect()
}

fn keep_memory(memories: u32) -> usize {
    (KEEP_MEMORIES / memories.max(1) as usize / PAGE * PAGE).clamp(PAGE, KEEP_MEMORY)
}

fn pool(s: &ShimEngineSettings) -> PoolingAllocationConfig {
    let mut p = PoolingAllocationConfig::new();
    p.total_component_instances(s.sandboxes)
        .total_stacks(s.sandboxes)
        .total_core_instances(s.core_instances)
        .total_memories(s.memories)
        .total_tables(s.tables)
        .max_component_instance_size(COMPONENT_INSTANCE_BYTES)
        .max_core_instance_size(CORE_INSTANCE_BYTES)
        .max_core_instances_per_component(s.max_core_instances_per_component)
        .max_memories_per_component(s.max_memories_per_component)
        .max_tables_per_component(s.max_tables_per_component)
        .max_memories_per_module(s.max_memories_per_component)
        .max_tables_per_module(s.max_tables_per_component)
        .max_memory_size(s.max_memory_bytes)
        .table_elements(s.max_table_elements)
        .linear_memory_keep_resident(keep_memory(s.memories))
        .table_keep_resident(KEEP_TABLE)
        .max_unused_warm_slots(100);
    p
}

fn config(s: &ShimEngineSettings, on: WasmFeatures) -> Config {
    let mut c = Config::new();
    c.wasm_features(WasmFeatures::all(), false).wasm_features(on, true);
    c.concurrency_support(false);
    c.consume_fuel(true).epoch_interruption(true);
    c.max_wasm_stack(WASM_STACK).async_stack_size(FIBER_STACK);
    c.memory_reservation(MEMORY_RESERVATION).memory_guard_size(MEMORY_GUARD).memory_may_move(false);
    c.memory_init_cow(true);
    // Neither debuggers' tables nor offsets into the artifact are ever asked for: a tenth of the code that a start has to check.
    c.native_unwind_info(false).generate_address_map(false);
    // Else a variable of the environment decides whether a stranger's debug information is parsed.
    c.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    c.cranelift_nan_canonicalization(false);
    c.signals_based_traps(s.signals);
    c.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(64));
    if s.sandboxes > 0 {
        c.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(s)));
    }
    c
}

/// # Safety
/// `s` and what it points to are readable; `ret` and `err` writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_engine_new(s: &ShimEngineSettings, ret: &mut *mut wasm_engine_t, err: *mut ShimBytes) -> c_int {
    unsafe {
        guard(err, || {
            let on = features(&names(s.features, s.n_features)?)?;
            let engine = Engine::new(&config(s, on | ENGINES_OWN)).map_err(ffi::engine_error)?;
            // SAFETY: `wasm_engine_t` is `repr(C)` over one field, the engine.
            *ret = Box::into_raw(Box::new(engine)).cast();
            Ok(())
        })
    }
}

/// Whether a component is valid with nothing but these features.
fn validate(on: &[&str], bytes: &[u8]) -> Result<()> {
    let mut features = wasmparser::WasmFeatures::empty();
    for name in on {
        features |= wasmparser::WasmFeatures::from_name(name).with_context(|| format!("the validator knows no feature {name}"))?;
    }
    wasmparser::Validator::new_with_features(features).validate_all(bytes)?;
    Ok(())
}

/// # Safety
/// `features` points to `n_features` strings, `bytes` to `len` readable bytes; `ret` and `err` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_component_new(
    e: &wasm_engine_t,
    features: *const *const c_char,
    n_features: usize,
    bytes: *const u8,
    len: usize,
    ret: &mut *mut wasmtime_component_t,
    err: *mut ShimBytes,
) -> c_int {
    unsafe {
        guard(err, || {
            let bytes = ffi::bytes(bytes, len);
            validate(&names(features, n_features)?, bytes)?;
            let component = Component::from_binary(engine_of(e), bytes).map_err(ffi::engine_error)?;
            // SAFETY: `wasmtime_component_t` is `repr(transparent)` over the component.
            *ret = Box::into_raw(Box::new(component)).cast();
            Ok(())
        })
    }
}

/// The n-th feature this engine knows, by its name; NULL data past the last.
#[unsafe(no_mangle)]
pub extern "C" fn shim_feature_name(n: usize) -> ShimBytes {
    match WasmFeatures::all().iter_names().nth(n) {
        Some((name, _)) => name.as_bytes().to_vec().into(),
        None => ShimBytes::null(),
    }
}

/// A text that differs whenever compiled code of the engine could not be loaded into another: version, settings, target and CPU features.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_engine_identity(e: &wasm_engine_t, ret: &mut ShimBytes, err: *mut ShimBytes) -> c_int {
    use std::hash::{Hash, Hasher};
    // A fixed hasher: the default one is keyed anew in every process.
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, b: &[u8]) {
            for &x in b {
                self.0 = (self.0 ^ u64::from(x)).wrapping_mul(0x100_0000_01b3);
            }
        }
    }
    unsafe {
        guard(err, || {
            let mut h = Fnv(0xcbf2_9ce4_8422_2325);
            engine_of(e).precompile_compatibility_hash().hash(&mut h);
            ffi::give(ret, format!("wasmtime {VERSION} {:016x}", h.finish()));
            Ok(())
        })
    }
}

/// The version of Wasmtime that Cargo.toml pins, and a NUL for C.
const VERSION_Z: &str = "48.0.8\0";
const VERSION: &str = VERSION_Z.split_at(VERSION_Z.len() - 1).0;

#[unsafe(no_mangle)]
pub extern "C" fn shim_engine_version() -> *const c_char {
    VERSION_Z.as_ptr().cast()
}

/// What instances of a component take from the pool.
#[repr(C)]
pub struct ShimResources {
    memories: u32,
    tables: u32,
    max_initial_memory_bytes: u64,
    max_initial_table_elements: u64,
}

/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_component_resources(c: &wasmtime_component_t, ret: &mut ShimResources, err: *mut ShimBytes) -> c_int {
    unsafe {
        guard(err, || {
            let Some(r) = component_of(c).resources_required() else {
                bail!("the component imports or nests modules that are known only when it is linked");
            };
            *ret = ShimResources {
                memories: r.num_memories,
                tables: r.num_tables,
                max_initial_memory_bytes: r.max_initial_memory_size.unwrap_or(0).saturating_mul(65536),
                max_initial_table_elements: r.max_initial_table_size.unwrap_or(0),
            };
            Ok(())
        })
    }
}
