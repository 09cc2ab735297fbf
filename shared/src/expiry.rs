//! The grammar of expirations, as people and programs write them, and its conversion to an instant.
//!
//! | text | means |
//! | --- | --- |
//! | `never` | no expiration |
//! | `90d` | that many days of 24 hours from now |
//! | `2026-11-26` | the end of that day in the account's time zone |
//! | `2026-11-26T18:30` | that minute in the account's time zone |
//! | `2026-11-26T18:30:00Z` | that instant (RFC 3339) |
//!
//! A local time that occurs twice (clocks go back) or never (clocks go forward) means the later
//! instant: a key never expires before the time that its page shows.

use std::str::FromStr;

use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta,
    TimeZone,
};

use crate::DAY_MS;

/// The most days `<n>d` may ask for (about a hundred years).
pub const MAX_DAYS: u32 = 36_500;

/// The last instant an expiration may name: 9999-12-31T23:59:59.999Z, the last year of RFC 3339.
pub const MAX_INSTANT: i64 = 253_402_300_799_999;

/// The year of [`MAX_INSTANT`], and the last that a local date may name.
const LAST_YEAR: i32 = 9999;

/// An expiration as asked for, before a clock and a time zone give it an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expiry {
    Never,
    /// Days of 24 hours from now.
    Days(u32),
    /// The end of a day in the account's zone.
    EndOf(NaiveDate),
    /// A minute in the account's zone.
    Local(NaiveDateTime),
    /// UTC epoch milliseconds.
    At(i64),
}

/// The reason why a text is not an expiration. `Display` is the sentence for the field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExpiryError {
    Missing,
    Unreadable,
    TooFar,
    Past,
}

impl std::fmt::Display for ExpiryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "Choose when the key expires.",
            Self::Unreadable => {
                "We can't read this date. Use never, 90d, 2026-11-26, 2026-11-26T18:30 or an RFC 3339 timestamp."
            }
            Self::TooFar => "Too far ahead: the limits are 36500 days and the year 9999.",
            Self::Past => "This date is in the past. Choose a later one.",
        })
    }
}

/// Returns the text of a form's choice: the choice itself, or the date or date and time beside it when the choice is
/// `date` or `datetime`.
pub fn from_form<'a>(choice: &'a str, date: &'a str, datetime: &'a str) -> &'a str {
    match choice.trim() {
        "date" => date.trim(),
        "datetime" => datetime.trim(),
        other => other,
    }
}

/// As [`from_form`], for a form that can leave the expiration as it is: none if nothing was chosen. A choice of `date`
/// without a date beside it is empty, and invalid.
pub fn from_edit<'a>(choice: &'a str, date: &'a str, datetime: &'a str) -> Option<&'a str> {
    (!choice.trim().is_empty()).then(|| from_form(choice, date, datetime))
}

impl FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ExpiryError::Missing);
        }
        if text == "never" {
            return Ok(Self::Never);
        }
        if !text.is_ascii() {
            return Err(ExpiryError::Unreadable);
        }
        if let Some(days) = text.strip_suffix('d') {
            return parse_days(days);
        }
        if is_beyond(text) {
            return Err(ExpiryError::TooFar);
        }
        match text.len() {
            10 => date(text).map(Self::EndOf),
            16 => minute(text).map(Self::Local),
            _ => instant(text).map(Self::At),
        }
        .ok_or(ExpiryError::Unreadable)
    }
}

/// Returns whether a text is a date with more than four digits of the year, which a browser's date field can hold.
fn is_beyond(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = text.get(year..).filter(|_| year > 4) else {
        return false;
    };
    // A leap year, so that it has every day.
    let alike = format!("9996{rest}");
    match alike.len() {
        10 => date(&alike).is_some(),
        16 => minute(&alike).is_some(),
        _ => instant(&alike).is_some(),
    }
}

fn parse_days(digits: &str) -> Result<Expiry, ExpiryError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ExpiryError::Unreadable);
    }
    match digits.parse() {
        Ok(0) => Err(ExpiryError::Past),
        Ok(days @ ..=MAX_DAYS) => Ok(Expiry::Days(days)),
        _ => Err(ExpiryError::TooFar),
    }
}

// chrono's own parser handles any format, and would be a tenth of the WASM. It would also accept signs, short years and
// blanks before a number, which the grammar does not have.

fn date(text: &str) -> Option<NaiveDate> {
    let [year, month, day] = numbers(text, "####-##-##")?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn minute(text: &str) -> Option<NaiveDateTime> {
    let (day, time) = text.split_once('T')?;
    let [hour, minute] = numbers(time, "##:##")?;
    date(day)?.and_hms_opt(hour, minute, 0)
}

/// Parses RFC 3339 with all its options: `t`, `z` and a blank between date and time, any number of digits after the
/// second, and leap seconds, which here last as long as the second that follows.
fn instant(text: &str) -> Option<i64> {
    let (day, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
    let [hour, minute, second @ ..=60] = numbers(time, "##:##:##")? else {
        return None;
    };
    let minute = date(day)?.and_hms_opt(hour, minute, 0)?;
    let (thousandths, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, zone) = rest.split_at(digits);
            let padded = format!("{fraction}00");
            let [thousandths] = numbers(padded.get(..3)?, "###")?;
            (thousandths, zone)
        }
        None => (0, rest),
    };
    let ahead = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours @ ..=23, minutes @ ..=59] = numbers(offset, "##:##")? else {
                return None;
            };
            let ahead = i64::from(60 * hours + minutes) * 60_000;
            if sign == "+" { ahead } else { -ahead }
        }
        _ => return None,
    };
    let within = i64::from(second * 1000 + thousandths);
    Some(minute.and_utc().timestamp_millis() + within - ahead)
}

