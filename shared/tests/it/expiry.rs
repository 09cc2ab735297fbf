//! The grammar of expirations: what is read, what is refused, and which instant is meant in UTC. What
//! time zones add is in `expiry_zones`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;
use shared::DAY_MS;
use shared::expiry::{Expiry, ExpiryError, MAX_DAYS, MAX_INSTANT, from_edit, from_form};

fn read(text: &str) -> Result<Expiry, ExpiryError> {
    text.parse()
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date of the calendar")
}

/// The text of the grammar for an expiry, as a page or a program writes it.
fn written(expiry: Expiry) -> String {
    match expiry {
        Expiry::Never => "never".to_owned(),
        Expiry::Days(days) => format!("{days}d"),
        Expiry::EndOf(date) => date.format("%Y-%m-%d").to_string(),
        Expiry::Local(local) => local.format("%Y-%m-%dT%H:%M").to_string(),
        Expiry::At(at) => DateTime::from_timestamp_millis(at)
            .expect("an instant within the calendar")
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    }
}

/// The grammar as the module and the design print it.
#[test]
fn each_form_of_the_grammar_is_read() {
    let minute = date(2026, 11, 26)
        .and_hms_opt(18, 30, 0)
        .expect("a time of the day");
    assert_eq!(read("never"), Ok(Expiry::Never));
    assert_eq!(read("90d"), Ok(Expiry::Days(90)));
    assert_eq!(read("2026-11-26"), Ok(Expiry::EndOf(date(2026, 11, 26))));
    assert_eq!(read("2026-11-26T18:30"), Ok(Expiry::Local(minute)));
    assert_eq!(
        read("2026-11-26T18:30:00Z"),
        Ok(Expiry::At(1_795_717_800_000))
    );
    assert_eq!(
        read("2026-11-26T10:30:00.123-08:00"),
        Ok(Expiry::At(1_795_717_800_123))
    );
    assert_eq!(read("  90d\r\n"), Ok(Expiry::Days(90)));
    assert_eq!(read("2028-02-29"), Ok(Expiry::EndOf(date(2028, 2, 29))));
}

/// Each refusal says what is wrong with this text, and nothing near the grammar slips through.
#[test]
fn each_error_has_its_texts() {
    for text in ["", " ", "\r\n"] {
        assert_eq!(read(text), Err(ExpiryError::Missing), "{text:?}");
    }
    for text in [
        "soon",
        "Never",
        "d",
        "-1d",
        "+1d",
        "1.5d",
        "9 d",
        "90",
        "90D",
        "90dd",
        "9०d",
        "1h",
        "2026-11-31",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-1-1",
        "2026-11-2",
        "26-11-2026",
        "2026/11/26",
        "2026- 1-01",
        "2026-11- 1",
        "+026-11-26",
        "-026-11-26",
        "2026-11-26T",
        "2026-11-26T24:00",
        "2026-11-26T18:60",
        "2026-11-26T 8:30",
        "2026-11-26 18:30",
        "2026-11-26t18:30",
        "2026-11-26T18:30:00",
        "2026-11-26T18:30Z",
        "2026-11-26T18:30:00+24:00",
        "２０２６-11-26",
        "2026−11−26",
        "never\0",
        "\0",
    ] {
        assert_eq!(read(text), Err(ExpiryError::Unreadable), "{text:?}");
    }
    for text in ["36501d", "4294967296d", "99999999999999999999999999d"] {
        assert_eq!(read(text), Err(ExpiryError::TooFar), "{text}");
    }
    assert_eq!(read("0d"), Err(ExpiryError::Past));
    assert_eq!(read("36500d"), Ok(Expiry::Days(MAX_DAYS)));
}

/// The words stand beside a field: each a sentence that says what to do.
#[test]
fn each_error_is_a_sentence() {
    for error in [
        ExpiryError::Missing,
        ExpiryError::Unreadable,
        ExpiryError::TooFar,
        ExpiryError::Past,
    ] {
        assert!(error.to_string().ends_with('.'), "{error:?}");
    }
    assert!(
        ExpiryError::TooFar
            .to_string()
            .contains(&MAX_DAYS.to_string())
    );
}

