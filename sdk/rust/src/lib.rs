// SPDX-License-Identifier: Apache-2.0
//! What a skill may ask of Cordon's host, made pleasant: functions that answer with one error type, JSON in and out, and a log.
//!
//! Each function needs a grant of its operator's. Without it there is an error that says so ([`Error::is_denied`]), and the skill goes on.

use std::fmt::{self, Display};
use std::sync::Once;

use serde::Serialize;
use serde::de::DeserializeOwned;

mod bindings {
    wit_bindgen::generate!({
        inline: "package cordon:functions; world functions { import boternity:skill/host; }",
        path: "wit",
        generate_all,
    });
}

#[doc(hidden)]
pub use bindings::boternity::skill::host;
#[doc(hidden)]
pub use wit_bindgen;

pub use host::SkillContext;

/// Why a skill has no answer: one line, for who called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(why: impl Display) -> Self {
        Self(why.to_string())
    }

    /// Was something asked of the host that nobody granted?
    pub fn is_denied(&self) -> bool {
        self.0.starts_with("capability denied")
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<&str> for Error {
    fn from(why: &str) -> Self {
        Self(why.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(why: serde_json::Error) -> Self {
        Self::new(why)
    }
}

/// The error of a typed function, which WIT has as a string.
impl From<Error> for String {
    fn from(error: Error) -> Self {
        error.0
    }
}

/// Says what was attempted, before why it failed: `number.parse().context("days")?`.
pub trait Context<T> {
    fn context(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Display) -> Result<T> {
        self.map_err(|why| Error(format!("{what}: {why}")))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl Display) -> Result<T> {
        self.ok_or_else(|| Error::new(what))
    }
}

// ---- the host

/// Whose call this is. Needs no grant.
pub fn context() -> SkillContext {
    host::get_context()
}

/// What the bot remembers of `query`, at most `limit` texts; none if `memory` is not granted.
pub fn recall(query: &str, limit: u32) -> Vec<String> {
    host::recall_memory(query, limit)
}

/// The text of a page (`net`).
pub fn http_get(url: &str) -> Result<String> {
    Ok(host::http_get(url)?)
}

/// The text that answers `body` (`net`).
pub fn http_post(url: &str, body: &str) -> Result<String> {
    Ok(host::http_post(url, body)?)
}

/// The text of a file (`read`).
pub fn read_file(path: &str) -> Result<String> {
    Ok(host::read_file(path)?)
}

/// Makes a file, or replaces what is in it (`write`).
pub fn write_file(path: &str, content: &str) -> Result<()> {
    Ok(host::write_file(path, content)?)
}

/// A secret that the operator keeps (`secret`).
pub fn secret(name: &str) -> Result<String> {
    Ok(host::get_secret(name)?)
}

/// A variable that the operator sets (`env`).
pub fn env(name: &str) -> Result<String> {
    Ok(host::read_env(name)?)
}

// ---- JSON

/// `text` as a value of your own type; `what` begins the error.
pub fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).context(what)
}

/// A value of your own type as text.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A page that is JSON.
pub fn http_get_json<T: DeserializeOwned>(url: &str) -> Result<T> {
    from_json(url, &http_get(url)?)
}

/// JSON sent, and JSON in answer.
pub fn http_post_json<T: DeserializeOwned>(url: &str, body: &(impl Serialize + ?Sized)) -> Result<T> {
    from_json(url, &http_post(url, &to_json(body)?)?)
}

/// A file that is JSON.
pub fn read_json<T: DeserializeOwned>(path: &str) -> Result<T> {
    from_json(path, &read_file(path)?)
}

/// A file of JSON.
pub fn write_json(path: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
    write_file(path, &to_json(value)?)
}

// ---- the log

/// A line of the call's log; levels are trace, debug, info, warn and error. The macros of these names format it.
pub fn log(level: &str, message: &str) {
    host::log(level, message)
}

#[macro_export]
macro_rules! trace { ($($words:tt)*) => { $crate::log("trace", &::std::format!($($words)*)) } }
#[macro_export]
macro_rules! debug { ($($words:tt)*) => { $crate::log("debug", &::std::format!($($words)*)) } }
#[macro_export]
macro_rules! info { ($($words:tt)*) => { $crate::log("info", &::std::format!($($words)*)) } }
#[macro_export]
macro_rules! warn { ($($words:tt)*) => { $crate::log("warn", &::std::format!($($words)*)) } }
#[macro_export]
macro_rules! error { ($($words:tt)*) => { $crate::log("error", &::std::format!($($words)*)) } }

/// From here on what a panic says is in the log: without WASI there is no stderr. `skill!` does it.
pub fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|info| host::log("error", &info.to_string()))));
}

// ---- a skill of the skill world

/// Makes a function the skill of this crate, which needs the skill world in its `wit/`:
///
/// ```ignore
/// cordon_skill::skill! { name: "shout", description: "Says it in capitals.", text: shout }
/// fn shout(input: String) -> cordon_skill::Result<String> { Ok(input.to_uppercase()) }
/// ```
///
/// or, with types that serde knows, `json: shout` and `fn shout(input: Input) -> Result<Output>`.
#[macro_export]
macro_rules! skill {
    (name: $name:expr, description: $description:expr, text: $run:path $(,)?) => {
        $crate::skill! { @world $name, $description, |input: ::std::string::String| $run(input) }
    };
    (name: $name:expr, description: $description:expr, json: $run:path $(,)?) => {
        $crate::skill! { @world $name, $description, |input: ::std::string::String| $crate::from_json("input", &input).and_then($run).and_then(|answer| $crate::to_json(&answer)) }
    };
    (@world $name:expr, $description:expr, $execute:expr) => {
        #[doc(hidden)]
        mod cordon_skill_world {
            ::cordon_skill::wit_bindgen::generate!({
                path: "wit",
                world: "skill-plugin",
                runtime_path: "::cordon_skill::wit_bindgen::rt",
                with: { "boternity:skill/host": ::cordon_skill::host },
                pub_export_macro: true,
                export_macro_name: "export_skill",
            });
        }

        #[doc(hidden)]
        struct CordonSkill;
        cordon_skill_world::export_skill!(CordonSkill with_types_in cordon_skill_world);

        impl cordon_skill_world::Guest for CordonSkill {
            fn get_name() -> ::std::string::String {
                $name.into()
            }

            fn get_description() -> ::std::string::String {
                $description.into()
            }

            fn execute(input: ::std::string::String) -> ::std::result::Result<::std::string::String, ::std::string::String> {
                $crate::log_panics();
                let answer: $crate::Result<::std::string::String> = ($execute)(input);
                answer.map_err(::std::convert::Into::into)
            }
        }
    };
}
