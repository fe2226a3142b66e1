// SPDX-License-Identifier: Apache-2.0
//! wasi:filesystem over granted folders. A guest finds a folder for each that it may read, and `/`, which is empty and read-only: what names a path that no granted
//! folder holds is told to the host and refused. Links are never made.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use crate::file_streams::{FileIn, FileOut};
use crate::folders::{EBADF, EPERM, Open, ShimFileStat, how, join};
use crate::wasi::Refuse;

type Fd = Resource<Descriptor>;
type Entries = Resource<types::DirectoryEntryStream>;

/// The folder `/` that holds nothing, and the stream of its entries. No place in the table: they have no state.
const NOTHING: u32 = u32::MAX;

/// Bytes of one reading of a file.
const READ_MAX: u64 = 1 << 20;

/// Entries of a folder, read block by block.
struct Listing {
    open: Arc<Open>,
    ready: VecDeque<types::DirectoryEntry>,
    ended: bool,
}

/// Where a path leads: beneath an open folder, or to no granted one. With the canonical guest path.
enum Place {
    In(Arc<Open>, String, String),
    Nowhere(String),
}

fn code(e: io::Error) -> FsError {
    match e.raw_os_error() {
        Some(18) => types::ErrorCode::NotPermitted, // EXDEV: it leads out
        Some(30) => types::ErrorCode::ReadOnly,     // EROFS
        Some(87 | 122) => types::ErrorCode::Quota,  // EUSERS, EDQUOT: too many were opened, or are open
        Some(116) => types::ErrorCode::NoEntry,     // ESTALE: the granted folder is gone
        _ if e.kind() == io::ErrorKind::OutOfMemory => types::ErrorCode::InsufficientMemory,
        _ => types::ErrorCode::from(e),
    }
    .into()
}

/// Opening says EBADF of what is neither a file nor a folder.
fn code_of_open(e: io::Error) -> FsError {
    code(if e.raw_os_error() == Some(EBADF) { io::Error::from_raw_os_error(EPERM) } else { e })
}

fn kind_of_mode(mode: u32) -> types::DescriptorType {
    kind_of_type((mode >> 12) as u8 & 15)
}

/// DT_*, which are the upper bits of a mode.
fn kind_of_type(t: u8) -> types::DescriptorType {
    match t {
        1 => types::DescriptorType::Fifo,
        2 => types::DescriptorType::CharacterDevice,
        4 => types::DescriptorType::Directory,
        6 => types::DescriptorType::BlockDevice,
        8 => types::DescriptorType::RegularFile,
        10 => types::DescriptorType::SymbolicLink,
        12 => types::DescriptorType::Socket,
        _ => types::DescriptorType::Unknown,
    }
}

fn stat_of(st: &ShimFileStat) -> types::DescriptorStat {
    let time = |i: usize| {
        let seconds = u64::try_from(st.seconds[i]).ok()?;
        Some(Datetime { seconds, nanoseconds: st.nanoseconds[i] })
    };
    types::DescriptorStat {
        type_: kind_of_mode(st.mode),
        link_count: st.links,
        size: st.size,
        data_access_timestamp: time(0),
        data_modification_timestamp: time(1),
        status_change_timestamp: time(2),
    }
}

