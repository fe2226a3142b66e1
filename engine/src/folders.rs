// SPDX-License-Identifier: Apache-2.0
//! Granted folders, as C holds them. Each step beneath one is C's (`src/files`), so that there is one discipline; it may block, so it is done off the thread
//! that runs guests, on the skill's share of the host's pool.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::ffi;

/// Files and folders one call may have open at once, beside the granted ones themselves.
const OPEN_MAX: usize = 64;
/// Bytes of one reading of a folder's entries.
const LIST_BYTES: usize = 32 << 10;

/// errno where Rust has no name for it.
pub const EBADF: i32 = 9;
pub const EPERM: i32 = 1;
const EFBIG: i32 = 27;
const EDQUOT: i32 = 122;

const MAY_READ: c_uint = 1;
const MAY_WRITE: c_uint = 2;

/// How a file is opened: a set of these.
pub mod how {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const CREATE: u32 = 4;
    pub const EXCLUSIVE: u32 = 8;
    pub const TRUNCATE: u32 = 16;
    pub const FOLDER: u32 = 32;
    pub const FOLLOW: u32 = 64;
}

#[repr(C)]
pub struct ShimRoot {
    guest: *const c_char,
    fd: c_int,
    access: c_uint,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ShimFileStat {
    pub dev: u64,
    pub ino: u64,
    pub links: u64,
    pub size: u64,
    pub seconds: [i64; 3],
    pub nanoseconds: [u32; 3],
    pub mode: u32,
}

type Work = extern "C" fn(*mut c_void);

/// As in `shim.h`, which says what each is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ShimFiles {
    data: *mut c_void,
    hold: extern "C" fn(*mut c_void),
    release: extern "C" fn(*mut c_void),
    roots: *const ShimRoot,
    n_roots: usize,
    off: extern "C" fn(*mut c_void, Work, Work, *mut c_void, *mut *mut c_void) -> c_int,
    forget: extern "C" fn(*mut c_void),
    open: extern "C" fn(*mut c_void, usize, c_int, *const c_char, c_uint) -> c_int,
    look: extern "C" fn(*mut c_void, usize, c_int, *const c_char, bool, *mut ShimFileStat) -> c_int,
    list: extern "C" fn(c_int, *mut u8, usize) -> c_int,
    make_folder: extern "C" fn(*mut c_void, usize, c_int, *const c_char) -> c_int,
    remove: extern "C" fn(*mut c_void, usize, c_int, *const c_char, bool) -> c_int,
    rename: extern "C" fn(*mut c_void, usize, c_int, *const c_char, usize, c_int, *const c_char) -> c_int,
}

pub struct Root {
    /// As the guest sees it: absolute, without dot segments.
    pub guest: String,
    pub reads: bool,
    pub writes: bool,
    fd: c_int,
}

/// The granted folders of one call. Shared with the work that goes on for it.
pub struct Folders {
    c: ShimFiles,
    pub roots: Vec<Root>,
    open: AtomicUsize,
    seed: RandomState,
}
// SAFETY: C's side of the contract: its functions may be called from any thread, with data that `hold` keeps.
unsafe impl Send for Folders {}
unsafe impl Sync for Folders {}

impl Drop for Folders {
    fn drop(&mut self) {
        (self.c.release)(self.c.data);
    }
}

fn checked(r: c_int) -> io::Result<c_int> {
    if r < 0 { Err(io::Error::from_raw_os_error(-r)) } else { Ok(r) }
}

impl Folders {
    /// None without any.
    ///
    /// # Safety
    /// `c` is NULL, or as `shim.h` says.
    pub unsafe fn new(c: *const ShimFiles) -> Option<Arc<Self>> {
        // SAFETY: the caller's promise; the roots and their strings live as long as what is held.
        unsafe {
            let c = *c.as_ref()?;
            (c.hold)(c.data);
            let roots = (0..c.n_roots).map(|i| {
                let r = &*c.roots.add(i);
                let guest = CStr::from_ptr(r.guest).to_string_lossy().into_owned();
                Root { guest, reads: r.access & MAY_READ != 0, writes: r.access & MAY_WRITE != 0, fd: r.fd }
            });
            Some(Arc::new(Folders { c, roots: roots.collect(), open: AtomicUsize::new(0), seed: RandomState::new() }))
        }
    }

    /// The root that a canonical guest path lies at or beneath, the longest if there are several; they come in that order.
    pub fn find(&self, guest: &str) -> Option<usize> {
        self.roots.iter().position(|r| is_beneath(guest, &r.guest))
    }

    /// Does it lead to a root that is shown, or is it the top?
    pub fn is_above(&self, guest: &str) -> bool {
        self.roots.iter().any(|r| r.reads && is_beneath(&r.guest, guest))
    }

