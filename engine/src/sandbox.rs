// SPDX-License-Identifier: Apache-2.0
//! One call: a store, an instance, the future that instantiates and calls, polled with a waker of C's.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use wasmtime::component::{ComponentNamedList, Func, InstancePre, Lift, Lower, Val};
use wasmtime::{Error, Result, Store, Trap, UpdateDeadline, format_err};
use wasmtime_c_api::{
    WasmtimeStoreData, wasm_engine_t, wasmtime_component_export_index_t, wasmtime_component_linker_t, wasmtime_component_t,
    wasmtime_component_val_t, wasmtime_error_t, wasmtime_store_new, wasmtime_store_t,
};

use crate::engine::component_of;
use crate::ffi::{self, ShimBytes, guard};
use crate::http::{HttpDrop, HttpResume, HttpSend};
use crate::limiter::{Limiter, Refused};
use crate::wasi::{Runtime, WasiSettings, WasiState};

/// What the sandbox tells C. Called on the guest's fiber stack: they copy and return.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ShimHooks {
    pub data: *mut c_void,
    /// At each epoch tick: 0 go on, 1 yield, 2 end the guest here.
    pub tick: extern "C" fn(*mut c_void) -> c_int,
    /// The guest wrote to stdout (1) or stderr (2). Not 0: end the guest here.
    pub wrote: extern "C" fn(*mut c_void, c_int, *const u8, usize) -> c_int,
    /// WASI refused something: capability, what was wanted, and 1 if Cordon does not offer it at all.
    pub denied: extern "C" fn(*mut c_void, *const u8, usize, *const u8, usize, c_int),
    /// A host call carried so many bytes. Not 0: end the guest here.
    pub carried: extern "C" fn(*mut c_void, u64) -> c_int,
    /// How many bytes host calls may still carry.
    pub carry_room: extern "C" fn(*mut c_void) -> u64,
    /// An HTTP request of the guest: C's handle of the exchange, or NULL and why it is refused.
    pub http_send: HttpSend,
    /// The exchange goes on receiving (1) or sending (2). Any thread, as the next.
    pub http_resume: HttpResume,
    /// The exchange is not wanted any more; the handle is given up.
    pub http_drop: HttpDrop,
}
// SAFETY: C's side of the contract: the data may be used from whichever thread polls.
unsafe impl Send for ShimHooks {}
unsafe impl Sync for ShimHooks {}

/// The first member of what a waker points to; C embeds it in its task.
#[repr(C)]
pub struct ShimWakeTarget {
    hold: extern "C" fn(*const ShimWakeTarget),
    release: extern "C" fn(*const ShimWakeTarget),
    wake: extern "C" fn(*const ShimWakeTarget),
}

static WAKER: RawWakerVTable = RawWakerVTable::new(
    |p| unsafe {
        let t = p.cast::<ShimWakeTarget>();
        ((*t).hold)(t);
        RawWaker::new(p, &WAKER)
    },
    |p| unsafe {
        let t = p.cast::<ShimWakeTarget>();
        ((*t).wake)(t);
        ((*t).release)(t);
    },
    |p| unsafe {
        let t = p.cast::<ShimWakeTarget>();
        ((*t).wake)(t);
    },
    |p| unsafe {
        let t = p.cast::<ShimWakeTarget>();
        ((*t).release)(t);
    },
);

#[repr(C)]
pub struct ShimSandboxOpts {
    hooks: ShimHooks,
    fuel: u64,
    memory_bytes: usize,
    table_elements: usize,
    /// Bytes one host call or one answer may carry from the guest.
    hostcall_bytes: usize,
    max_handles: usize,
    max_instances: usize,
    max_memories: usize,
    max_tables: usize,
    wasi: WasiSettings,
}

/// What the host functions find while a guest runs. Heap-pinned; used only by the thread that polls.
pub struct Inner {
    pub hooks: ShimHooks,
    pub limiter: Limiter,
    pub wasi_settings: WasiSettings,
    pub wasi: Option<Box<WasiState>>,
}

thread_local! {
    /// The sandbox that this thread is polling. Linker closures of WASI are plain functions, so this is how they find it.
    static CURRENT: Cell<*mut Inner> = const { Cell::new(ptr::null_mut()) };
}

/// The sandbox being polled on this thread. A pointer, so that its fields can be borrowed one by one.
///
/// # Panics
/// Outside of a poll.
pub fn current() -> *mut Inner {
    let p = CURRENT.get();
    assert!(!p.is_null(), "a host function outside of a poll");
    p
}

struct Entered(*mut Inner);
impl Entered {
    fn new(p: *mut Inner) -> Self {
        Entered(CURRENT.replace(p))
    }
}
impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

