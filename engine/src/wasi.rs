// SPDX-License-Identifier: Apache-2.0
//! WASI 0.2 for every component: clocks in steps, random, captured output, the environment that was granted, and a refusal that is seen for everything else.
//!
//! No call here touches the machine's files or network; files of granted folders are in files.rs.

use std::ffi::c_int;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_c_api::{WasmtimeStoreData, wasmtime_component_linker_t};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliCtxView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView};
use wasmtime_wasi::p2::bindings::{self, cli, clocks, random, sockets};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks};

use crate::ffi::{self, ShimBytes, guard};
use crate::folders::{Folders, ShimFiles};
use crate::sandbox::{ShimHooks, current};

/// Resources (streams, pollables, http messages) one call may hold on the host's side. Together with the three below it bounds what they keep there.
const MAX_RESOURCES: usize = 1024;
/// Bytes of one request for random data.
const MAX_RANDOM: u64 = 1 << 20;
/// Bytes a guest may write to stdout or stderr before it must ask again.
const WRITE_PERMIT: usize = 64 << 10;
/// Bytes of http header fields of one message; of its method, path and authority each; of a body that nobody has taken yet.
const MAX_HTTP_FIELDS: usize = 16 << 10;
const MAX_HTTP_TEXT: usize = 16 << 10;
const MAX_HTTP_CHUNK: usize = 16 << 10;
/// As the bindings of wasmtime-wasi-http name it.
const HTTP_TYPES: &str = "wasi:http/types@0.2.12";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct WasiSettings {
    /// Clocks move in steps of this.
    clock_step_ns: u64,
    stdin: *const u8,
    stdin_len: usize,
    /// argv with the name first; NUL-terminated UTF-8.
    args: *const *const std::ffi::c_char,
    n_args: usize,
    /// What the guest's environment has: name, value, name, ...; likewise.
    env: *const *const std::ffi::c_char,
    n_env: usize,
    /// NULL: no folder was granted.
    files: *const ShimFiles,
}
// SAFETY: C keeps the strings alive as long as the sandbox.
unsafe impl Send for WasiSettings {}
unsafe impl Sync for WasiSettings {}

/// Made when a guest first calls something of WASI.
pub struct WasiState {
    ctx: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    http_hooks: Hooks,
    folders: Option<Arc<Folders>>,
}

struct Steps {
    ns: u64,
    start: Instant,
}

impl Steps {
    fn floor(&self, t: Duration) -> Duration {
        let ns = t.as_nanos() / u128::from(self.ns) * u128::from(self.ns);
        Duration::new((ns / 1_000_000_000) as u64, (ns % 1_000_000_000) as u32)
    }
}

impl HostWallClock for Steps {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(self.ns)
    }
    fn now(&self) -> Duration {
        self.floor(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }
}

impl HostMonotonicClock for Steps {
    fn resolution(&self) -> u64 {
        self.ns
    }
    /// From one step on: a runtime may take zero for a clock that does not work (Go does, and ends).
    fn now(&self) -> u64 {
        self.ns + self.floor(self.start.elapsed()).as_nanos() as u64
    }
}

/// stdout (1) or stderr (2), handed to C as it is written.
#[derive(Clone)]
struct Capture {
    hooks: ShimHooks,
    stream: c_int,
}

impl Capture {
    fn put(&self, b: &[u8]) -> bool {
        (self.hooks.wrote)(self.hooks.data, self.stream, b.as_ptr(), b.len()) == 0
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl tokio::io::AsyncWrite for Capture {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        b: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(if self.put(b) { Ok(b.len()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) })
    }
    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if self.put(&bytes) { Ok(()) } else { Err(StreamError::trap("stopped by the host")) }
    }
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

impl WasiState {
    fn new(s: &WasiSettings, hooks: ShimHooks) -> Self {
        // SAFETY: alive as long as the sandbox.
        let stdin = unsafe { ffi::bytes(s.stdin, s.stdin_len) };
        let mut b = WasiCtxBuilder::new();
        b.stdin(MemoryInputPipe::new(bytes::Bytes::copy_from_slice(stdin)))
            .stdout(Capture { hooks, stream: 1 })
            .stderr(Capture { hooks, stream: 2 })
            .max_random_size(MAX_RANDOM)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .wall_clock(Steps { ns: s.clock_step_ns.max(1), start: Instant::now() })
            .monotonic_clock(Steps { ns: s.clock_step_ns.max(1), start: Instant::now() });
        for i in 0..s.n_args {
            // SAFETY: `n_args` pointers, alive as long as the sandbox.
            if let Ok(Some(arg)) = unsafe { ffi::text(*s.args.add(i), "an argument") } {
                b.arg(arg);
            }
        }
        for i in 0..s.n_env {
            // SAFETY: `n_env` pairs of pointers, alive as long as the sandbox.
            let pair = unsafe { (ffi::text(*s.env.add(2 * i), "a name"), ffi::text(*s.env.add(2 * i + 1), "a value")) };
            if let (Ok(Some(name)), Ok(Some(value))) = pair {
                b.env(name, value);
            }
        }
        // SAFETY: C keeps it as long as the sandbox, and what is held of it longer.
        let folders = unsafe { Folders::new(s.files) };
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_HTTP_FIELDS);
        WasiState { ctx: b.build(), table, http, http_hooks: Hooks(hooks), folders }
    }
}