/// A form sends all its controls; only the chosen one counts, so a forgotten date cannot win.
#[test]
fn a_form_means_its_choice() {
    assert_eq!(from_form("90d", "2026-01-01", "2026-01-01T00:00"), "90d");
    assert_eq!(from_form(" never ", "2026-01-01", ""), "never");
    assert_eq!(from_form("date", " 2026-01-01 ", "x"), "2026-01-01");
    assert_eq!(
        from_form("datetime", "x", " 2026-01-01T00:00"),
        "2026-01-01T00:00"
    );
    assert_eq!(
        read(from_form("date", "", "2026-01-01T00:00")),
        Err(ExpiryError::Missing)
    );
    assert_eq!(
        read(from_form("", "2026-01-01", "")),
        Err(ExpiryError::Missing)
    );
}

/// An edit that chooses nothing leaves the expiration alone; one that chooses a date and names none is wrong.
#[test]
fn an_edit_can_leave_the_expiration_alone() {
    assert_eq!(from_edit("", "2026-01-01", "2026-01-01T00:00"), None);
    assert_eq!(from_edit(" ", "", ""), None);
    assert_eq!(from_edit("never", "2026-01-01", ""), Some("never"));
    assert_eq!(from_edit("date", "2026-01-01", ""), Some("2026-01-01"));
    assert_eq!(from_edit("date", "", "2026-01-01T00:00"), Some(""));
}

/// Days are counted from now by 24 hours, dates end at their last millisecond.
#[test]
fn each_form_has_its_instant() {
    let now = 1_795_000_000_123;
    let at = |text: &str| read(text).and_then(|expiry| expiry.resolve(now, &Utc));
    assert_eq!(at("never"), Ok(None));
    assert_eq!(at("1d"), Ok(Some(now + DAY_MS)));
    assert_eq!(at("36500d"), Ok(Some(now + 36_500 * DAY_MS)));
    assert_eq!(at("2026-11-26"), Ok(Some(1_795_737_599_999)));
    assert_eq!(at("2026-11-26T18:30"), Ok(Some(1_795_717_800_000)));
    assert_eq!(at("1970-01-01T00:00:00Z"), Ok(Some(0)));
}

/// Every stored expiration can be printed as RFC 3339, whose years have four digits.
#[test]
fn the_last_instant_is_the_end_of_year_9999() {
    let at = |text: &str| read(text).and_then(|expiry| expiry.resolve(0, &Utc));
    assert_eq!(at("9999-12-31"), Ok(Some(MAX_INSTANT)));
    assert_eq!(at("9999-12-31T23:59:59.999Z"), Ok(Some(MAX_INSTANT)));
    assert_eq!(
        at("9999-12-31T23:59:59.999-00:01"),
        Err(ExpiryError::TooFar)
    );
    assert_eq!(
        Expiry::Days(1).resolve(MAX_INSTANT, &Utc),
        Err(ExpiryError::TooFar)
    );
    assert_eq!(
        Expiry::Days(1).resolve(i64::MAX, &Utc),
        Err(ExpiryError::TooFar)
    );
    assert_eq!(
        Expiry::EndOf(NaiveDate::MAX).resolve(0, &Utc),
        Err(ExpiryError::TooFar)
    );
    assert_eq!(
        Expiry::Local(NaiveDateTime::MAX).resolve(0, &Utc),
        Err(ExpiryError::TooFar)
    );
}

/// A restored key must work: an expiration of this very millisecond would not let it.
#[test]
fn what_must_lie_ahead_is_after_now() {
    let now = 1_795_737_600_000;
    assert_eq!(
        Expiry::At(now - 1).resolve_later(now, &Utc),
        Err(ExpiryError::Past)
    );
    assert_eq!(
        Expiry::At(now).resolve_later(now, &Utc),
        Err(ExpiryError::Past)
    );
    assert_eq!(
        Expiry::At(now + 1).resolve_later(now, &Utc),
        Ok(Some(now + 1))
    );
    assert_eq!(Expiry::Never.resolve_later(now, &Utc), Ok(None));
    assert_eq!(
        Expiry::EndOf(date(2026, 11, 26)).resolve_later(now, &Utc),
        Err(ExpiryError::Past)
    );
    assert_eq!(
        Expiry::EndOf(date(2026, 11, 26)).resolve_later(now - 2, &Utc),
        Ok(Some(now - 1))
    );
    assert_eq!(
        Expiry::At(MAX_INSTANT + 1).resolve_later(now, &Utc),
        Err(ExpiryError::TooFar)
    );
    assert_eq!(Expiry::At(now - 1).resolve(now, &Utc), Ok(Some(now - 1)));
}