fn stat_of_nothing() -> types::DescriptorStat {
    types::DescriptorStat {
        type_: types::DescriptorType::Directory,
        link_count: 1,
        size: 0,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn follows(flags: types::PathFlags) -> bool {
    flags.contains(types::PathFlags::SYMLINK_FOLLOW)
}

impl Refuse<'_> {
    /// No granted folder holds it, or holds it so: that is told, unless a grant would not help.
    fn no_read<R>(&self, path: &str) -> FsResult<R> {
        let root = self.folders.as_ref().and_then(|f| Some(&f.roots[f.find(path)?]));
        if root.is_none_or(|r| !r.reads) {
            self.deny("read", path, true);
        }
        Err(types::ErrorCode::Access.into())
    }
    fn no_write<R>(&self, path: &str) -> FsResult<R> {
        let root = self.folders.as_ref().and_then(|f| Some(&f.roots[f.find(path)?]));
        match root {
            Some(r) if r.writes && r.reads => {}
            Some(r) if r.writes => self.deny("read", path, true), // a folder that may only be written is not shown to WASI
            _ => self.deny("write", path, true),
        }
        Err(types::ErrorCode::Access.into())
    }
    fn no_link<R>(&self, path: &str) -> FsResult<R> {
        self.deny("write", path, false);
        Err(types::ErrorCode::NotPermitted.into())
    }

    /// None: the empty folder.
    fn find(&self, fd: &Fd) -> FsResult<Option<Arc<Open>>> {
        if fd.rep() == NOTHING {
            return Ok(None);
        }
        Ok(Some(self.table.get(&Resource::<Arc<Open>>::new_borrow(fd.rep()))?.clone()))
    }

    fn file(&self, fd: &Fd) -> FsResult<Arc<Open>> {
        match self.find(fd)? {
            Some(open) if !open.is_folder => Ok(open),
            _ => Err(types::ErrorCode::IsDirectory.into()),
        }
    }

    /// Which granted folder a path lies in, its words decide: it may leave the one it starts from for another, beneath it or beside it.
    fn place(&self, fd: &Fd, path: &str) -> FsResult<Place> {
        let base = self.find(fd)?;
        if base.as_ref().is_some_and(|open| !open.is_folder) {
            return Err(types::ErrorCode::NotDirectory.into());
        }
        if path.is_empty() {
            return Err(types::ErrorCode::NoEntry.into());
        }
        let guest = join(base.as_ref().map_or("/", |open| &open.guest), path);
        let Some(folders) = self.folders.as_ref() else { return Ok(Place::Nowhere(guest)) };
        match (folders.find(&guest), base) {
            (Some(root), Some(open)) if root == open.root && !path.starts_with('/') => Ok(Place::In(open, path.to_string(), guest)),
            (Some(root), _) if folders.roots[root].reads => {
                let rest = guest[folders.roots[root].guest.len()..].trim_start_matches('/');
                let rest = if rest.is_empty() { "." } else { rest }.to_string();
                Ok(Place::In(folders.open_root(root).map_err(code)?, rest, guest))
            }
            _ => Ok(Place::Nowhere(guest)),
        }
    }

    /// The empty folder, or a name that only leads to a granted one: as empty.
    fn is_empty_folder(&self, guest: &str) -> bool {
        guest == "/" || self.folders.as_ref().is_some_and(|f| f.is_above(guest))
    }

    /// A place that may be changed.
    fn place_to_write(&self, fd: &Fd, path: &str) -> FsResult<(Arc<Open>, String)> {
        match self.place(fd, path)? {
            Place::In(open, path, _) if open.folders.roots[open.root].writes => Ok((open, path)),
            Place::In(_, _, guest) | Place::Nowhere(guest) => self.no_write(&guest),
        }
    }

    fn push(&mut self, open: Arc<Open>) -> FsResult<Fd> {
        Ok(Resource::new_own(self.table.push(open)?.rep()))
    }

    /// Counts what a call carried; over its limit, the guest ends here.
    fn carried(&self, bytes: u64) -> FsResult<()> {
        if (self.hooks.carried)(self.hooks.data, bytes) == 0 {
            Ok(())
        } else {
            Err(FsError::trap(wasmtime::format_err!("stopped by the host")))
        }
    }
    fn room(&self) -> u64 {
        (self.hooks.carry_room)(self.hooks.data)
    }

    async fn look(&mut self, fd: &Fd) -> FsResult<Option<(Arc<Open>, ShimFileStat)>> {
        let Some(open) = self.find(fd)? else { return Ok(None) };
        let of = open.clone();
        let st = open.folders.step(move || of.stat()).await.map_err(code)?;
        Ok(Some((open, st)))
    }

    /// None: the empty folder.
    async fn look_at(&mut self, fd: &Fd, flags: types::PathFlags, path: &str) -> FsResult<Option<(Arc<Open>, ShimFileStat)>> {
        match self.place(fd, path)? {
            Place::In(open, path, _) => {
                let of = open.clone();
                let st = open.folders.step(move || of.look(&path, follows(flags))).await.map_err(code)?;
                Ok(Some((open, st)))
            }
            Place::Nowhere(guest) if self.is_empty_folder(&guest) => Ok(None),
            Place::Nowhere(guest) => self.no_read(&guest),
        }
    }

    fn hash_of(found: Option<(Arc<Open>, ShimFileStat)>) -> types::MetadataHashValue {
        found.map_or(types::MetadataHashValue { lower: 0, upper: 0 }, |(open, st)| types::MetadataHashValue {
            lower: open.folders.hash(&st, 0),
            upper: open.folders.hash(&st, 1),
        })
    }
}

impl preopens::Host for Refuse<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        let mut shown = Vec::new();
        if let Some(folders) = self.folders.clone() {
            for (i, root) in folders.roots.iter().enumerate().filter(|(_, root)| root.reads) {
                let open = self.table.push(folders.open_root(i)?)?;
                shown.push((Resource::new_own(open.rep()), root.guest.clone()));
            }
        }
        if !shown.iter().any(|(_, guest)| guest == "/") {
            shown.push((Resource::new_own(NOTHING), "/".to_string()));
        }
        Ok(shown)
    }
}