    /// A number for an object that says nothing of what the machine calls it.
    pub fn hash(&self, st: &ShimFileStat, salt: u8) -> u64 {
        self.seed.hash_one((salt, st.dev, st.ino, st.size, st.seconds, st.nanoseconds))
    }

    /// The folder itself that root `root` is.
    pub fn open_root(self: &Arc<Self>, root: usize) -> io::Result<Arc<Open>> {
        let r = &self.roots[root];
        // SAFETY: C keeps it open as long as what is held.
        let fd = unsafe { BorrowedFd::borrow_raw(r.fd) }.try_clone_to_owned()?;
        self.opened(fd.into(), root, r.guest.clone(), true, how::READ)
    }

    fn opened(self: &Arc<Self>, file: File, root: usize, guest: String, is_folder: bool, how: u32) -> io::Result<Arc<Open>> {
        if self.open.fetch_add(1, Ordering::Relaxed) >= OPEN_MAX + self.roots.len() {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(io::Error::from_raw_os_error(EDQUOT));
        }
        Ok(Arc::new(Open {
            folders: self.clone(),
            file,
            root,
            guest,
            is_folder,
            reads: how & how::READ != 0,
            writes: how & how::WRITE != 0,
        }))
    }

    /// Has `work` done on a thread that may block. Dropping what is returned takes it back, if it has not begun.
    pub fn off<R: Send + 'static>(self: &Arc<Self>, work: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<Off<R>> {
        let slot = Arc::new(Mutex::new(Slot { answer: None, gone: false, waker: None }));
        let mut ticket = Ticket(slot.clone());
        let boxed: Boxed = Box::new(move || ticket.answer(work()));
        let arg = Box::into_raw(Box::new(boxed)).cast::<c_void>();
        let mut job = std::ptr::null_mut();
        if let Err(e) = checked((self.c.off)(self.c.data, run_work, drop_work, arg, &mut job)) {
            drop_work(arg);
            return Err(e);
        }
        Ok(Off { slot, job, folders: self.clone() })
    }

    /// As `off`, to its end.
    pub async fn step<R: Send + 'static>(self: &Arc<Self>, work: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
        self.off(work)?.await
    }
}

