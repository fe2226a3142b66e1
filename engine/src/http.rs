// SPDX-License-Identifier: Apache-2.0
//! `wasi:http` goes out through C's gateway, bodies streaming both ways.
//!
//! An exchange is one request and its answer. It is shared by the guest's side (futures and bodies, polled on a worker or on the runtime's thread) and the
//! gateway's thread, which calls the functions below; neither waits for the other. What lies between them is bounded on both sides.

use std::collections::VecDeque;
use std::ffi::{c_int, c_long, c_uint, c_void};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::ffi;
use crate::sandbox::ShimHooks;

/// Bytes of a body that wait for their reader, each way: above the first no more is taken, below the second it goes on.
const FULL: usize = 64 << 10;
const LOW: usize = 32 << 10;
/// As in `enum gateway_flow` directions.
const RECEIVE: c_uint = 1;
const SEND: c_uint = 2;

/// Not NUL-terminated.
#[repr(C)]
pub struct ShimHttpField {
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
}

#[repr(C)]
pub struct ShimHttpRequest {
    method: *const u8,
    method_len: usize,
    url: *const u8,
    url_len: usize,
    fields: *const ShimHttpField,
    n_fields: usize,
    /// A body follows, of `body_len` bytes (negative: not known).
    has_body: bool,
    body_len: i64,
}

/// How an exchange ended: `enum shim_http_end`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "C makes them")]
pub enum ShimHttpEnd {
    Ok,
    Denied,
    BadRequest,
    NoName,
    NoConnection,
    Tls,
    TooLarge,
    Deadline,
    Protocol,
    NoResources,
}

fn error_of(end: ShimHttpEnd) -> Error {
    match end {
        ShimHttpEnd::Ok | ShimHttpEnd::Protocol => Error::HttpProtocolError,
        ShimHttpEnd::Denied => Error::HttpRequestDenied,
        ShimHttpEnd::BadRequest => Error::HttpRequestUriInvalid,
        ShimHttpEnd::NoName => Error::DnsError { rcode: None, info_code: None },
        ShimHttpEnd::NoConnection => Error::DestinationUnavailable,
        ShimHttpEnd::Tls => Error::TlsProtocolError,
        ShimHttpEnd::TooLarge => Error::HttpResponseBodySize(None),
        ShimHttpEnd::Deadline => Error::ConnectionReadTimeout,
        ShimHttpEnd::NoResources => Error::ConnectionLimitReached,
    }
}

#[derive(Default)]
struct State {
    head: Option<http::response::Parts>,
    chunks: VecDeque<Bytes>,
    buffered: usize,
    paused: bool,
    end: Option<ShimHttpEnd>,
    /// Of whoever waits for the head or the next piece of the body.
    reader: Option<Waker>,
    out: VecDeque<Bytes>,
    out_buffered: usize,
    out_end: bool,
    out_failed: bool,
    /// The gateway asked for more and was told to wait.
    out_wanted: bool,
    /// Of whoever waits for room in `out`.
    writer: Option<Waker>,
}

pub struct Exchange(Mutex<State>);

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Result<http::response::Parts, Error>> {
        let mut s = self.lock();
        if let Some(head) = s.head.take() {
            return Poll::Ready(Ok(head));
        }
        if let Some(end) = s.end {
            return Poll::Ready(Err(error_of(end)));
        }
        s.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next piece of the body, and whether the gateway is to go on.
    fn poll_chunk(&self, cx: &mut Context<'_>) -> (Poll<Option<Result<Bytes, Error>>>, bool) {
        let mut s = self.lock();
        if let Some(chunk) = s.chunks.pop_front() {
            s.buffered -= chunk.len();
            let resume = s.paused && s.buffered < LOW;
            s.paused &= !resume;
            return (Poll::Ready(Some(Ok(chunk))), resume);
        }
        let next = match s.end {
            Some(ShimHttpEnd::Ok) => Poll::Ready(None),
            Some(end) => Poll::Ready(Some(Err(error_of(end)))),
            None => {
                s.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        };
        (next, false)
    }

    /// What is written after the end goes nowhere.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut s = self.lock();
        if s.end.is_some() || s.out_buffered < FULL {
            return Poll::Ready(());
        }
        s.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// C's side of an exchange. Dropped, it ends the exchange unless it is over.
struct Handle {
    hooks: ShimHooks,
    raw: *mut c_void,
}
// SAFETY: C's functions for it may be called from any thread.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Handle {
    fn resume(&self, direction: c_uint) {
        (self.hooks.http_resume)(self.raw, direction);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        (self.hooks.http_drop)(self.raw);
    }
}

/// The body of an answer.
struct Incoming {
    exchange: Arc<Exchange>,
    handle: Arc<Handle>,
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let (next, resume) = self.exchange.poll_chunk(cx);
        if resume {
            self.handle.resume(RECEIVE);
        }
        next.map(|piece| piece.map(|result| result.map(Frame::data)))
    }
}