impl types::Host for Refuse<'_> {
    fn convert_error_code(&mut self, err: FsError) -> wasmtime::Result<types::ErrorCode> {
        err.downcast()
    }
    fn filesystem_error_code(&mut self, err: Resource<wasmtime::Error>) -> wasmtime::Result<Option<types::ErrorCode>> {
        let io = self.table.get(&err)?.downcast_ref::<io::Error>();
        let again = io.map(|e| e.raw_os_error().map_or_else(|| e.kind().into(), io::Error::from_raw_os_error));
        again.map(|e| code(e).downcast()).transpose()
    }
}

impl types::HostDescriptor for Refuse<'_> {
    async fn advise(&mut self, fd: Fd, _: u64, _: u64, _: types::Advice) -> FsResult<()> {
        match self.find(&fd)? {
            Some(open) if !open.is_folder => Ok(()),
            _ => Err(types::ErrorCode::BadDescriptor.into()),
        }
    }
    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.to_disk(&fd, true).await
    }
    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        self.to_disk(&fd, false).await
    }
    async fn get_flags(&mut self, fd: Fd) -> FsResult<types::DescriptorFlags> {
        let mut flags = types::DescriptorFlags::empty();
        let open = self.find(&fd)?;
        if open.as_ref().is_none_or(|o| o.reads) {
            flags |= types::DescriptorFlags::READ;
        }
        if let Some(open) = open {
            let writes = open.folders.roots[open.root].writes;
            if open.is_folder && writes {
                flags |= types::DescriptorFlags::MUTATE_DIRECTORY;
            } else if open.writes {
                flags |= types::DescriptorFlags::WRITE;
            }
        }
        Ok(flags)
    }
    async fn get_type(&mut self, fd: Fd) -> FsResult<types::DescriptorType> {
        Ok(match self.find(&fd)? {
            Some(open) if !open.is_folder => types::DescriptorType::RegularFile,
            _ => types::DescriptorType::Directory,
        })
    }
    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let (open, room) = (self.file(&fd)?, self.room());
        let of = open.clone();
        let grown = open.folders.step(move || of.set_size(size, room)).await.map_err(code)?;
        self.carried(grown)
    }
    async fn set_times(&mut self, fd: Fd, _: types::NewTimestamp, _: types::NewTimestamp) -> FsResult<()> {
        match self.find(&fd)? {
            Some(open) if open.folders.roots[open.root].writes => Err(types::ErrorCode::Unsupported.into()),
            open => self.no_write(open.as_ref().map_or("/", |o| &o.guest)),
        }
    }
    async fn read(&mut self, fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let open = self.file(&fd)?;
        let len = len.min(READ_MAX) as usize;
        let of = open.clone();
        let bytes = open.folders.step(move || of.read(len, offset)).await.map_err(code)?;
        self.carried(bytes.len() as u64)?;
        let ended = bytes.is_empty() && len != 0;
        Ok((bytes, ended))
    }
    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let (open, room, len) = (self.file(&fd)?, self.room(), bytes.len() as u64);
        let of = open.clone();
        let gap = open.folders.step(move || of.write(&bytes, Some(offset), room)).await.map_err(code)?;
        self.carried(gap + len)?;
        Ok(len)
    }
    async fn read_directory(&mut self, fd: Fd) -> FsResult<Entries> {
        let Some(open) = self.find(&fd)? else { return Ok(Resource::new_own(NOTHING)) };
        if !open.is_folder {
            return Err(types::ErrorCode::NotDirectory.into());
        }
        // A place of its own in the folder, whatever else is read there.
        let of = open.clone();
        let open = open.folders.step(move || of.open(".", how::READ | how::FOLDER)).await.map_err(code_of_open)?;
        let listing = self.table.push(Listing { open, ready: VecDeque::new(), ended: false })?;
        Ok(Resource::new_own(listing.rep()))
    }
    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (open, path) = self.place_to_write(&fd, &path)?;
        let of = open.clone();
        open.folders.step(move || of.make_folder(&path)).await.map_err(code)
    }
    async fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        Ok(self.look(&fd).await?.map_or_else(stat_of_nothing, |(_, st)| stat_of(&st)))
    }
    async fn stat_at(&mut self, fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::DescriptorStat> {
        Ok(self.look_at(&fd, flags, &path).await?.map_or_else(stat_of_nothing, |(_, st)| stat_of(&st)))
    }
    async fn set_times_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> FsResult<()> {
        self.place_to_write(&fd, &path)?;
        Err(types::ErrorCode::Unsupported.into())
    }
    async fn link_at(&mut self, _: Fd, _: types::PathFlags, _: String, new: Fd, new_path: String) -> FsResult<()> {
        match self.place(&new, &new_path)? {
            Place::In(_, _, guest) => self.no_link(&guest),
            Place::Nowhere(guest) => self.no_write(&guest),
        }
    }
    async fn open_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        open: types::OpenFlags,
        wanted: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        let writes = open.intersects(types::OpenFlags::CREATE | types::OpenFlags::TRUNCATE) || wanted.contains(types::DescriptorFlags::WRITE);
        let changes = writes || wanted.contains(types::DescriptorFlags::MUTATE_DIRECTORY);
        let (folder, path) = match self.place(&fd, &path)? {
            Place::Nowhere(guest) if self.is_empty_folder(&guest) && !changes => return Ok(Resource::new_own(NOTHING)),
            Place::Nowhere(guest) if changes => return self.no_write(&guest),
            Place::Nowhere(guest) => return self.no_read(&guest),
            Place::In(folder, _, guest) if writes && !folder.folders.roots[folder.root].writes => return self.no_write(&guest),
            Place::In(folder, path, _) => (folder, path),
        };
        let how = how_of(flags, open, wanted);
        let of = folder.clone();
        let opened = folder.folders.step(move || of.open(&path, how)).await.map_err(code_of_open)?;
        self.carried(0)?;
        self.push(opened)
    }
    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        if fd.rep() != NOTHING {
            self.table.delete(Resource::<Arc<Open>>::new_own(fd.rep()))?;
        }
        Ok(())
    }
    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        match self.place(&fd, &path)? {
            Place::In(..) => Err(types::ErrorCode::NotPermitted.into()),
            Place::Nowhere(guest) => self.no_read(&guest),
        }
    }
    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (open, path) = self.place_to_write(&fd, &path)?;
        let of = open.clone();
        open.folders.step(move || of.remove(&path, true)).await.map_err(code)
    }
    async fn rename_at(&mut self, fd: Fd, old_path: String, new: Fd, new_path: String) -> FsResult<()> {
        let (from, old_path) = self.place_to_write(&fd, &old_path)?;
        let (to, new_path) = self.place_to_write(&new, &new_path)?;
        let of = from.clone();
        from.folders.step(move || of.rename(&old_path, &to, &new_path)).await.map_err(code)
    }
    async fn symlink_at(&mut self, fd: Fd, _: String, path: String) -> FsResult<()> {
        match self.place(&fd, &path)? {
            Place::In(_, _, guest) => self.no_link(&guest),
            Place::Nowhere(guest) => self.no_write(&guest),
        }
    }
    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (open, path) = self.place_to_write(&fd, &path)?;
        let of = open.clone();
        open.folders.step(move || of.remove(&path, false)).await.map_err(code)
    }
    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let stream: DynInputStream = Box::new(FileIn::new(self.file(&fd)?, self.hooks, offset).map_err(code)?);
        Ok(self.table.push(stream)?)
    }
    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        self.stream_to(&fd, Some(offset))
    }
    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.stream_to(&fd, None)
    }
    async fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        let looked = (self.look(&a).await, self.look(&b).await);
        Ok(match looked {
            (Ok(Some((_, a))), Ok(Some((_, b)))) => (a.dev, a.ino) == (b.dev, b.ino),
            (Ok(None), Ok(None)) => true,
            _ => false,
        })
    }
    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        Ok(Self::hash_of(self.look(&fd).await?))
    }
    async fn metadata_hash_at(&mut self, fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue> {
        Ok(Self::hash_of(self.look_at(&fd, flags, &path).await?))
    }
}