/// Is `path` at or beneath `root`? Both canonical.
pub fn is_beneath(path: &str, root: &str) -> bool {
    root == "/" || path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `path`, taken from `base`, as a canonical guest path, by its words alone.
pub fn join(base: &str, path: &str) -> String {
    let base = if path.starts_with('/') { "" } else { base };
    let mut names: Vec<&str> = Vec::new();
    for name in base.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            _ => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

// ---- what waits for work, and what does it

struct Slot<R> {
    answer: Option<io::Result<R>>,
    gone: bool,
    waker: Option<Waker>,
}

type Shared<R> = Arc<Mutex<Slot<R>>>;

fn lock<R>(slot: &Shared<R>) -> std::sync::MutexGuard<'_, Slot<R>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With the one who answers. If it goes without, whoever waits is told.
struct Ticket<R>(Shared<R>);

impl<R> Ticket<R> {
    fn answer(&mut self, answer: io::Result<R>) {
        lock(&self.0).answer = Some(answer);
    }
}

impl<R> Drop for Ticket<R> {
    fn drop(&mut self) {
        let waker = {
            let mut slot = lock(&self.0);
            slot.gone = true;
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

type Boxed = Box<dyn FnOnce() + Send>;

extern "C" fn run_work(arg: *mut c_void) {
    // SAFETY: made by `off`, handed back once.
    let work = unsafe { Box::from_raw(arg.cast::<Boxed>()) };
    ffi::contain(move || work());
}

extern "C" fn drop_work(arg: *mut c_void) {
    // SAFETY: as above.
    let work = unsafe { Box::from_raw(arg.cast::<Boxed>()) };
    ffi::contain(move || drop(work));
}

/// Work that goes on elsewhere.
pub struct Off<R> {
    slot: Shared<R>,
    job: *mut c_void,
    folders: Arc<Folders>,
}
// SAFETY: the job is C's, which lets any thread forget it.
unsafe impl<R: Send> Send for Off<R> {}

impl<R> Future for Off<R> {
    type Output = io::Result<R>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.slot);
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None if slot.gone => Poll::Ready(Err(io::ErrorKind::Other.into())),
            None => {
                slot.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<R> Drop for Off<R> {
    fn drop(&mut self) {
        lock(&self.slot).waker = None;
        (self.folders.c.forget)(self.job);
    }
}

// ---- what is open

/// A file or folder beneath a root.
pub struct Open {
    pub folders: Arc<Folders>,
    file: File,
    pub root: usize,
    /// Where it was opened: canonical.
    pub guest: String,
    pub is_folder: bool,
    pub reads: bool,
    pub writes: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.folders.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn text(path: &str) -> io::Result<CString> {
    Ok(CString::new(path)?)
}

/// These block: they are for work that is done off.
impl Open {
    fn c(&self) -> &ShimFiles {
        &self.folders.c
    }

    pub fn open(&self, path: &str, how: u32) -> io::Result<Arc<Open>> {
        let fd = checked((self.c().open)(self.c().data, self.root, self.file.as_raw_fd(), text(path)?.as_ptr(), how))?;
        // SAFETY: a new descriptor, ours alone.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        let is_folder = file.metadata()?.is_dir();
        self.folders.opened(file, self.root, join(&self.guest, path), is_folder, how)
    }

    pub fn look(&self, path: &str, follow: bool) -> io::Result<ShimFileStat> {
        let mut st = ShimFileStat::default();
        checked((self.c().look)(self.c().data, self.root, self.file.as_raw_fd(), text(path)?.as_ptr(), follow, &mut st))?;
        Ok(st)
    }

    pub fn stat(&self) -> io::Result<ShimFileStat> {
        use std::os::unix::fs::MetadataExt;
        let m = self.file.metadata()?;
        Ok(ShimFileStat {
            dev: m.dev(),
            ino: m.ino(),
            links: m.nlink(),
            size: m.size(),
            seconds: [m.atime(), m.mtime(), m.ctime()],
            nanoseconds: [m.atime_nsec() as u32, m.mtime_nsec() as u32, m.ctime_nsec() as u32],
            mode: m.mode(),
        })
    }

    /// The next entries, as C packs them; empty: that was all. Of a folder that was opened for reading.
    pub fn list(&self) -> io::Result<Vec<u8>> {
        let mut block = vec![0; LIST_BYTES];
        let n = checked((self.c().list)(self.file.as_raw_fd(), block.as_mut_ptr(), block.len()))?;
        block.truncate(n as usize);
        Ok(block)
    }

    pub fn make_folder(&self, path: &str) -> io::Result<()> {
        checked((self.c().make_folder)(self.c().data, self.root, self.file.as_raw_fd(), text(path)?.as_ptr())).map(drop)
    }

    pub fn remove(&self, path: &str, is_folder: bool) -> io::Result<()> {
        checked((self.c().remove)(self.c().data, self.root, self.file.as_raw_fd(), text(path)?.as_ptr(), is_folder)).map(drop)
    }

    pub fn rename(&self, path: &str, to: &Open, to_path: &str) -> io::Result<()> {
        let (path, to_path) = (text(path)?, text(to_path)?);
        let (folder, to_folder) = (self.file.as_raw_fd(), to.file.as_raw_fd());
        checked((self.c().rename)(self.c().data, self.root, folder, path.as_ptr(), to.root, to_folder, to_path.as_ptr())).map(drop)
    }

    /// At most `len` bytes from `offset`; none: the end.
    pub fn read(&self, len: usize, offset: u64) -> io::Result<Vec<u8>> {
        use std::os::unix::fs::FileExt;
        let mut bytes = vec![0; len];
        let n = loop {
            match self.file.read_at(&mut bytes, offset) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                r => break r?,
            }
        };
        bytes.truncate(n);
        Ok(bytes)
    }

    /// All of `bytes` at `offset` (None: at the end). Returns what the file has grown by beyond the bytes: a gap is filled with zeroes, and counts like them.
    /// More than `room` in all is refused.
    pub fn write(&self, bytes: &[u8], offset: Option<u64>, room: u64) -> io::Result<u64> {
        use std::os::unix::fs::FileExt;
        let len = self.file.metadata()?.len();
        let offset = offset.unwrap_or(len);
        let gap = offset.saturating_sub(len);
        if gap.saturating_add(bytes.len() as u64) > room {
            return Err(io::Error::from_raw_os_error(EFBIG));
        }
        self.file.write_all_at(bytes, offset)?;
        Ok(gap)
    }

    /// Returns what the file has grown by; more than `room` is refused.
    pub fn set_size(&self, size: u64, room: u64) -> io::Result<u64> {
        let grown = size.saturating_sub(self.file.metadata()?.len());
        if grown > room {
            return Err(io::Error::from_raw_os_error(EFBIG));
        }
        self.file.set_len(size)?;
        Ok(grown)
    }

    pub fn sync(&self, data_only: bool) -> io::Result<()> {
        if data_only { self.file.sync_data() } else { self.file.sync_all() }
    }
}
