// SPDX-License-Identifier: Apache-2.0
//! The guest in Rust. An input is a verb and its argument; what is returned as `Err` is the skill's own error.

use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::time::SystemTime;
use std::{env, fs, hint, net, panic};

use boternity::skill::host;

wit_bindgen::generate!({ path: "../wit", world: "guest", generate_all });

struct Skill;
export!(Skill);

/// Without WASI there is no stderr: what a panic says goes to the log.
fn log_panics() {
    if cfg!(not(target_os = "wasi")) {
        panic::set_hook(Box::new(|info| host::log("error", &info.to_string())));
    }
}

/// What a refused attempt at the system looks like: an ordinary error of std, given back as an answer.
fn kind<T>(done: std::io::Result<T>, text: impl FnOnce(T) -> String) -> Result<String, String> {
    Ok(done.map_or_else(|why| ErrorKind::to_string(&why.kind()), text))
}

fn spin() -> ! {
    loop {
        hint::spin_loop();
    }
}

fn hog() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(hint::black_box(vec![1u8; 1 << 20]));
    }
}

#[allow(unconditional_recursion)]
fn deep(n: u64) -> u64 {
    let room = hint::black_box([n; 64]);
    deep(n + 1) + room[n as usize % 64]
}

impl Guest for Skill {
    fn get_name() -> String {
        "guest".into()
    }

    fn get_description() -> String {
        "Does what its input says.".into()
    }

    fn execute(input: String) -> Result<String, String> {
        log_panics();
        let (verb, argument) = input.split_once(' ').unwrap_or((&input, ""));
        match verb {
            "echo" => Ok(argument.into()),
            "upper" => {
                host::log("info", &format!("upper of {}", argument.len()));
                Ok(argument.to_uppercase())
            }
            "context" => {
                let context = host::get_context();
                Ok(format!("{} {}", context.skill_name, context.invocation_id.len()))
            }
            "fetch" => host::http_get(argument),
            "fail" => Err(argument.into()),
            "panic" => panic!("{argument}"),
            "say" => {
                eprintln!("{argument}");
                Ok("said".into())
            }
            "read" => kind(fs::read_to_string(argument), |text| text),
            "write" => kind(fs::write(argument, "x"), |()| "written".into()),
            "list" => kind(fs::read_dir(argument), |entries| entries.count().to_string()),
            "connect" => kind(net::TcpStream::connect(argument), |_| "connected".into()),
            "env" => Ok(env::vars().count().to_string()),
            "clock" => Ok(SystemTime::UNIX_EPOCH.elapsed().map_or(0, |t| t.as_secs()).to_string()),
            "random" => Ok(RandomState::new().hash_one(0).to_string()),
            "spin" => spin(),
            "hog" => hog(),
            "deep" => Ok(deep(0).to_string()),
            _ => Err(format!("no verb {verb}")),
        }
    }

    fn measure(text: String) -> Result<Report, String> {
        let words = text.split(' ').filter(|word| !word.is_empty());
        let longest = words.clone().rev().max_by_key(|word| word.len()).ok_or("there are no words")?;
        Ok(Report { words: words.count() as u32, longest: longest.into() })
    }
}