fn how_of(flags: types::PathFlags, open: types::OpenFlags, wanted: types::DescriptorFlags) -> u32 {
    let writes = wanted.contains(types::DescriptorFlags::WRITE);
    let rows = [
        (wanted.contains(types::DescriptorFlags::READ) || !writes, how::READ),
        (writes, how::WRITE),
        (open.contains(types::OpenFlags::CREATE), how::CREATE),
        (open.contains(types::OpenFlags::EXCLUSIVE), how::EXCLUSIVE),
        (open.contains(types::OpenFlags::TRUNCATE), how::TRUNCATE),
        (open.contains(types::OpenFlags::DIRECTORY), how::FOLDER),
        (follows(flags), how::FOLLOW),
    ];
    rows.iter().filter(|(is_so, _)| *is_so).fold(0, |all, (_, how)| all | how)
}

impl Refuse<'_> {
    async fn to_disk(&mut self, fd: &Fd, data_only: bool) -> FsResult<()> {
        match self.find(fd)? {
            Some(open) if open.writes => {
                let of = open.clone();
                open.folders.step(move || of.sync(data_only)).await.map_err(code)
            }
            _ => Ok(()),
        }
    }

    fn stream_to(&mut self, fd: &Fd, at: Option<u64>) -> FsResult<Resource<DynOutputStream>> {
        let open = self.file(fd)?;
        if !open.writes {
            return Err(types::ErrorCode::BadDescriptor.into());
        }
        let stream: DynOutputStream = Box::new(FileOut::new(open, self.hooks, at).map_err(code)?);
        Ok(self.table.push(stream)?)
    }

    fn listing(&mut self, entries: &Entries) -> FsResult<&mut Listing> {
        Ok(self.table.get_mut(&Resource::<Listing>::new_borrow(entries.rep()))?)
    }
}