type Pre = InstancePre<WasmtimeStoreData>;
/// Crosses threads between polls, never during one: the scheduler's promise.
type Work = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Fields drop in this order: the future borrows the store, the store's limiter borrows `inner`.
pub struct Sandbox {
    work: Option<Work>,
    error: Option<Error>,
    store: Box<wasmtime_store_t>,
    inner: Box<Inner>,
}

/// `wasmtime_store_t` is `repr(C)` over one field, the store.
fn store_of(s: &mut wasmtime_store_t) -> &mut Store<WasmtimeStoreData> {
    // SAFETY: same layout, see above.
    unsafe { &mut *(ptr::from_mut(s).cast::<Store<WasmtimeStoreData>>()) }
}

/// # Safety
/// The linker and component are of the same engine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_pre_new(
    linker: &wasmtime_component_linker_t,
    component: &wasmtime_component_t,
    ret: &mut *mut Pre,
    err: *mut ShimBytes,
) -> c_int {
    unsafe {
        guard(err, || {
            // SAFETY: `wasmtime_component_linker_t` is `repr(transparent)` over the linker.
            let linker = &*ptr::from_ref(linker).cast::<wasmtime::component::Linker<WasmtimeStoreData>>();
            let pre = linker.instantiate_pre(component_of(component)).map_err(ffi::engine_error)?;
            *ret = Box::into_raw(Box::new(pre));
            Ok(())
        })
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_pre_delete(pre: Option<Box<Pre>>) {
    drop(pre);
}

/// # Safety
/// `opts` is readable, its hooks outlive the sandbox, and so do the strings of its WASI settings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_sandbox_new(
    engine: &wasm_engine_t,
    opts: &ShimSandboxOpts,
    ret: &mut *mut Sandbox,
    err: *mut ShimBytes,
) -> c_int {
    unsafe {
        guard(err, || {
            let mut inner = Box::new(Inner {
                hooks: opts.hooks,
                limiter: Limiter::new(
                    opts.memory_bytes,
                    opts.table_elements,
                    [opts.max_instances, opts.max_memories, opts.max_tables],
                ),
                wasi_settings: opts.wasi,
                wasi: None,
            });
            let mut store = wasmtime_store_new(engine, opts.hooks.data, None);
            let s = store_of(&mut store);
            let limiter = LimiterPtr(ptr::from_mut(&mut inner.limiter));
            s.limiter(move |_| limiter.get());
            s.set_fuel(opts.fuel).map_err(ffi::engine_error)?;
            s.set_hostcall_fuel(opts.hostcall_bytes);
            s.set_max_component_handles(opts.max_handles);
            s.set_epoch_deadline(1);
            let hooks = opts.hooks;
            s.epoch_deadline_callback(move |_| {
                let hooks = &hooks;
                match (hooks.tick)(hooks.data) {
                    0 => Ok(UpdateDeadline::Continue(1)),
                    1 => Ok(UpdateDeadline::Yield(1)),
                    _ => Err(format_err!("stopped by the host")),
                }
            });
            *ret = Box::into_raw(Box::new(Sandbox { work: None, error: None, store, inner }));
            Ok(())
        })
    }
}

/// Points into `Inner`, which outlives the store.
struct LimiterPtr(*mut Limiter);
// SAFETY: used only by the thread that runs the store.
unsafe impl Send for LimiterPtr {}
unsafe impl Sync for LimiterPtr {}
impl LimiterPtr {
    fn get<'a>(&self) -> &'a mut Limiter {
        // SAFETY: see the type.
        unsafe { &mut *self.0 }
    }
}

/// Shapes of exports that are called without dynamic values: a string or byte list in, one out.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "C makes them")]
pub enum ShimShape {
    Dynamic,
    StringToString,
    StringToBytes,
    StringToResult,
    StringToBytesResult,
    BytesToString,
    BytesToBytes,
    BytesToResult,
    BytesToBytesResult,
}

#[repr(C)]
pub struct ShimInvocation {
    pre: *const Pre,
    export: *const wasmtime_component_export_index_t,
    shape: ShimShape,
    /// Dynamic: borrowed until the future is gone; results are written when it is done.
    args: *const wasmtime_component_val_t,
    n_args: usize,
    results: *mut wasmtime_component_val_t,
    n_results: usize,
    /// Other shapes: the input, borrowed likewise; a string is UTF-8 (checked by C).
    input: *const u8,
    input_len: usize,
    answer: *mut ShimAnswer,
}

#[repr(C)]
pub struct ShimAnswer {
    is_err: bool,
    bytes: ShimBytes,
}

async fn typed<P, R>(func: Func, store: &mut Store<WasmtimeStoreData>, params: P) -> Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    func.typed::<P, R>(&mut *store)?.call_async(store, params).await
}

