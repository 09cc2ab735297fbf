//! The choice of a time zone: the zones to offer, and the one that a person means by a text. A city in any case is enough:
//! "berlin", "New York", "Calcutta".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Offset, TimeZone as _};
use shared::dates::Writing;

use super::Zone;
use super::old_names::OLD_NAMES;
use super::tables::ZONES;
use crate::text::plain;
use crate::time::format::time_of_day;

/// Zones that a message names.
const NAMED: usize = 3;
/// Suggestions need a text of this length: a shorter one is part of too many names.
const SHORTEST: usize = 3;

/// The present names of zones, by the texts that mean them.
struct Meanings {
    /// By the whole name, or the one of before.
    whole: BTreeMap<String, &'static str>,
    /// By a name's end: "buenos aires", "argentina buenos aires". Several zones can share one.
    cities: BTreeMap<String, BTreeSet<&'static str>>,
}

static MEANINGS: LazyLock<Meanings> = LazyLock::new(|| {
    let mut whole = BTreeMap::new();
    let mut cities: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for name in ZONES.names() {
        let present = present(name);
        whole.insert(words(name), present);
        let ends = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
        // "Etc/GMT+5" is no city.
        for end in ends.filter(|_| !name.starts_with("Etc/")) {
            cities.entry(words(end)).or_default().insert(present);
        }
    }
    Meanings { whole, cities }
});

/// Returns the present name of a zone, if the IANA has renamed it.
pub fn present(name: &'static str) -> &'static str {
    OLD_NAMES
        .binary_search_by_key(&name, |(old, _)| old)
        .ok()
        .and_then(|place| ZONES.find(OLD_NAMES[place].1))
        .map_or(name, |(present, _)| present)
}

/// Returns a text as it is compared: lower case, without accents, one blank between words.
fn words(text: &str) -> String {
    let plain = plain(text);
    let words = plain.split(|char: char| !char.is_alphanumeric() && !"+-".contains(char));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Returns the zone that a text means: by its name, or by a city.
///
/// # Errors
/// A sentence for the field, with what may have been meant.
pub fn choose(text: &str) -> Result<Zone, String> {
    let typed = words(text);
    if typed.is_empty() {
        return Err("Enter a city or a time zone, such as Berlin or America/New_York.".to_owned());
    }
    let meant = match MEANINGS.whole.get(&typed) {
        Some(name) => vec![*name],
        None => MEANINGS
            .cities
            .get(&typed)
            .map_or_else(Vec::new, |names| names.iter().copied().collect::<Vec<_>>()),
    };
    match meant.as_slice() {
        [name] => name
            .parse()
            .map_err(|_| "This time zone can't be read. Choose another.".to_owned()),
        [] => Err(unknown(text.trim(), &typed)),
        several => Err(format!("Which one? {}", listed(several))),
    }
}

/// The sentence about a text that means no zone.
fn unknown(text: &str, typed: &str) -> String {
    let like = alike(typed);
    if like.is_empty() {
        return "We don't know this time zone. Enter the nearest large city, such as Berlin or New York."
            .to_owned();
    }
    let shown: String = text.chars().take(40).collect();
    format!("We don't know “{shown}”. Did you mean {}", listed(&like))
}

/// Returns names with the text in them; without any, those that a slip of the fingers could have turned into it.
fn alike(typed: &str) -> Vec<&'static str> {
    if typed.chars().count() < SHORTEST {
        return Vec::new();
    }
    let ends = || MEANINGS.cities.iter();
    let of = |found: Vec<&BTreeSet<&'static str>>| {
        let names: BTreeSet<_> = found.into_iter().flatten().copied().collect();
        names.into_iter().collect::<Vec<_>>()
    };
    let within = of(ends()
        .filter(|(end, _)| end.contains(typed))
        .map(|(_, names)| names)
        .collect());
    if !within.is_empty() {
        return within;
    }
    of(ends()
        .filter(|(end, _)| is_slip(end, typed))
        .map(|(_, names)| names)
        .collect())
}

/// Returns whether the words differ by one letter that is missing, added, or another, or by two that changed places.
fn is_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 1 || one.len().min(other.len()) < SHORTEST {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    match (one, other) {
        ([a, rest @ ..], [b, tail @ ..]) => {
            rest == tail
                || rest == other
                || one == tail
                || matches!((rest, tail), ([c, rest @ ..], [d, tail @ ..]) if a == d && b == c && rest == tail)
        }
        _ => true,
    }
}

/// Lists names as a question.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    let more = if names.len() > NAMED { ", …" } else { "" };
    match shown.as_slice() {
        [one, other] if more.is_empty() => format!("{one} or {other}?"),
        [one, other, third] if more.is_empty() => format!("{one}, {other} or {third}?"),
        shown => format!("{}{more}?", shown.join(", ")),
    }
}

/// A zone to choose, with its clock at some instant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offered {
    /// The IANA name.
    pub name: &'static str,
    /// "Buenos Aires".
    pub city: String,
    /// "UTC+01:00".
    pub offset: String,
    /// "21:04".
    pub time: String,
}

impl Offered {
    /// Reads the zone's clock at `now`, UTC epoch milliseconds.
    pub fn at(zone: Zone, now: i64) -> Self {
        let name = zone.name();
        let utc = chrono::DateTime::from_timestamp_millis(now).unwrap_or_default();
        let local = zone.from_utc_datetime(&utc.naive_utc());
        Self {
            name,
            city: name.rsplit('/').next().unwrap_or(name).replace('_', " "),
            offset: utc_offset(local.offset().fix().local_minus_utc()),
            time: time_of_day(now, zone),
        }
    }

    /// Returns the label of the choice: "Berlin · UTC+01:00 · 21:04".
    pub fn label(&self) -> String {
        let Self {
            city, offset, time, ..
        } = self;
        if city == "UTC" {
            format!("{city} · {time}")
        } else {
            format!("{city} · {offset} · {time}")
        }
    }
}

/// Returns the zones of places by their present names, with their clocks at `now`, UTC epoch milliseconds, in the order
/// of their names.
pub fn offered(now: i64, writing: Writing) -> Vec<Offered> {
    let names: BTreeSet<_> = ZONES.names().map(present).collect();
    let is_place =
        |name: &&str| *name == "UTC" || (name.contains('/') && !name.starts_with("Etc/"));
    let places = names.into_iter().filter(is_place);
    let zones = places.filter_map(|name| name.parse::<Zone>().ok());
    zones
        .map(|zone| Offered::at(zone.written(writing), now))
        .collect()
}

/// Returns an offset in seconds: "UTC+05:45", "UTC−03:30".
pub fn utc_offset(seconds: i32) -> String {
    let (sign, minutes) = (if seconds < 0 { '−' } else { '+' }, seconds.abs() / 60);
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests;