/// Entries as C packs them: a type, a name, a NUL.
fn unpack(block: &[u8]) -> VecDeque<types::DirectoryEntry> {
    let entries = block.split(|b| *b == 0).filter_map(|e| {
        let (t, name) = e.split_first()?;
        Some(types::DirectoryEntry { type_: kind_of_type(*t), name: String::from_utf8(name.to_vec()).ok()? })
    });
    entries.collect()
}

impl types::HostDirectoryEntryStream for Refuse<'_> {
    async fn read_directory_entry(&mut self, entries: Entries) -> FsResult<Option<types::DirectoryEntry>> {
        if entries.rep() == NOTHING {
            return Ok(None);
        }
        let listing = self.listing(&entries)?;
        if listing.ready.is_empty() && !listing.ended {
            let of = listing.open.clone();
            let block = of.folders.clone().step(move || of.list()).await.map_err(code)?;
            self.carried(block.len() as u64)?;
            let listing = self.listing(&entries)?;
            listing.ended = block.is_empty();
            listing.ready = unpack(&block);
        }
        Ok(self.listing(&entries)?.ready.pop_front())
    }
    fn drop(&mut self, entries: Entries) -> wasmtime::Result<()> {
        if entries.rep() != NOTHING {
            self.table.delete(Resource::<Listing>::new_own(entries.rep()))?;
        }
        Ok(())
    }
}
