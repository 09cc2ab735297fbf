//! Time zones: the local times of a zone, by the newest data available.
//!
//! [`tables`] chooses that data; this module passes it to chrono.

mod choice;
mod old_names;
mod tables;

use std::fmt;
use std::str::FromStr;

use chrono::{
    Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike,
};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone as Rules};
use shared::dates::Writing;

pub use choice::{Offered, choose, offered};
pub use tables::Edition;
use tables::ZONES;

/// A time zone by its IANA name, and how its dates and times are written.
#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    rules: &'static Rules,
    writing: Writing,
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        static UTC: Rules = Rules::UTC;
        Self {
            name: "UTC",
            rules: &UTC,
            writing: Writing::default(),
        }
    }

    /// Returns the zone that an account has stored, by its present name. It was valid when it was stored; if a later
    /// edition of the tables drops it, UTC is the least surprising substitute.
    pub fn stored(name: &str) -> Self {
        name.parse().unwrap_or_else(|_| Self::utc())
    }

    /// Returns the same zone with dates and times written like this.
    #[must_use]
    pub fn written(self, writing: Writing) -> Self {
        Self { writing, ..self }
    }

    /// Returns how dates and times are written.
    pub fn writing(self) -> Writing {
        self.writing
    }

    /// Returns the IANA name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Returns the name with the offset at `now`, UTC epoch milliseconds: "Asia/Kolkata (now UTC+05:30)". The letters at a
    /// time, "IST", mean several offsets.
    pub fn label(self, now: i64) -> String {
        let offset = self.offset_at(now.div_euclid(1000)).fix.local_minus_utc();
        match self.name {
            "UTC" => "UTC".to_owned(),
            name => format!("{name} (now {})", choice::utc_offset(offset)),
        }
    }

    /// Returns the offset from UTC at an instant, given in seconds since the epoch.
    fn offset_at(self, second: i64) -> ZoneOffset {
        // Beyond jiff's range, the rules of its first and last year continue.
        let second = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let at = Timestamp::from_second(second).unwrap_or_default();
        let info = self.rules.to_offset_info(at);
        ZoneOffset {
            zone: self,
            fix: fixed(info.offset()),
            abbreviation: Abbreviation::new(info.abbreviation()),
        }
    }
}

/// The error for a text that names no zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads an IANA name, in any case. One that the IANA has replaced becomes the present one.
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let (found, rules) = ZONES.find(name).ok_or(UnknownZone)?;
        let name = choice::present(found);
        let rules = ZONES.find(name).map_or(rules, |(_, rules)| rules);
        let writing = Writing::default();
        Ok(Self {
            name,
            rules,
            writing,
        })
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn fixed(offset: jiff::tz::Offset) -> FixedOffset {
    // Both stay within a day and a bit of UTC; offsets beyond chrono's range do not occur.
    FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| chrono::Utc.fix())
}

/// "PST", "CEST", "+0545": at most seven characters occur, and longer ones are cut.
#[derive(Clone, Copy)]
struct Abbreviation([u8; 8]);

impl Abbreviation {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(8);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

/// The offset of a zone from UTC at some instant.
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    fix: FixedOffset,
    abbreviation: Abbreviation,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.fix
    }
}

impl fmt::Display for ZoneOffset {
    /// The letters of the offset; where there are none, the offset itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.abbreviation.as_str();
        if letters.starts_with(['+', '-']) {
            return f.write_str(&choice::utc_offset(self.fix.local_minus_utc()));
        }
        f.write_str(letters)
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fix, self.abbreviation.as_str())
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, date: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&date.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let at = |offset: jiff::tz::Offset| {
            self.offset_at(local.and_utc().timestamp() - i64::from(offset.seconds()))
        };
        match self.rules.to_ambiguous_timestamp(civil(local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalResult::Single(at(offset)),
            AmbiguousOffset::Fold { before, after } => {
                LocalResult::Ambiguous(at(before), at(after))
            }
            AmbiguousOffset::Gap { .. } => LocalResult::None,
        }
    }

    fn offset_from_utc_date(&self, date: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&date.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset_at(utc.and_utc().timestamp())
    }
}

