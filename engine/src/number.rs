// SPDX-License-Identifier: Apache-2.0
//! Floats as text: C has no way to the shortest digits but to try one precision after another.

use std::io::{Cursor, Write};

/// The shortest text that reads back as the same float, with a point or an exponent in it; the number is finite. Its length; nothing is allocated.
///
/// # Safety
/// `ret` has room for 32 bytes, which is more than any float takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_float_text(number: f64, narrow: bool, ret: *mut u8) -> usize {
    // SAFETY: the caller's promise.
    let mut room = Cursor::new(unsafe { std::slice::from_raw_parts_mut(ret, 32) });
    // Narrowed only if it was wide before: nothing is lost.
    #[allow(clippy::cast_possible_truncation)]
    let written = if narrow { write!(room, "{:?}", number as f32) } else { write!(room, "{number:?}") };
    written.map_or(0, |()| usize::try_from(room.position()).unwrap_or(0))
}
