// SPDX-License-Identifier: Apache-2.0
//! One sum over all linear memories, tables and what the host keeps for a call. Wasmtime's own `StoreLimits` bounds each memory by itself.

use wasmtime::{Error, ResourceLimiter, Result};

/// Bytes the host keeps for one table element.
const ELEMENT_BYTES: usize = size_of::<usize>();

pub struct Limiter {
    pub max_bytes: usize,
    pub max_elements: usize,
    pub max_instances: usize,
    pub max_memories: usize,
    pub max_tables: usize,
    bytes: usize,
    elements: usize,
    /// What the last permitted growth added, taken back if the growth itself fails.
    last: (usize, usize),
    pub peak_bytes: usize,
    /// What the first growth that was refused wanted too much of: a trap after this is `out-of-memory`.
    pub refused: Refused,
}

/// `enum shim_refused`.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq)]
pub enum Refused {
    Nothing,
    Bytes,
    Elements,
}

impl Limiter {
    pub fn new(max_bytes: usize, max_elements: usize, counts: [usize; 3]) -> Self {
        let [max_instances, max_memories, max_tables] = counts;
        Limiter {
            max_bytes,
            max_elements,
            max_instances,
            max_memories,
            max_tables,
            bytes: 0,
            elements: 0,
            last: (0, 0),
            peak_bytes: 0,
            refused: Refused::Nothing,
        }
    }

    fn refuse(&mut self, what: Refused) -> bool {
        if self.refused == Refused::Nothing {
            self.refused = what;
        }
        false
    }

    /// Adds to the sums, or refuses and remembers that it did.
    pub fn charge(&mut self, bytes: usize, elements: usize) -> bool {
        let (b, e) = (self.bytes.saturating_add(bytes), self.elements.saturating_add(elements));
        if e > self.max_elements {
            return self.refuse(Refused::Elements);
        }
        if b > self.max_bytes {
            return self.refuse(Refused::Bytes);
        }
        (self.bytes, self.elements) = (b, e);
        self.peak_bytes = self.peak_bytes.max(b);
        true
    }

    pub fn give_back(&mut self, bytes: usize, elements: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.elements = self.elements.saturating_sub(elements);
    }

    pub fn room(&self) -> usize {
        self.max_bytes.saturating_sub(self.bytes)
    }

    fn growing(&mut self, bytes: usize, elements: usize) -> bool {
        let ok = self.charge(bytes, elements);
        self.last = if ok { (bytes, elements) } else { (0, 0) };
        ok
    }

    /// A permitted growth did not happen. Its peak is given back too where it was this growth that set it.
    fn failed(&mut self) {
        let (bytes, elements) = std::mem::take(&mut self.last);
        if self.peak_bytes == self.bytes {
            self.peak_bytes -= bytes;
        }
        self.give_back(bytes, elements);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // Beyond the memory's own maximum it fails anyway, and that is the guest's business, not a limit of ours. A maximum above our limit is the pool's.
        if maximum.is_some_and(|m| desired > m && m < self.max_bytes) {
            self.last = (0, 0);
            return Ok(true);
        }
        Ok(self.growing(desired.saturating_sub(current), 0))
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        self.failed();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|m| desired > m && m < self.max_elements) {
            self.last = (0, 0);
            return Ok(true);
        }
        let elements = desired.saturating_sub(current);
        Ok(self.growing(elements.saturating_mul(ELEMENT_BYTES), elements))
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
        self.failed();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.max_instances
    }

    fn memories(&self) -> usize {
        self.max_memories
    }

    fn tables(&self) -> usize {
        self.max_tables
    }
}
