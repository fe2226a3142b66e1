// SPDX-License-Identifier: Apache-2.0
//! What every function of the shim shares: bytes handed to C, errors as one line of text, and the wall that no panic passes.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use anyhow::{Context, Result};

/// An error text longer than this is cut.
const ERROR_MAX: usize = 4096;

/// Bytes owned by C, given back by `shim_bytes_free`. `data[len]` is a NUL that `len` does not count, so that texts can be printed as they are.
#[repr(C)]
pub struct ShimBytes {
    data: *mut u8,
    len: usize,
}

impl From<Vec<u8>> for ShimBytes {
    fn from(mut v: Vec<u8>) -> Self {
        let len = v.len();
        v.push(0);
        ShimBytes { data: Box::into_raw(v.into_boxed_slice()) as *mut u8, len }
    }
}

impl ShimBytes {
    /// No bytes at all: `data` is NULL.
    pub const fn null() -> Self {
        ShimBytes { data: std::ptr::null_mut(), len: 0 }
    }
}

/// # Safety
/// `b` is what the shim gave and has not been freed, or has a NULL `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_bytes_free(b: ShimBytes) {
    if !b.data.is_null() {
        // SAFETY: made by `From<Vec<u8>>`, a boxed slice of `len` bytes and the NUL.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(b.data, b.len + 1)) });
    }
}

thread_local! {
    /// How many `guard`s this thread is inside of, and where the panic was that the innermost is about to catch.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The library prints nothing: a panic that `guard` reports is kept from stderr. Any other, and a second one before the first is caught, ends the process and
/// is printed.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if GUARDS.get() == 0 || PANICKED_AT.with_borrow(Option::is_some) {
                print(info);
            } else {
                PANICKED_AT.set(Some(place(info)));
            }
        }));
    });
}

/// The crate, file and line of a panic, without the folders of the machine that built it.
fn place(info: &PanicHookInfo<'_>) -> String {
    let Some(at) = info.location() else { return "an unknown place".into() };
    let file = at.file().rsplit_once("/registry/src/").map_or(at.file(), |(_, tail)| tail.split_once('/').map_or(tail, |(_, file)| file));
    format!("{file}:{}", at.line())
}

struct Panic {
    payload: Box<dyn Any + Send>,
    at: String,
}

fn caught<T>(f: impl FnOnce() -> T) -> std::result::Result<T, Panic> {
    quiet_panics();
    if GUARDS.get() == 0 {
        PANICKED_AT.set(None); // of a panic that somebody below caught
    }
    GUARDS.set(GUARDS.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    GUARDS.set(GUARDS.get() - 1);
    result.map_err(|payload| Panic { payload, at: PANICKED_AT.take().unwrap_or_else(|| "an unknown place".into()) })
}

/// Runs `f`, whose panic nobody can do anything about.
pub fn contain(f: impl FnOnce()) {
    if let Err(panic) = caught(f) {
        std::mem::forget(panic.payload); // dropping it could panic again
    }
}

/// Runs `f`. 0, or -1 and the error with its causes in `*err`, or -2 and `panic: …` there. `err` may be NULL.
///
/// # Safety
/// `err` is NULL or writable; what it held is overwritten, not freed.
pub unsafe fn guard(err: *mut ShimBytes, f: impl FnOnce() -> Result<()>) -> c_int {
    let (code, text) = match caught(f) {
        Ok(Ok(())) => return 0,
        Ok(Err(e)) => (-1, format!("{e:#}")),
        Err(Panic { payload, at }) => {
            let text = format!("panic: {} ({at})", panic_text(&*payload));
            std::mem::forget(payload); // dropping it could panic again
            (-2, text)
        }
    };
    // SAFETY: the caller's promise.
    unsafe { give(err, one_line(&text)) };
    code
}

/// As `guard`, with what `f` makes given to `*ret`.
///
/// # Safety
/// `ret` and `err` are NULL or writable; what they held is overwritten, not freed.
pub unsafe fn answer<T: Into<Vec<u8>>>(ret: *mut ShimBytes, err: *mut ShimBytes, f: impl FnOnce() -> Result<T>) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        guard(err, || {
            give(ret, f()?);
            Ok(())
        })
    }
}

/// Writes `bytes` to `*ret`, unless it is NULL.
///
/// # Safety
/// `ret` is NULL or writable; what it held is overwritten, not freed.
pub unsafe fn give(ret: *mut ShimBytes, bytes: impl Into<Vec<u8>>) {
    if !ret.is_null() {
        // SAFETY: the caller's promise.
        unsafe { ret.write(ShimBytes::from(bytes.into())) };
    }
}

/// # Safety
/// `data` points to `len` readable bytes that outlive the borrow; NULL reads as empty.
pub unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

/// # Safety
/// `s` is NULL (gives None) or a NUL-terminated string that outlives the borrow.
pub unsafe fn text<'a>(s: *const c_char, what: &str) -> Result<Option<&'a str>> {
    if s.is_null() {
        return Ok(None);
    }
    unsafe { CStr::from_ptr(s) }.to_str().map(Some).with_context(|| format!("{what} is not UTF-8"))
}

/// `s` up to `max` bytes, cut between characters.
pub fn cut(s: &str, max: usize) -> &str {
    &s[..s.floor_char_boundary(max)]
}

/// Line breaks and runs of blanks become one blank, other control characters are dropped.
fn one_line(s: &str) -> String {
    let words: Vec<&str> = s.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    cut(&line, ERROR_MAX).to_string()
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

/// Wasmtime's error with its causes; it is no `std::error::Error`.
pub fn engine_error(e: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{e:#}")
}
