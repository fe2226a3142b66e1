// SPDX-License-Identifier: Apache-2.0
//! Takes a note: a file of its own, with what the bot remembers of the same beneath it.
//!
//! {"note": "Call Ada about the engine", "title": "Ada"} makes /notes/ada.md.

use std::fmt::Write;

use cordon_skill::{Context, Error, Result, info, recall, write_file};
use serde::{Deserialize, Serialize};

cordon_skill::skill! {
    name: "note-taker",
    description: "Takes a note, and adds what is remembered of the same.",
    json: take,
}

const NOTE_MAX: usize = 64 << 10;
const SLUG_MAX: usize = 60;
const REMEMBERED_MAX: u32 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// What is to be noted.
    note: String,
    /// Its first line, where there is none.
    title: Option<String>,
    /// Answers the note and writes no file.
    #[serde(default)]
    draft: bool,
}

#[derive(Serialize)]
struct Taken {
    file: Option<String>,
    text: String,
    remembered: usize,
}

/// The name of its file: lower-case letters and digits of any script, and hyphens for all between.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if slug.len() + c.len_utf8() > SLUG_MAX {
            break;
        }
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').into()
}

/// A text of the memory as one item of a list, whatever lines it has.
fn item(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn page(title: &str, note: &str, remembered: &[String]) -> Result<String> {
    let mut page = format!("# {title}\n\n{note}\n");
    if !remembered.is_empty() {
        page.push_str("\n## Remembered\n\n");
    }
    for text in remembered {
        writeln!(page, "- {}", item(text)).context("the page")?;
    }
    Ok(page)
}

fn take(ask: Ask) -> Result<Taken> {
    let note = ask.note.trim();
    if note.is_empty() || note.len() > NOTE_MAX {
        return Err(Error::new(format!("a note has from 1 to {NOTE_MAX} bytes")));
    }
    let title = item(ask.title.as_deref().unwrap_or_else(|| note.lines().next().unwrap_or_default()));
    let slug = slug(&title);
    if slug.is_empty() {
        return Err(Error::new("a title has a letter or a digit"));
    }
    // Without a grant nothing is remembered: the note is taken all the same.
    let remembered = recall(&title, REMEMBERED_MAX);
    let text = page(&title, note, &remembered)?;
    let file = format!("/notes/{slug}.md");
    if !ask.draft {
        write_file(&file, &text).context(&file)?;
        info!("{file}: {} bytes", text.len());
    }
    Ok(Taken { file: (!ask.draft).then_some(file), text, remembered: remembered.len() })
}
