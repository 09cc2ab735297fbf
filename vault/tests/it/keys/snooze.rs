//! Snoozes: until when an alarm is put off, and what brings it back earlier.

use vault::test_support::{
    DAY, Fixture, HOUR, Mailbox, Member, NOON, at, expire, messages, restore,
};
use vault::{Error, NewKey};

/// A fixture with one account.
struct Site {
    fixture: Fixture,
    member: Member,
}

impl Site {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        fixture.leave_mail();
        let member = fixture.member("a@example.com").await;
        Self { fixture, member }
    }

    async fn key(&self, expiry: &str) -> NewKey {
        self.fixture.key(&self.member, "staging", expiry).await
    }

    async fn snooze(&self, key: &NewKey, until: &str) -> Result<String, Error> {
        let access_key = key.access_key.to_string();
        let vault = &self.fixture.vault;
        let snoozed = vault.snooze_key(&self.member.actor, &access_key, until);
        snoozed.await.map(|snoozed| snoozed.sentence())
    }

    /// Returns the numbers of keys in the banner and of snoozed ones. The alarms count the former.
    async fn shown(&self) -> (usize, usize) {
        let overview = self.fixture.vault.overview(self.member.actor.account());
        let overview = overview.await.unwrap();
        let alarms = usize::try_from(overview.alarms.total()).unwrap();
        assert_eq!(overview.attention.len(), alarms);
        (alarms, overview.snoozed.len())
    }

    async fn refuse(&self, key: &NewKey, address: &str) {
        sqlx::query(
            "INSERT INTO callers (access_key, address, agent, seen_at, refused_at) VALUES ($1, $2, '', $3, $3)",
        )
        .bind(key.access_key.to_string())
        .bind(address)
        .bind(self.fixture.vault.now())
        .execute(&mut self.fixture.database().await)
        .await
        .unwrap();
    }
}

const ALARM: (usize, usize) = (1, 0);
const SNOOZED: (usize, usize) = (0, 1);

#[tokio::test]
async fn a_snooze_ends_at_its_instant_or_on_request() {
    let site = Site::new().await;
    let key = site.key("10d").await;
    assert_eq!(site.shown().await, ALARM);
    let said = site.snooze(&key, "1d").await.unwrap();
    assert_eq!(said, "staging is snoozed until Tue 24 Nov 2026, 12:00 UTC.");
    assert_eq!(site.shown().await, SNOOZED);
    site.fixture.clock.set(NOON + DAY - 1);
    assert_eq!(site.shown().await, SNOOZED);
    site.fixture.clock.set(NOON + DAY);
    assert_eq!(site.shown().await, ALARM);
    site.snooze(&key, "2026-11-27").await.unwrap();
    assert_eq!(site.shown().await, SNOOZED);
    let said = site.snooze(&key, "now").await.unwrap();
    assert_eq!(said, "staging is no longer snoozed.");
    assert_eq!(site.shown().await, ALARM);
    site.snooze(&key, "now").await.unwrap();
}

/// The owner put off a warning, not the expiration itself. The mails are sent as ever.
#[tokio::test]
async fn a_key_that_expires_comes_back() {
    let site = Site::new().await;
    let mut mailbox = Mailbox::of(&site.fixture);
    let key = site.key("2d").await;
    site.snooze(&key, "30d").await.unwrap();
    site.fixture.clock.set(NOON + 2 * DAY - 1);
    assert_eq!(site.shown().await, SNOOZED);
    site.fixture.clock.set(NOON + 2 * DAY);
    assert_eq!(site.shown().await, ALARM);
    site.fixture.clock.advance(HOUR);
    let mails = mailbox.notices(&site.fixture.vault).await;
    assert!(mails.iter().any(|mail| mail.subject.contains("staging")));
    // Knowing that it has expired, the owner can put it off again.
    site.snooze(&key, "7d").await.unwrap();
    assert_eq!(site.shown().await, SNOOZED);
}

#[tokio::test]
async fn a_key_that_begins_to_fail_comes_back() {
    let site = Site::new().await;
    let key = site.key("1d").await;
    site.fixture.clock.advance(2 * DAY);
    site.snooze(&key, "5d").await.unwrap();
    assert_eq!(site.shown().await, SNOOZED);
    site.refuse(&key, "192.0.2.1").await;
    assert_eq!(site.shown().await, ALARM);
    // A failing key is put off until another program fails too.
    site.snooze(&key, "5d").await.unwrap();
    assert_eq!(site.shown().await, SNOOZED);
    site.refuse(&key, "192.0.2.2").await;
    assert_eq!(site.shown().await, ALARM);
}

#[tokio::test]
async fn another_expiration_is_another_alarm() {
    let site = Site::new().await;
    let key = site.key("3d").await;
    let access_key = key.access_key.to_string();
    site.snooze(&key, "30d").await.unwrap();
    restore(
        &site.fixture.vault,
        &site.member,
        &access_key,
        &at(NOON + 4 * DAY),
    )
    .await;
    assert_eq!(site.shown().await, ALARM);
    site.snooze(&key, "30d").await.unwrap();
    expire(&site.fixture.vault, &site.member, &access_key).await;
    assert_eq!(site.shown().await, (0, 0), "expired manually and silent");
}

#[tokio::test]
async fn a_snooze_has_an_end_and_a_key() {
    let site = Site::new().await;
    let key = site.key("3d").await;
    for (until, message) in [
        ("", "until: Choose until when to snooze the key."),
        (
            "2026-11-23",
            "until: This date is in the past. Choose a later one.",
        ),
        (
            "never",
            "until: Choose until when: 7d, 2026-11-26, 2026-11-26T18:30 or an RFC 3339 timestamp.",
        ),
    ] {
        assert_eq!(messages(site.snooze(&key, until).await), message);
    }
    let endless = site.fixture.key(&site.member, "endless", "never").await;
    assert_eq!(
        messages(site.snooze(&endless, "1d").await),
        "until: This key never expires, so there is nothing to snooze."
    );
    let stranger = site.fixture.member("b@example.com").await;
    let access_key = key.access_key.to_string();
    for access_key in [access_key.as_str(), "kh_0000000000000000", ""] {
        let foreign = site
            .fixture
            .vault
            .snooze_key(&stranger.actor, access_key, "1d");
        assert!(
            matches!(foreign.await, Err(Error::NotFound)),
            "{access_key}"
        );
    }
    assert_eq!(site.shown().await, ALARM);
}