/// Returns the numbers in a text that has a digit for each `#` of the shape and the same character elsewhere.
fn numbers<const N: usize>(text: &str, shape: &str) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut number = numbers.iter_mut();
    let mut current = number.next()?;
    if text.len() != shape.len() {
        return None;
    }
    for (byte, wanted) in text.bytes().zip(shape.bytes()) {
        match (byte, wanted) {
            (b'0'..=b'9', b'#') => *current = 10 * *current + u32::from(byte - b'0'),
            _ if byte == wanted && wanted != b'#' => current = number.next()?,
            _ => return None,
        }
    }
    Some(numbers)
}

impl Expiry {
    /// Returns the instant in UTC epoch milliseconds; none means never. A past instant is returned as it is: whether it
    /// is allowed depends on the operation ([`Expiry::resolve_later`]).
    ///
    /// # Errors
    /// [`ExpiryError::TooFar`] beyond [`MAX_INSTANT`].
    pub fn resolve<Tz: TimeZone>(self, now: i64, zone: &Tz) -> Result<Option<i64>, ExpiryError> {
        let at = match self {
            Self::Never => return Ok(None),
            Self::Days(days) => now.saturating_add(i64::from(days) * DAY_MS),
            Self::EndOf(date) => within(end_of_day(date, zone), date.year()),
            Self::Local(local) => within(local_instant(local, zone), local.year()),
            Self::At(at) => at,
        };
        if at > MAX_INSTANT {
            Err(ExpiryError::TooFar)
        } else {
            Ok(Some(at))
        }
    }

    /// As [`Expiry::resolve`], for an expiration that must lie ahead: of a new key, or a restored one.
    ///
    /// # Errors
    /// Also [`ExpiryError::Past`] for an instant that is not after `now`.
    pub fn resolve_later<Tz: TimeZone>(
        self,
        now: i64,
        zone: &Tz,
    ) -> Result<Option<i64>, ExpiryError> {
        match self.resolve(now, zone)? {
            Some(at) if at <= now => Err(ExpiryError::Past),
            later => Ok(later),
        }
    }
}

/// Returns the instant of a local time. West of Greenwich the last hours of the last year lie beyond it in UTC; they
/// mean the last instant.
fn within(at: i64, year: i32) -> i64 {
    if year <= LAST_YEAR {
        at.min(MAX_INSTANT)
    } else {
        at
    }
}

/// Returns the UTC epoch milliseconds of a local time: of a fold the later occurrence, and of a gap the instant that
/// the clock from before the gap would have shown, which is the later of the two readings.
fn local_instant<Tz: TimeZone>(local: NaiveDateTime, zone: &Tz) -> i64 {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) => instant.timestamp_millis(),
        LocalResult::Ambiguous(one, other) => one.timestamp_millis().max(other.timestamp_millis()),
        LocalResult::None => gap_instant(local, zone),
    }
}

fn gap_instant<Tz: TimeZone>(local: NaiveDateTime, zone: &Tz) -> i64 {
    let offset = before_gap(local, zone).map_or(0, |(_, offset)| offset);
    local.and_utc().timestamp_millis() - offset
}

/// Steps back to the last quarter of an hour that exists, and returns it with its offset in milliseconds. The
/// longest gap on record is one day (Samoa, 30 December 2011).
fn before_gap<Tz: TimeZone>(local: NaiveDateTime, zone: &Tz) -> Option<(NaiveDateTime, i64)> {
    (1..=26 * 4)
        .filter_map(|quarters| local.checked_sub_signed(TimeDelta::minutes(15 * quarters)))
        .find_map(|before| Some((before, zone.offset_from_local_datetime(&before).latest()?)))
        .map(|(before, offset)| (before, i64::from(offset.fix().local_minus_utc()) * 1000))
}

/// Returns the last millisecond whose local date is `date`. If the clocks jump over midnight (Nuuk: from 23:00
/// to 00:00 each March) the day ends with the gap's beginning. A day that was skipped entirely has no end,
/// and follows the rule for gaps.
fn end_of_day<Tz: TimeZone>(date: NaiveDate, zone: &Tz) -> i64 {
    let end =
        date.and_time(NaiveTime::from_hms_milli_opt(23, 59, 59, 999).unwrap_or(NaiveTime::MIN));
    let LocalResult::None = zone.from_local_datetime(&end) else {
        return local_instant(end, zone);
    };
    let next_day = gap_instant(end, zone);
    let Some((before, offset)) = before_gap(end, zone).filter(|(before, _)| before.date() == date)
    else {
        return next_day;
    };
    let (mut on_day, mut after) = (before.and_utc().timestamp_millis() - offset, next_day);
    while after - on_day > 1 {
        let middle = i64::midpoint(on_day, after);
        match DateTime::from_timestamp_millis(middle) {
            Some(instant) if instant.with_timezone(zone).date_naive() <= date => on_day = middle,
            _ => after = middle,
        }
    }
    on_day
}
