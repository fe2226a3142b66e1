// SPDX-License-Identifier: Apache-2.0
//! Versions and requirements of versions, as cargo understands them.
//!
//! Declared and described in src/engine/shim_semver.h; the safety of the `extern "C"` functions is that header's.

use std::ffi::{CStr, c_char, c_int};
use std::str::FromStr;

use anyhow::{Context, Result};
use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

use crate::ffi;

/// `f`, or `wrong` where a text is not what it should be.
fn number(wrong: c_int, f: impl FnOnce() -> Result<c_int>) -> c_int {
    let mut made = wrong;
    let rc = unsafe {
        // SAFETY: no error is asked for.
        ffi::guard(std::ptr::null_mut(), || {
            made = f()?;
            Ok(())
        })
    };
    if rc == 0 { made } else { wrong }
}

/// # Safety
/// `s` is NULL or a NUL-terminated string.
unsafe fn read<T: FromStr>(s: *const c_char) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    // SAFETY: the caller's promise.
    let text = (!s.is_null()).then(|| unsafe { CStr::from_ptr(s) }).context("nothing given")?;
    Ok(text.to_str()?.parse()?)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_semver_compare(a: *const c_char, b: *const c_char) -> c_int {
    number(-2, || {
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (read::<Version>(a)?, read::<Version>(b)?) };
        Ok(a.cmp_precedence(&b) as c_int)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_semver_satisfies(version: *const c_char, requirement: *const c_char) -> c_int {
    number(-1, || {
        // SAFETY: the caller's promise.
        let (version, requirement) = unsafe { (read::<Version>(version)?, read::<VersionReq>(requirement)?) };
        Ok(c_int::from(requirement.matches(&version)))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_semver_meet(a: *const c_char, b: *const c_char) -> c_int {
    number(-1, || {
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (read::<VersionReq>(a)?, read::<VersionReq>(b)?) };
        Ok(c_int::from(meet(&a, &b)))
    })
}

/// Each comparator allows all versions from some lowest one up to some other, so what two requirements allow in common begins at the lowest of one of them.
fn meet(a: &VersionReq, b: &VersionReq) -> bool {
    let all = a.comparators.iter().chain(&b.comparators);
    let mut tried = all.flat_map(lowest).chain([Version::new(0, 0, 0)]);
    tried.any(|v| a.matches(&v) && b.matches(&v))
}

/// The lowest versions that the comparator allows: a release and, where it names one, a pre-release.
fn lowest(c: &Comparator) -> Vec<Version> {
    if matches!(c.op, Op::Less | Op::LessEq) {
        return vec![];
    }
    let (minor, patch) = (c.minor.unwrap_or(0), c.patch.unwrap_or(0));
    let at = Version::new(c.major, minor, patch);
    if c.op == Op::Greater && c.pre.is_empty() {
        let above = match (c.minor, c.patch) {
            (None, _) => Version::new(c.major.saturating_add(1), 0, 0),
            (Some(_), None) => Version::new(c.major, minor.saturating_add(1), 0),
            (Some(_), Some(_)) => Version::new(c.major, minor, patch.saturating_add(1)),
        };
        return vec![above];
    }
    let pre = |text: &str| Prerelease::new(text).ok().map(|pre| Version { pre, build: BuildMetadata::EMPTY, ..at.clone() });
    let named = (!c.pre.is_empty()).then(|| if c.op == Op::Greater { pre(&format!("{}.0", c.pre)) } else { pre(&c.pre) });
    named.flatten().into_iter().chain([at.clone()]).collect()
}