/// Returns the same local time for jiff; beyond jiff's range, its first or last one.
fn civil(local: &NaiveDateTime) -> jiff::civil::DateTime {
    let part = |number: u32| i8::try_from(number).unwrap_or_default();
    let nanoseconds = local.nanosecond().min(999_999_999);
    let read = i16::try_from(local.year()).ok().and_then(|year| {
        jiff::civil::DateTime::new(
            year,
            part(local.month()),
            part(local.day()),
            part(local.hour()),
            part(local.minute()),
            part(local.second()),
            i32::try_from(nanoseconds).unwrap_or_default(),
        )
        .ok()
    });
    read.unwrap_or(if local.year() < 0 {
        jiff::civil::DateTime::MIN
    } else {
        jiff::civil::DateTime::MAX
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use chrono::DateTime;
    use jiff::tz::TimeZone as Rules;

    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_lead_nowhere_else() {
        let name = |text: &str| text.parse::<Zone>().map(Zone::name);
        assert_eq!(name(" europe/berlin "), Ok("Europe/Berlin"));
        assert_eq!(name("UTC"), Ok("UTC"));
        assert_eq!(name("Asia/Katmandu"), Ok("Asia/Kathmandu"));
        assert_eq!(Zone::stored("US/Pacific").name(), "America/Los_Angeles");
        for wrong in [
            "",
            "Berlin",
            "../../etc/passwd",
            "Factory",
            "posix/UTC",
            "/etc/localtime",
        ] {
            assert_eq!(name(wrong), Err(UnknownZone), "{wrong}");
        }
        assert_eq!(Zone::stored("Atlantis/Poseidonis").name(), "UTC");
    }

    #[test]
    fn a_label_says_the_present_offset() {
        let label = |name: &str, now| Zone::stored(name).label(now);
        let (winter, summer) = (1_800_000_000_000, 1_815_000_000_000);
        assert_eq!(label("UTC", winter), "UTC");
        assert_eq!(
            label("Asia/Kolkata", winter),
            "Asia/Kolkata (now UTC+05:30)"
        );
        let new_york = |now| label("America/New_York", now);
        assert_eq!(new_york(winter), "America/New_York (now UTC−05:00)");
        assert_eq!(new_york(summer), "America/New_York (now UTC−04:00)");
    }

    /// For every zone and every change of its clocks, chrono gives the same times as jiff.
    #[test]
    fn chrono_and_jiff_agree_around_every_change() {
        let mut changes = 0;
        for name in ZONES.names() {
            let zone: Zone = name.parse().unwrap();
            let rules: &Rules = zone.rules;
            let from = Timestamp::from_second(1_700_000_000).unwrap();
            for change in rules.following(from).take(20) {
                changes += 1;
                let at = change.timestamp().as_second();
                for second in [at - 1, at, at + 1] {
                    let utc = DateTime::from_timestamp(second, 0).unwrap();
                    let ours = utc.with_timezone(&zone);
                    let theirs = rules.to_datetime(Timestamp::from_second(second).unwrap());
                    assert_eq!(
                        ours.format("%Y-%m-%dT%H:%M:%S").to_string(),
                        theirs.to_string(),
                        "{zone:?}"
                    );
                }
                let local = rules.to_datetime(change.timestamp());
                for minutes in [-61, -30, -1, 0, 1, 30, 61] {
                    let local = local + jiff::SignedDuration::from_mins(minutes);
                    let theirs = rules.to_ambiguous_timestamp(local).later().unwrap();
                    let text = local.strftime("%Y-%m-%dT%H:%M").to_string();
                    if local.second() != 0 {
                        continue;
                    }
                    let expiry: shared::expiry::Expiry = text.parse().unwrap();
                    let ours = expiry.resolve(0, &zone).unwrap().unwrap();
                    assert_eq!(ours, theirs.as_millisecond(), "{zone:?} {text}");
                }
            }
        }
        assert!(changes > 1_000, "{changes}");
    }
}