/// Moves what the guest writes into the exchange, as far as there is room. It goes on after the exchange is over: a guest learns of that from the answer, not from a
/// write that fails.
async fn pump(exchange: Arc<Exchange>, handle: Weak<Handle>, mut body: WasiBody) {
    let push = |chunk: Option<Result<Bytes, ()>>| {
        let mut s = exchange.lock();
        match chunk {
            Some(Ok(_)) if s.end.is_some() => {}
            Some(Ok(bytes)) => {
                s.out_buffered += bytes.len();
                s.out.push_back(bytes);
            }
            Some(Err(())) => s.out_failed = true,
            None => s.out_end = true,
        }
        let wanted = std::mem::take(&mut s.out_wanted);
        drop(s);
        if let (true, Some(handle)) = (wanted, handle.upgrade()) {
            handle.resume(SEND);
        }
    };
    loop {
        poll_fn(|cx| exchange.poll_room(cx)).await;
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if !bytes.is_empty() => push(Some(Ok(bytes))),
                _ => {} // trailers are not sent
            },
            Some(Err(_)) => return push(Some(Err(()))),
            None => return push(None),
        }
    }
}

/// Takes a body that is not sent.
async fn discard(mut body: WasiBody) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// What may be read in the place of a body by mistake: these methods have none unless the guest says how long it is.
fn has_body(method: &http::Method, length: Option<u64>, body: &WasiBody) -> bool {
    match length {
        Some(n) => n > 0,
        None => !body.is_end_stream() && !matches!(*method, http::Method::GET | http::Method::HEAD),
    }
}

type Answer = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

/// Hands a guest's request to C. Called inside a poll.
pub fn send(hooks: ShimHooks, request: http::Request<WasiBody>) -> Box<dyn Future<Output = Answer> + Send> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    let has_body = has_body(&parts.method, length, &body);
    // What frames the message is the gateway's to say.
    let ours = [http::header::HOST, http::header::CONTENT_LENGTH];
    let fields: Vec<_> = parts
        .headers
        .iter()
        .filter(|(name, _)| !ours.contains(name))
        .map(|(name, value)| ShimHttpField {
            name: name.as_str().as_ptr(),
            name_len: name.as_str().len(),
            value: value.as_bytes().as_ptr(),
            value_len: value.len(),
        })
        .collect();
    let to_c = ShimHttpRequest {
        method: parts.method.as_str().as_ptr(),
        method_len: parts.method.as_str().len(),
        url: url.as_ptr(),
        url_len: url.len(),
        fields: fields.as_ptr(),
        n_fields: fields.len(),
        has_body,
        body_len: length.map_or(-1, |n| i64::try_from(n).unwrap_or(-1)),
    };
    let exchange = Arc::new(Exchange(Mutex::default()));
    let theirs = Arc::into_raw(exchange.clone());
    let mut end = ShimHttpEnd::NoResources;
    let raw = (hooks.http_send)(hooks.data, &to_c, theirs, &mut end);
    if raw.is_null() {
        // SAFETY: C has not taken it.
        drop(unsafe { Arc::from_raw(theirs) });
        tokio::spawn(discard(body));
        return Box::new(async move { Err(error_of(end)) });
    }
    let handle = Arc::new(Handle { hooks, raw });
    // They end with the guest's side of the body, so with the sandbox at the latest.
    if has_body {
        tokio::spawn(pump(exchange.clone(), Arc::downgrade(&handle), body));
    } else {
        tokio::spawn(discard(body));
    }
    Box::new(async move {
        let head = poll_fn(|cx| exchange.poll_head(cx)).await?;
        let body = Incoming { exchange, handle }.boxed_unsync();
        let rest: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
        Ok((http::Response::from_parts(head, body), rest))
    })
}

