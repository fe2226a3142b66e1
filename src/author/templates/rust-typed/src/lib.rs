//! forecast: the weather of the next days. It comes from /data/CITY.txt, where each line is a day: LOW HIGH SKY.

use boternity::skill::host;

wit_bindgen::generate!({ world: "weather", generate_all });

struct Weather;
export!(Weather);

const DAYS_MAX: u8 = 14;
const CITY_MAX: usize = 64;

/// It goes into a path. The sandbox would stop `../x`, too; this says why.
fn is_city(city: &str) -> bool {
    (1..=CITY_MAX).contains(&city.len()) && city.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

fn day(line: &str) -> Option<Day> {
    let mut parts = line.splitn(3, ' ');
    Some(Day { low: parts.next()?.parse().ok()?, high: parts.next()?.parse().ok()?, sky: parts.next()?.to_string() })
}

impl Guest for Weather {
    fn forecast(city: String, days: u8) -> Result<Report, String> {
        if !is_city(&city) {
            return Err("a city is a name of letters, digits and hyphens".into());
        }
        if !(1..=DAYS_MAX).contains(&days) {
            return Err("days is from 1 to 14".into());
        }
        // The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error.
        let data = host::read_file(&format!("/data/{city}.txt"))?;
        let days: Option<Vec<Day>> = data.lines().take(days.into()).map(day).collect();
        Ok(Report { city, days: days.ok_or("the data of that city has a line that is no day")? })
    }
}