async fn dynamic(func: Func, store: &mut Store<WasmtimeStoreData>, inv: &ShimInvocation) -> Result<()> {
    // SAFETY: the invocation's contract.
    let (args, results) = unsafe {
        (slice(inv.args, inv.n_args), std::slice::from_raw_parts_mut(dangling(inv.results), inv.n_results))
    };
    let args: Vec<Val> = args.iter().map(Val::from).collect();
    let mut vals = vec![Val::Bool(false); results.len()];
    func.call_async(store, &args, &mut vals).await?;
    for (slot, val) in results.iter_mut().zip(&vals) {
        // The slot holds a plain bool by contract, so nothing is dropped by the assignment.
        *slot = wasmtime_component_val_t::from(val);
    }
    Ok(())
}

fn dangling<T>(p: *mut T) -> *mut T {
    if p.is_null() { ptr::NonNull::dangling().as_ptr() } else { p }
}

unsafe fn slice<'a, T>(p: *const T, n: usize) -> &'a [T] {
    if p.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(p, n) } }
}

fn plain(bytes: impl Into<Vec<u8>>) -> ShimAnswer {
    ShimAnswer { is_err: false, bytes: bytes.into().into() }
}

fn result(r: std::result::Result<impl Into<Vec<u8>>, String>) -> ShimAnswer {
    match r {
        Ok(v) => plain(v),
        Err(e) => ShimAnswer { is_err: true, bytes: e.into_bytes().into() },
    }
}

async fn run(store: *mut Store<WasmtimeStoreData>, inv: ShimInvocation) -> Result<()> {
    // SAFETY: the store outlives the future (field order of Sandbox) and nobody else uses it meanwhile.
    let store = unsafe { &mut *store };
    // SAFETY: the skill keeps `pre` and `export` alive; `wasmtime_component_export_index_t` is `repr(transparent)`.
    let (pre, export) = unsafe { (&*inv.pre, &*inv.export.cast::<wasmtime::component::ComponentExportIndex>()) };
    let instance = pre.instantiate_async(&mut *store).await?;
    let func = instance.get_func(&mut *store, export).ok_or_else(|| format_err!("the export is no function"))?;
    // SAFETY: borrowed until the future is gone.
    let input: &'static [u8] = unsafe { slice(inv.input, inv.input_len) };
    let text = || std::str::from_utf8(input).map_err(|_| format_err!("the input is not UTF-8"));
    let answer = match inv.shape {
        ShimShape::Dynamic => return dynamic(func, store, &inv).await,
        ShimShape::StringToString => plain(typed::<_, (String,)>(func, store, (text()?,)).await?.0),
        ShimShape::StringToBytes => plain(typed::<_, (Vec<u8>,)>(func, store, (text()?,)).await?.0),
        ShimShape::StringToResult => {
            result(typed::<_, (std::result::Result<String, String>,)>(func, store, (text()?,)).await?.0)
        }
        ShimShape::StringToBytesResult => {
            result(typed::<_, (std::result::Result<Vec<u8>, String>,)>(func, store, (text()?,)).await?.0)
        }
        ShimShape::BytesToString => plain(typed::<_, (String,)>(func, store, (input,)).await?.0),
        ShimShape::BytesToBytes => plain(typed::<_, (Vec<u8>,)>(func, store, (input,)).await?.0),
        ShimShape::BytesToResult => {
            result(typed::<_, (std::result::Result<String, String>,)>(func, store, (input,)).await?.0)
        }
        ShimShape::BytesToBytesResult => {
            result(typed::<_, (std::result::Result<Vec<u8>, String>,)>(func, store, (input,)).await?.0)
        }
    };
    // SAFETY: the answer's slot lives until the future is gone.
    unsafe { inv.answer.write(answer) };
    Ok(())
}

/// # Safety
/// See `ShimInvocation`. Once per sandbox.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_sandbox_start(sb: &mut Sandbox, inv: ShimInvocation) {
    let store = ptr::from_mut(store_of(&mut sb.store));
    sb.work = Some(Box::pin(run(store, inv)));
}