/// The WASI state of the sandbox being polled on this thread, made on first use.
fn state<'a>() -> &'a mut WasiState {
    let inner = current();
    // SAFETY: a linker's getter runs inside a poll, which keeps the sandbox; the one borrow of this field ends with the host function.
    unsafe {
        let (settings, hooks) = (&(*inner).wasi_settings, (*inner).hooks);
        (*inner).wasi.get_or_insert_with(|| Box::new(WasiState::new(settings, hooks)))
    }
}

type T = WasmtimeStoreData;

fn io(_: &mut T) -> &mut ResourceTable {
    &mut state().table
}
fn cli_view(_: &mut T) -> WasiCliCtxView<'_> {
    let s = state();
    WasiCliCtxView { ctx: s.ctx.cli(), table: &mut s.table }
}
fn clocks_view(_: &mut T) -> WasiClocksCtxView<'_> {
    let s = state();
    WasiClocksCtxView { ctx: s.ctx.clocks(), table: &mut s.table }
}
fn random_view(_: &mut T) -> &mut wasmtime_wasi::random::WasiRandomCtx {
    state().ctx.random()
}
fn sockets_view(_: &mut T) -> WasiSocketsCtxView<'_> {
    let s = state();
    WasiSocketsCtxView { ctx: s.ctx.sockets(), table: &mut s.table }
}
fn http_view(_: &mut T) -> WasiHttpCtxView<'_> {
    let s = state();
    WasiHttpCtxView { hooks: &mut s.http_hooks, table: &mut s.table, ctx: &mut s.http }
}
fn refuse(_: &mut T) -> Refuse<'_> {
    // SAFETY: as in `state`.
    let hooks = unsafe { (*current()).hooks };
    let s = state();
    Refuse { table: &mut s.table, folders: &s.folders, hooks }
}

struct HasTable;
impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// What is decided here: granted folders, and what is refused and seen to be.
pub struct Refuse<'a> {
    pub table: &'a mut ResourceTable,
    pub folders: &'a Option<Arc<Folders>>,
    pub hooks: ShimHooks,
}
pub struct HasRefuse;
impl HasData for HasRefuse {
    type Data<'a> = Refuse<'a>;
}

impl Refuse<'_> {
    /// Tells the host that `capability` was wanted for `what`; `offered` is false where no grant could change it.
    pub fn deny(&self, capability: &str, what: &str, offered: bool) {
        deny(&self.hooks, capability, what, offered);
    }
}

fn deny(hooks: &ShimHooks, capability: &str, what: &str, offered: bool) {
    let what = ffi::cut(what, 512);
    (hooks.denied)(hooks.data, capability.as_ptr(), capability.len(), what.as_ptr(), what.len(), c_int::from(!offered));
}

struct Hooks(ShimHooks);
type HttpAnswer = Result<
    (http::Response<wasmtime_wasi_http::WasiBody>, Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>),
    wasmtime_wasi_http::Error,
>;
impl WasiHttpHooks for Hooks {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        MAX_HTTP_CHUNK
    }
    fn send_request(
        &mut self,
        request: http::Request<wasmtime_wasi_http::WasiBody>,
        _: Option<wasmtime_wasi_http::RequestOptions>,
        _: Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>,
    ) -> Box<dyn Future<Output = HttpAnswer> + Send> {
        crate::http::send(self.0, request)
    }
}

