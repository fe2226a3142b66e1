// SPDX-License-Identifier: Apache-2.0
//! TOML as JSON in which every value says what it is and where it stands, so that C can name the place of what it does not like.
//!
//! Declared and described in src/engine/shim_toml.h; the safety of the `extern "C"` function is that header's.

use std::cell::Cell;
use std::ffi::c_int;
use std::fmt::Write;

use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use crate::ffi::{self, ShimBytes};

const DEPTH_MAX: usize = 32;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_toml_parse(text: *const u8, len: usize, ret: *mut ShimBytes, err: *mut ShimBytes) -> c_int {
    unsafe { ffi::answer(ret, err, || to_json(ffi::bytes(text, len))) }
}

fn to_json(text: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(text).context("not UTF-8")?;
    let places = Places::new(text);
    let (tree, errors) = DeTable::parse_recoverable(text);
    let written = errors.first().map_or(Ok(()), |e| Err(places.error(e)));
    let root = Spanned::new(0..0, DeValue::Table(tree.into_inner()));
    let mut out = String::new();
    let written = written.and_then(|()| Writer { places, out: &mut out }.value(&root, "", 0));
    dismantle(root.into_inner());
    written.map(|()| out)
}

struct Places<'a> {
    text: &'a str,
    /// Where lines begin.
    lines: Vec<usize>,
    /// The last answer, as byte and column: mostly the next one is a little further in the same line, which may be long.
    last: Cell<(usize, usize)>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        Places { text, lines: std::iter::once(0).chain(begins).collect(), last: Cell::new((0, 1)) }
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    fn find(&self, at: usize) -> (usize, usize) {
        let at = self.text.floor_char_boundary(at);
        let line = self.lines.partition_point(|begin| *begin <= at);
        let begin = (self.lines[line - 1], 1);
        let (from, column) = if (begin.0..=at).contains(&self.last.get().0) { self.last.get() } else { begin };
        let column = column + self.text[from..at].chars().count();
        self.last.set((at, column));
        (line, column)
    }

    fn error(&self, e: &Error) -> anyhow::Error {
        match e.span() {
            Some(span) => self.refuse(span.start, e.message()),
            None => anyhow!("{}", e.message()),
        }
    }

    fn refuse(&self, at: usize, why: &str) -> anyhow::Error {
        let (line, column) = self.find(at);
        anyhow!("{line}:{column}: {why}")
    }
}

struct Writer<'a> {
    places: Places<'a>,
    out: &'a mut String,
}

impl Writer<'_> {
    /// `before` is what the object begins with.
    fn value(&mut self, value: &Spanned<DeValue>, before: &str, depth: usize) -> Result<()> {
        let at = value.span().start;
        ensure!(depth <= DEPTH_MAX, self.places.refuse(at, "nested too deeply"));
        let (line, column) = self.places.find(at);
        let value = value.get_ref();
        write!(self.out, r#"{{{before}"t":"{}","l":{line},"c":{column},"v":"#, value.type_str())?;
        match value {
            DeValue::String(s) => self.text(s, at)?,
            DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
                Ok(n) => write!(self.out, r#""{n}""#)?,
                Err(_) => bail!(self.places.refuse(at, "the number does not fit 64 bits")),
            },
            DeValue::Float(n) => self.text(n.as_str(), at)?,
            DeValue::Boolean(b) => write!(self.out, "{b}")?,
            DeValue::Datetime(d) => self.text(&d.to_string(), at)?,
            DeValue::Array(a) => {
                self.out.push('[');
                for (i, item) in a.iter().enumerate() {
                    self.comma(i);
                    self.value(item, "", depth + 1)?;
                }
                self.out.push(']');
            }
            DeValue::Table(t) => self.table(t, depth)?,
        }
        self.out.push('}');
        Ok(())
    }

    /// In the order of the file.
    fn table(&mut self, table: &DeTable, depth: usize) -> Result<()> {
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_by_key(|(key, _)| key.span().start);
        self.out.push('{');
        for (i, (key, value)) in rows.into_iter().enumerate() {
            let at = key.span().start;
            let (line, column) = self.places.find(at);
            self.comma(i);
            self.text(key.get_ref(), at)?;
            self.out.push(':');
            self.value(value, &format!(r#""kl":{line},"kc":{column},"#), depth + 1)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn text(&mut self, s: &str, at: usize) -> Result<()> {
        ensure!(!s.contains('\0'), self.places.refuse(at, "a text holds a NUL"));
        self.out.push_str(&serde_json::to_string(s)?);
        Ok(())
    }

    fn comma(&mut self, i: usize) {
        if i > 0 {
            self.out.push(',');
        }
    }
}

/// Drops a tree without recursion: dotted keys within tables make thousands of levels, and the thread's stack is not ours.
fn dismantle(root: DeValue) {
    let mut rest = vec![root];
    while let Some(value) = rest.pop() {
        match value {
            DeValue::Table(t) => rest.extend(t.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::Array(a) => rest.extend(a.into_iter().map(Spanned::into_inner)),
            _ => {}
        }
    }
}
