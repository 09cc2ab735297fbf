//! The subject of a notice: its content and its maximum length.

use shared::DAY_MS;
use vault::mail::compose::{Notice, digest};
use vault::test_support::NOON;
use vault::zones::Zone;

use crate::mail::compose::{HEAD, notice};

fn subject(notices: &[Notice]) -> String {
    digest(HEAD, Zone::utc(), NOON, notices, None).subject
}

#[test]
fn the_subject_counts_and_names() {
    let at = |offset: i64| notice("kh_0", "billing-cron", NOON + offset);
    for (notices, expected) in [
        (
            vec![at(3 * DAY_MS)],
            "1 API key expires within 3 days: billing-cron",
        ),
        (
            vec![at(3 * DAY_MS - 20)],
            "1 API key expires within 3 days: billing-cron",
        ),
        (
            vec![at(3 * DAY_MS + 1)],
            "1 API key expires within 4 days: billing-cron",
        ),
        (
            vec![at(DAY_MS)],
            "1 API key expires within 1 day: billing-cron",
        ),
        (vec![at(1)], "1 API key expires within 1 day: billing-cron"),
        (vec![at(0)], "1 API key has expired: billing-cron"),
        (
            vec![at(-DAY_MS), at(-2 * DAY_MS)],
            "2 API keys have expired: billing-cron, billing-cron",
        ),
        (
            vec![at(-1), at(DAY_MS), at(30 * DAY_MS)],
            "1 API key has expired, 2 expire within 30 days: billing-cron, billing-cron, billing-cron",
        ),
    ] {
        assert_eq!(subject(&notices), expected);
    }
}

#[test]
fn a_subject_has_a_bound() {
    let long = "Ä".repeat(80);
    let notices = [
        notice("kh_0", &long, NOON),
        notice("kh_1", &long, NOON),
        notice("kh_2", &long, NOON + 1),
        notice("kh_3", &long, NOON + 1),
    ];
    let subject = subject(&notices);
    assert!(subject.chars().count() <= 200, "{subject}");
    assert!(subject.ends_with("… and 1 more"), "{subject}");
}