/// 1: done (see `shim_sandbox_error`); 0: pending, `target` will be woken; -2: a panic below, text in `err`; the future is gone then.
///
/// # Safety
/// `target` is held for each clone of the waker; `runtime` is NULL or alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_sandbox_poll(
    sb: &mut Sandbox,
    target: *const ShimWakeTarget,
    runtime: Option<&Runtime>,
    err: *mut ShimBytes,
) -> c_int {
    let mut done = 1;
    let code = unsafe {
        guard(err, || {
            let Some(work) = sb.work.as_mut() else { return Ok(()) };
            // The waker made here is only borrowed by the poll: the task outlives it, so it is not counted.
            let waker = std::mem::ManuallyDrop::new(Waker::from_raw(RawWaker::new(target.cast(), &WAKER)));
            let _entered = Entered::new(ptr::from_mut(&mut *sb.inner));
            let _runtime = runtime.map(Runtime::enter);
            match work.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => done = 0,
                Poll::Ready(r) => {
                    sb.error = r.err();
                    sb.work = None;
                }
            }
            Ok(())
        })
    };
    if code == 0 {
        return done;
    }
    sb.drop_work();
    code
}

impl Sandbox {
    fn drop_work(&mut self) {
        let _entered = Entered::new(ptr::from_mut(&mut *self.inner));
        // A panic while unwinding a guest's stack leaves the future half dropped; there is nothing better to do with it than to forget it.
        let work = self.work.take();
        ffi::contain(|| drop(work));
    }
}

/// Ends a suspended call: the future and all it waits for are dropped.
#[unsafe(no_mangle)]
pub extern "C" fn shim_sandbox_drop_work(sb: &mut Sandbox, runtime: Option<&Runtime>) {
    let _runtime = runtime.map(Runtime::enter);
    sb.drop_work();
}

/// The error that ended the call, handed over; NULL if it ended well.
#[unsafe(no_mangle)]
pub extern "C" fn shim_sandbox_error(sb: &mut Sandbox) -> Option<Box<wasmtime_error_t>> {
    sb.error.take().map(|e| Box::new(wasmtime_error_t::from(e)))
}

#[repr(C)]
pub struct ShimUsage {
    fuel_left: u64,
    memory_peak_bytes: usize,
    refused: Refused,
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_sandbox_usage(sb: &mut Sandbox) -> ShimUsage {
    ShimUsage {
        fuel_left: store_of(&mut sb.store).get_fuel().unwrap_or(0),
        memory_peak_bytes: sb.inner.limiter.peak_bytes,
        refused: sb.inner.limiter.refused,
    }
}

/// Counts host memory kept for the call that this thread is polling into its sum. False: over the limit (nothing is counted).
#[unsafe(no_mangle)]
pub extern "C" fn shim_charge(bytes: usize) -> bool {
    let p = CURRENT.get();
    // SAFETY: set by the poll that called the host function, which called this.
    p.is_null() || unsafe { &mut (*p).limiter }.charge(bytes, 0)
}

/// Takes back what `shim_charge` has counted.
#[unsafe(no_mangle)]
pub extern "C" fn shim_give_back(bytes: usize) {
    let p = CURRENT.get();
    if !p.is_null() {
        // SAFETY: as in `shim_charge`.
        unsafe { &mut (*p).limiter }.give_back(bytes, 0);
    }
}

/// How much `shim_charge` would still count.
#[unsafe(no_mangle)]
pub extern "C" fn shim_room() -> usize {
    let p = CURRENT.get();
    // SAFETY: as in `shim_charge`.
    if p.is_null() { 0 } else { unsafe { &(*p).limiter }.room() }
}

/// What `shim_sandbox_error` would say, in a form C can branch on.
#[repr(C)]
pub struct ShimEnding {
    failed: bool,
    /// `wasmtime_trap_code_t`, or -1.
    trap_code: c_int,
    /// What a command handed to `wasi:cli/exit`, or -1.
    exit_status: c_int,
    /// More was carried between guest and host than the settings allow.
    carried_too_much: bool,
    /// The innermost cause; owned by the caller.
    message: ShimBytes,
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_sandbox_ending(sb: &Sandbox) -> ShimEnding {
    let Some(e) = &sb.error else {
        return ShimEnding { failed: false, trap_code: -1, exit_status: -1, carried_too_much: false, message: ShimBytes::null() };
    };
    let message = e.root_cause().to_string();
    ShimEnding {
        failed: true,
        trap_code: e.downcast_ref::<Trap>().map_or(-1, |t| *t as c_int),
        exit_status: e.downcast_ref::<wasmtime_wasi::I32Exit>().map_or(-1, |x| x.0),
        // The type is private to Wasmtime; its text is all there is to know it by.
        carried_too_much: message.contains("fuel allocated for hostcalls has been exhausted"),
        message: message.into_bytes().into(),
    }
}

/// Frees store, instance and all; NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn shim_sandbox_delete(sb: Option<Box<Sandbox>>, runtime: Option<&Runtime>) {
    let Some(mut sb) = sb else { return };
    let _runtime = runtime.map(Runtime::enter);
    sb.drop_work();
    ffi::contain(|| drop(sb));
}