fn expiries() -> impl Strategy<Value = Expiry> {
    let dates = || (0..3_652_059_i64).prop_map(|days| date(0, 1, 1) + TimeDelta::days(days));
    prop_oneof![
        Just(Expiry::Never),
        (1..=MAX_DAYS).prop_map(Expiry::Days),
        dates().prop_map(Expiry::EndOf),
        (dates(), 0..1440_i64).prop_map(|(date, minute)| {
            Expiry::Local(date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute))
        }),
        (-62_000_000_000_000..=MAX_INSTANT).prop_map(Expiry::At),
    ]
}

proptest! {
    #![proptest_config(crate::seeded::cases(2000))]

    /// Undoing writes the expiration before in this grammar: it must come back as it was.
    #[test]
    fn an_expiry_survives_its_text(expiry in expiries()) {
        prop_assert_eq!(read(&written(expiry)), Ok(expiry));
    }

    /// The offset of an RFC 3339 text is heeded, to the millisecond.
    #[test]
    fn an_instant_is_the_same_in_every_offset(at in 0..=MAX_INSTANT - DAY_MS, minutes in -1439..1440) {
        let offset = chrono::FixedOffset::east_opt(minutes * 60).expect("an offset within a day");
        let instant = DateTime::from_timestamp_millis(at).expect("an instant within the calendar");
        let text = instant.with_timezone(&offset).to_rfc3339_opts(chrono::SecondsFormat::Millis, false);
        prop_assert_eq!(read(&text), Ok(Expiry::At(at)), "{}", text);
    }

    /// What RFC 3339 allows is read as chrono reads it, and what is near it is refused alike.
    #[test]
    fn an_instant_is_read_as_chrono_reads_it(
        text in r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,10})?([Zz]|[+-][0-2][0-9]:[0-6][0-9]|)",
    ) {
        let expected = DateTime::parse_from_rfc3339(&text)
            .map(|instant| Expiry::At(instant.timestamp_millis()))
            .map_err(|_| ExpiryError::Unreadable);
        prop_assert_eq!(read(&text), expected, "{}", text);
    }

    /// Arbitrary text never panics, and a text one edit away from the grammar is read strictly or not at all.
    #[test]
    fn what_is_read_is_what_was_written(text in any::<String>(), near in "[0-9]{3,5}[-/ +][ 0-9]{1,3}-[ 0-9]{1,2}(T[ 0-9]{2}:[0-9]{2})?", days in "[ +0-9]{0,12}d") {
        for text in [text, near, days] {
            match read(&text) {
                Ok(Expiry::Days(days)) => prop_assert_eq!(text.trim().trim_start_matches('0'), format!("{days}d")),
                Ok(expiry @ (Expiry::Never | Expiry::EndOf(_) | Expiry::Local(_))) => {
                    prop_assert_eq!(text.trim(), written(expiry));
                }
                Ok(Expiry::At(_)) | Err(_) => {}
            }
        }
    }

    /// What must lie ahead is the same instant or refused, never another one.
    #[test]
    fn looking_ahead_changes_no_instant(expiry in expiries(), now in 0..MAX_INSTANT) {
        match (expiry.resolve(now, &Utc), expiry.resolve_later(now, &Utc)) {
            (Ok(Some(at)), Err(error)) => prop_assert!(at <= now && error == ExpiryError::Past),
            (plain, later) => {
                prop_assert_eq!(plain, later);
                prop_assert!(!matches!(later, Ok(Some(at)) if at <= now));
            }
        }
    }
}

/// The field's last date is the last of every zone, and a year with more digits is too far rather than unreadable.
#[test]
fn the_last_year_is_the_same_in_every_zone() {
    for zone in [
        chrono_tz::Tz::America__Los_Angeles,
        chrono_tz::Tz::UTC,
        chrono_tz::Tz::Pacific__Kiritimati,
    ] {
        for text in ["9999-12-31", "9999-12-31T23:59"] {
            let at = read(text).and_then(|expiry| expiry.resolve(0, &zone));
            assert!(at.is_ok_and(|at| at <= Some(MAX_INSTANT)), "{zone} {text}");
        }
    }
    for text in [
        "10000-01-01",
        "12026-11-26",
        "12026-11-26T12:00",
        "12026-11-26T12:00:00Z",
        "+012026-11-26",
        "275760-09-13",
        "12028-02-29",
    ] {
        assert_eq!(read(text), Err(ExpiryError::TooFar), "{text}");
    }
    for text in [
        "12026-13-26",
        "12026",
        "120261126",
        "2026-11-266",
        "12026-11-26 ",
    ] {
        assert_ne!(read(text).map(drop), Ok(()), "{text}");
    }
    assert_eq!(read("12026-13-26"), Err(ExpiryError::Unreadable));
}
