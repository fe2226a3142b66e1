//! execute: today's weather of the city that the input names. It comes from /data/CITY.txt, whose first line is today.

use cordon_skill::{Error, Result, read_file};

cordon_skill::skill! {
    name: "@NAME@",
    description: "Tells today's weather of the city that the input names.",
    text: today,
}

const CITY_MAX: usize = 64;

/// It goes into a path. The sandbox would stop `../x`, too; this says why.
fn is_city(city: &str) -> bool {
    (1..=CITY_MAX).contains(&city.len()) && city.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

fn today(city: String) -> Result<String> {
    if !is_city(&city) {
        return Err(Error::new("a city is a name of letters, digits and hyphens"));
    }
    // The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error.
    let data = read_file(&format!("/data/{city}.txt"))?;
    Ok(data.lines().next().unwrap_or_default().into())
}