fn add_all(l: &mut Linker<T>) -> wasmtime::Result<()> {
    use wasmtime_wasi_io::bindings::wasi::io as wio;
    wio::error::add_to_linker::<T, HasTable>(l, io)?;
    wio::poll::add_to_linker::<T, HasTable>(l, io)?;
    wio::streams::add_to_linker::<T, HasTable>(l, io)?;
    clocks::wall_clock::add_to_linker::<T, WasiClocks>(l, clocks_view)?;
    clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(l, clocks_view)?;
    random::random::add_to_linker::<T, WasiRandom>(l, random_view)?;
    random::insecure::add_to_linker::<T, WasiRandom>(l, random_view)?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(l, random_view)?;
    cli::exit::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::environment::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::stdin::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::stdout::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::stderr::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(l, cli_view)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(l, cli_view)?;
    sockets::instance_network::add_to_linker::<T, WasiSockets>(l, sockets_view)?;
    sockets::network::add_to_linker::<T, WasiSockets>(l, &sockets::network::LinkOptions::default(), sockets_view)?;
    sockets::tcp::add_to_linker::<T, WasiSockets>(l, sockets_view)?;
    sockets::udp::add_to_linker::<T, WasiSockets>(l, sockets_view)?;
    sockets::tcp_create_socket::add_to_linker::<T, HasRefuse>(l, refuse)?;
    sockets::udp_create_socket::add_to_linker::<T, HasRefuse>(l, refuse)?;
    sockets::ip_name_lookup::add_to_linker::<T, HasRefuse>(l, refuse)?;
    bindings::filesystem::preopens::add_to_linker::<T, HasRefuse>(l, refuse)?;
    bindings::filesystem::types::add_to_linker::<T, HasRefuse>(l, refuse)?;
    let http = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
    wasmtime_wasi_http::p2::bindings::http::outgoing_handler::add_to_linker::<T, WasiHttp>(l, http_view)?;
    wasmtime_wasi_http::p2::bindings::http::types::add_to_linker::<T, WasiHttp>(l, &(&http).into(), http_view)?;
    bound_http(l)
}

/// Wasmtime keeps these texts at any length, out of the limiter's sight: longer ones are no valid request here.
fn bound_http(l: &mut Linker<T>) -> wasmtime::Result<()> {
    use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method, OutgoingRequest};
    type Request = Resource<OutgoingRequest>;
    type Text = Option<String>;
    let fits = |s: &Text| s.as_ref().is_none_or(|s| s.len() <= MAX_HTTP_TEXT);
    l.allow_shadowing(true);
    let mut types = l.instance(HTTP_TYPES)?;
    types.func_wrap("[method]outgoing-request.set-method", |mut s, (request, method): (Request, Method)| {
        let fits = !matches!(&method, Method::Other(m) if m.len() > MAX_HTTP_TEXT);
        Ok((if fits { http_view(s.data_mut()).set_method(request, method)? } else { Err(()) },))
    })?;
    types.func_wrap("[method]outgoing-request.set-path-with-query", move |mut s, (request, path): (Request, Text)| {
        Ok((if fits(&path) { http_view(s.data_mut()).set_path_with_query(request, path)? } else { Err(()) },))
    })?;
    types.func_wrap("[method]outgoing-request.set-authority", move |mut s, (request, authority): (Request, Text)| {
        Ok((if fits(&authority) { http_view(s.data_mut()).set_authority(request, authority)? } else { Err(()) },))
    })?;
    l.allow_shadowing(false);
    Ok(())
}

/// Defines every interface of WASI 0.2 and wasi:http in the linker.
///
/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_linker_add_wasi(linker: &mut wasmtime_component_linker_t, err: *mut ShimBytes) -> c_int {
    unsafe {
        guard(err, || {
            // SAFETY: `wasmtime_component_linker_t` is `repr(transparent)` over the linker.
            let l = &mut *std::ptr::from_mut(linker).cast::<Linker<T>>();
            add_all(l).map_err(ffi::engine_error)
        })
    }
}

/// The tokio runtime that WASI's timers and http need. One thread.
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.0.enter()
    }
}

/// # Safety
/// `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_runtime_new(ret: &mut *mut Runtime, err: *mut ShimBytes) -> c_int {
    unsafe {
        guard(err, || {
            let rt = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(8)
                .thread_name("cordon-wasi")
                .enable_time()
                .build()?;
            *ret = Box::into_raw(Box::new(Runtime(rt)));
            Ok(())
        })
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_runtime_delete(rt: Option<Box<Runtime>>) {
    if let Some(rt) = rt {
        rt.0.shutdown_timeout(Duration::from_secs(1));
    }
}
