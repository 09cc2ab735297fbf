//! Time zones: a date means the end of that day in the account's zone, by the newest tables.

use vault::test_support::{Fixture, at};

/// Dates follow a law newer than many programs: British Columbia stays on summer time from 2026 on. The other zones are
/// unchanged.
#[tokio::test]
async fn a_date_ends_with_the_day_by_the_newest_tables() {
    let fixture = Fixture::new().await;
    for (number, (zone, date, end)) in [
        (
            "America/Vancouver",
            "2026-12-15",
            "2026-12-16T06:59:59.999Z",
        ),
        (
            "america/vancouver",
            "2027-01-31",
            "2027-02-01T06:59:59.999Z",
        ),
        (
            "America/Los_Angeles",
            "2026-12-15",
            "2026-12-16T07:59:59.999Z",
        ),
        ("Asia/Kathmandu", "2026-12-15", "2026-12-15T18:14:59.999Z"),
        ("Asia/Katmandu", "2026-12-15", "2026-12-15T18:14:59.999Z"),
        ("US/Pacific", "2027-07-01", "2027-07-02T06:59:59.999Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let member = fixture
            .member_in(&format!("{number}@example.com"), zone)
            .await;
        let key = fixture.key(&member, "until", date).await;
        assert_eq!(at(key.expires_at.unwrap()), end, "{zone} {date}");
    }
}