/// The status and fields of the answer; what is no valid field is left out.
fn head_of(status: c_uint, fields: &[ShimHttpField]) -> Option<http::response::Parts> {
    let mut response = http::Response::builder().status(u16::try_from(status).ok()?);
    for f in fields {
        // SAFETY: readable while C is in the call.
        let (name, value) = unsafe { (ffi::bytes(f.name, f.name_len), ffi::bytes(f.value, f.value_len)) };
        if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value)) {
            response = response.header(name, value);
        }
    }
    response.body(()).ok().map(|r| r.into_parts().0)
}

fn wake(waker: Option<Waker>) {
    if let Some(w) = waker {
        w.wake();
    }
}

/// # Safety
/// `fields` has `n` fields; the exchange is not done. Likewise below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_exchange_head(ex: &Exchange, status: c_uint, fields: *const ShimHttpField, n: usize) {
    ffi::contain(|| {
        // SAFETY: see above.
        let fields = if n == 0 { &[] } else { unsafe { std::slice::from_raw_parts(fields, n) } };
        let head = head_of(status, fields);
        let mut s = ex.lock();
        if head.is_none() {
            s.end = Some(ShimHttpEnd::Protocol);
        }
        s.head = head;
        let reader = s.reader.take();
        drop(s);
        wake(reader);
    });
}

/// True: enough for now, the gateway is told when to go on.
///
/// # Safety
/// `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_exchange_body(ex: &Exchange, bytes: *const u8, len: usize) -> bool {
    let mut pause = false;
    ffi::contain(|| {
        // SAFETY: see above.
        let chunk = Bytes::copy_from_slice(unsafe { ffi::bytes(bytes, len) });
        let mut s = ex.lock();
        s.buffered += chunk.len();
        s.chunks.push_back(chunk);
        s.paused = s.buffered >= FULL;
        pause = s.paused;
        let reader = s.reader.take();
        drop(s);
        wake(reader);
    });
    pause
}

/// Bytes of the request's body: how many; 0: that was all; -1: later; -2: the guest gave up.
///
/// # Safety
/// `cap` bytes are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_exchange_more(ex: &Exchange, buf: *mut u8, cap: usize) -> c_long {
    let mut result = -2;
    ffi::contain(|| {
        let mut s = ex.lock();
        let mut n = 0;
        while n < cap {
            let Some(mut chunk) = s.out.pop_front() else { break };
            let part = chunk.split_to(chunk.len().min(cap - n));
            // SAFETY: n + part.len() <= cap.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), buf.add(n), part.len()) };
            n += part.len();
            if !chunk.is_empty() {
                s.out.push_front(chunk);
            }
        }
        s.out_buffered -= n;
        result = match n {
            0 if s.out_failed => -2,
            0 if s.out_end => 0,
            0 => {
                s.out_wanted = true;
                -1
            }
            n => n as c_long,
        };
        let writer = s.writer.take();
        drop(s);
        wake(writer);
    });
    result
}

/// It is over: takes C's reference.
///
/// # Safety
/// `ex` came from `http_send`, and this is the last call with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_exchange_done(ex: *const Exchange, end: ShimHttpEnd) {
    ffi::contain(|| {
        // SAFETY: see above.
        let ex = unsafe { Arc::from_raw(ex) };
        let mut s = ex.lock();
        s.end.get_or_insert(end);
        let (reader, writer) = (s.reader.take(), s.writer.take());
        drop(s);
        wake(reader);
        wake(writer);
    });
}

/// The hooks of C that an exchange needs; see `ShimHooks`.
pub type HttpSend = extern "C" fn(*mut c_void, *const ShimHttpRequest, *const Exchange, *mut ShimHttpEnd) -> *mut c_void;
pub type HttpResume = extern "C" fn(*mut c_void, c_uint);
pub type HttpDrop = extern "C" fn(*mut c_void);
const _: () = assert!(size_of::<ShimHttpEnd>() == size_of::<c_int>());
