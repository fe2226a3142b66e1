// SPDX-License-Identifier: Apache-2.0
//! Files of granted folders as streams: one block under way at a time, on a thread that may block.

use std::io;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::folders::{Off, Open};
use crate::sandbox::{ShimHooks, shim_charge, shim_give_back};

/// What one stream may hold on the host's side: part of the call's memory while the stream is there.
const BLOCK: usize = 64 << 10;

/// Room for one block, counted as the call's.
struct Room;

impl Room {
    fn take() -> io::Result<Self> {
        if shim_charge(BLOCK) { Ok(Room) } else { Err(io::ErrorKind::OutOfMemory.into()) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        shim_give_back(BLOCK);
    }
}

fn stopped() -> StreamError {
    StreamError::trap("stopped by the host")
}

fn failed(e: io::Error) -> StreamError {
    StreamError::LastOperationFailed(e.into())
}

pub struct FileIn {
    open: Arc<Open>,
    hooks: ShimHooks,
    at: u64,
    state: In,
    _room: Room,
}

enum In {
    Idle,
    Reading(Off<Vec<u8>>),
    Read(Bytes),
    Failed(io::Error),
    Ended,
}

impl FileIn {
    pub fn new(open: Arc<Open>, hooks: ShimHooks, at: u64) -> io::Result<Self> {
        Ok(FileIn { open, hooks, at, state: In::Idle, _room: Room::take()? })
    }

    fn begin(&mut self) {
        let (open, at) = (self.open.clone(), self.at);
        self.state = match self.open.folders.off(move || open.read(BLOCK, at)) {
            Ok(off) => In::Reading(off),
            Err(e) => In::Failed(e),
        };
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileIn {
    async fn ready(&mut self) {
        if let In::Idle = self.state {
            self.begin();
        }
        if let In::Reading(off) = &mut self.state {
            self.state = match off.await {
                Ok(bytes) if bytes.is_empty() => In::Ended,
                Ok(bytes) => In::Read(bytes.into()),
                Err(e) => In::Failed(e),
            };
        }
    }
}

impl InputStream for FileIn {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match mem::replace(&mut self.state, In::Ended) {
            In::Read(mut bytes) => {
                let got = bytes.split_to(size.min(bytes.len()));
                self.at = self.at.saturating_add(got.len() as u64);
                self.state = if bytes.is_empty() { In::Idle } else { In::Read(bytes) };
                if (self.hooks.carried)(self.hooks.data, got.len() as u64) == 0 { Ok(got) } else { Err(stopped()) }
            }
            In::Idle => {
                if size != 0 {
                    self.begin();
                } else {
                    self.state = In::Idle;
                }
                Ok(Bytes::new())
            }
            reading @ In::Reading(_) => {
                self.state = reading;
                Ok(Bytes::new())
            }
            In::Failed(e) => Err(failed(e)),
            In::Ended => Err(StreamError::Closed),
        }
    }
}

pub struct FileOut {
    open: Arc<Open>,
    hooks: ShimHooks,
    /// None: at the end, wherever that is by then.
    at: Option<u64>,
    state: Out,
    _room: Room,
}

enum Out {
    Ready,
    /// Bytes under way, and what will come of them.
    Writing(u64, Off<u64>),
    Failed(io::Error),
    Stopped,
    Closed,
}

impl FileOut {
    pub fn new(open: Arc<Open>, hooks: ShimHooks, at: Option<u64>) -> io::Result<Self> {
        Ok(FileOut { open, hooks, at, state: Out::Ready, _room: Room::take()? })
    }

    /// The last error is told once; the stream is closed then.
    fn check(&mut self) -> StreamResult<bool> {
        match mem::replace(&mut self.state, Out::Closed) {
            Out::Ready => {
                self.state = Out::Ready;
                Ok(true)
            }
            writing @ Out::Writing(..) => {
                self.state = writing;
                Ok(false)
            }
            Out::Failed(e) => Err(failed(e)),
            Out::Stopped => Err(stopped()),
            Out::Closed => Err(StreamError::Closed),
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileOut {
    async fn ready(&mut self) {
        if let Out::Writing(len, off) = &mut self.state {
            let len = *len;
            self.state = match off.await {
                Ok(gap) if gap != 0 && (self.hooks.carried)(self.hooks.data, gap) != 0 => Out::Stopped,
                Ok(_) => {
                    self.at = self.at.map(|at| at.saturating_add(len));
                    Out::Ready
                }
                Err(e) => Out::Failed(e),
            };
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for FileOut {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if !self.check()? || bytes.len() > BLOCK {
            return Err(StreamError::trap("write not permitted: check_write not called first"));
        }
        let room = (self.hooks.carry_room)(self.hooks.data);
        if (self.hooks.carried)(self.hooks.data, bytes.len() as u64) != 0 {
            return Err(stopped());
        }
        let (open, at, len) = (self.open.clone(), self.at, bytes.len() as u64);
        self.state = match self.open.folders.off(move || open.write(&bytes, at, room)) {
            Ok(off) => Out::Writing(len, off),
            Err(e) => Out::Failed(e),
        };
        Ok(())
    }
    fn flush(&mut self) -> StreamResult<()> {
        self.check().map(drop)
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(if self.check()? { BLOCK } else { 0 })
    }
    /// What was accepted is written, also if the stream is dropped right then.
    async fn cancel(&mut self) {
        self.ready().await;
    }
}
