//! The clock: its floor across restarts, and the instants of changes that wait for each other.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use vault::accept_clock;
use vault::clock::{Clock, ManualClock};
use vault::readiness::Cause;
use vault::test_support::{
    DAY, Fixture, Folder, HOUR, Mailbox, NOON, PASSWORD, SECOND, at, expire, newcomer, options,
};
use vault::{Caller, OpenError, SavePreferences, Vault};

use crate::storage::backups::start;

/// Reopens the files with a clock that shows `wall`.
async fn restarted(site: Fixture, wall: i64) -> Fixture {
    site.reopened_with(Arc::new(ManualClock::at(wall))).await
}

/// A change takes its time when its turn comes. With an earlier time, a key that expires meanwhile would be good again
/// after a restart with the clock set back.
#[tokio::test]
async fn changes_are_dated_in_their_order() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let [doomed, deleted] = [
        site.key(&member, "doomed", "90d").await,
        site.key(&member, "deleted", "90d").await,
    ];
    let mut foreign = site.foreign_write().await;
    let spawn = |change: ChangeOf| {
        let (vault, actor) = (site.vault.clone(), member.actor.clone());
        let keys = [doomed.access_key, deleted.access_key].map(|key| key.to_string());
        tokio::spawn(async move {
            match change {
                ChangeOf::Expire => {
                    let expired = vault.expire_key(&actor, &keys[0]).await;
                    expired.map(drop)
                }
                ChangeOf::Delete => {
                    let deleted = vault.delete_key(&actor, &keys[1], "deleted").await;
                    deleted.map(drop)
                }
                ChangeOf::Preferences => {
                    let saved = vault
                        .save_preferences(
                            &actor,
                            SavePreferences {
                                time_zone: "UTC",
                                warning_days: "7",
                                ..SavePreferences::default()
                            },
                        )
                        .await;
                    saved.map(drop)
                }
                ChangeOf::SignOut => vault.sign_out(&actor).await,
            }
        })
    };
    let mut waiting = Vec::new();
    for change in [
        ChangeOf::Expire,
        ChangeOf::Delete,
        ChangeOf::Preferences,
        ChangeOf::SignOut,
    ] {
        waiting.push(spawn(change));
        // Yields until the change waits for its turn; the held lock stops it there.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    site.clock.advance(SECOND);
    sqlx::query("ROLLBACK").execute(&mut foreign).await.unwrap();
    for change in waiting {
        change.await.unwrap().unwrap();
    }
    let dated: Vec<(i64,)> = sqlx::query_as("SELECT at FROM audit ORDER BY id DESC LIMIT 4")
        .fetch_all(&mut foreign)
        .await
        .unwrap();
    assert_eq!(dated, [(NOON + SECOND,); 4]);
    foreign.close().await.unwrap();
    let site = restarted(site, NOON).await;
    assert_eq!(site.verdict(&doomed), "expired");
}

#[derive(Clone, Copy)]
enum ChangeOf {
    Expire,
    Delete,
    Preferences,
    SignOut,
}

/// The floor is the latest instant in the trail: an earlier version could write an entry older than the one before it.
#[tokio::test]
async fn the_floor_is_the_latest_instant_of_the_trail() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    site.clock.advance(HOUR);
    expire(
        &site.vault,
        &member,
        &member.default_key.access_key.to_string(),
    )
    .await;
    let mut database = site.database().await;
    sqlx::query(
        "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
         SELECT MAX(id) + 1, $1, 'acc_x', 'account.signed_out', '', '', NULL, '' FROM audit",
    )
    .bind(NOON)
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    let site = restarted(site, NOON).await;
    assert_eq!(site.verdict(&member.default_key), "expired");
    assert_eq!(site.vault.now(), NOON + HOUR);
}

/// A key that expired on its own stays expired when the machine restarts an hour behind, from the first moment on and
/// after a failed start.
#[tokio::test]
async fn expired_keys_stay_expired_over_restarts() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", &at(NOON + HOUR)).await;
    site.clock.set(NOON + HOUR + 1);
    assert_eq!(site.verdict(&key), "expired");
    Mailbox::of(&site).notices(&site.vault).await;
    let mut site = restarted(site, NOON).await;
    for _ in 0..3 {
        assert_eq!(site.verdict(&key), "expired");
        assert_eq!(site.vault.now(), NOON + HOUR + 1);
        // No sweep and no close, as after a kill.
        let Fixture { folder, vault, .. } = site;
        drop(vault);
        let clock = Arc::new(ManualClock::at(NOON));
        let vault = opened_after_a_kill(&folder, clock.clone()).await;
        site = Fixture::of(folder, clock, vault);
    }
    site.clock.set(NOON + HOUR + 2);
    assert_eq!(site.vault.now(), NOON + HOUR + 2, "and time goes on");
}

/// Opens the vault after a kill. The lock is released a moment after the last handle is dropped.
async fn opened_after_a_kill(folder: &Folder, clock: Arc<dyn Clock>) -> Vault {
    loop {
        match Vault::open(&options(folder), clock.clone()).await {
            Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

/// A page view an hour later is recorded too, without any other change.
#[tokio::test]
async fn a_session_in_use_is_recorded() {
    let site = Fixture::new().await;
    let signed_up = site
        .vault
        .sign_up(&Caller::default(), newcomer("a@example.com"))
        .await
        .unwrap();
    site.clock.advance(2 * DAY);
    site.session(&signed_up.session).await.unwrap();
    let site = restarted(site, NOON).await;
    assert_eq!(site.vault.now(), NOON + 2 * DAY);
    // Changes go on from there, although the database has no change of that time.
    site.vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
}

/// A jump of 400 days with a sign-in in it is reported, and the operator can end it. Changes that a person made
/// meanwhile hold.
#[tokio::test]
async fn a_jump_ahead_is_reported_and_can_be_corrected() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let member = site.member("a@example.com").await;
    let dated = site.key(&member, "dated", "90d").await;
    let retired = site.key(&member, "retired", "never").await;
    site.clock.advance(400 * DAY);
    site.vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    site.sign_in_again(&member).await;
    expire(&site.vault, &member, &retired.access_key.to_string()).await;
    assert!(!mailbox.notices(&site.vault).await.is_empty());

    let right = NOON + HOUR;
    let site = restarted(site, right).await;
    assert_eq!(site.verdict(&dated), "expired", "it fails closed");
    assert_eq!(
        site.vault.clock_ahead(),
        Duration::from_hours(24 * 400 - 1),
        "for as long as that"
    );
    site.vault.watch_clock(std::future::ready(())).await;
    let fault = site.vault.readiness().fault(Cause::Clock).unwrap();
    assert!(fault.contains("`keyhold clock accept`"), "{fault}");

    let url = options(&site.folder).database_url;
    let machine = Arc::new(ManualClock::at(right));
    let trail = "SELECT COUNT(*), MAX(at) FROM audit";
    let mut database = site.database().await;
    let before: (i64, i64) = sqlx::query_as(trail)
        .fetch_one(&mut database)
        .await
        .unwrap();
    site.vault.close().await;
    let Fixture { folder, vault, .. } = site;
    drop(vault);
    for dry_run in [true, false] {
        let accepted = accept_clock(&url, machine.clone(), dry_run).await.unwrap();
        let accepted = accepted.unwrap();
        assert_eq!((accepted.now, accepted.recorded), (right, NOON + 400 * DAY));
        let expired = [("retired".to_owned(), retired.access_key.to_string())];
        assert_eq!(accepted.expired, expired);
    }
    assert!(
        accept_clock(&url, machine.clone(), false)
            .await
            .unwrap()
            .is_none(),
        "there is nothing left to do"
    );
    // A start is another process, with a clock of its own.
    let machine = Arc::new(ManualClock::at(right));
    let vault = Vault::open(&options(&folder), machine.clone())
        .await
        .unwrap();
    let site = Fixture::of(folder, machine, vault);
    assert_eq!(site.vault.now(), right);
    assert_eq!(site.vault.clock_ahead(), Duration::ZERO);
    assert_eq!(site.verdict(&dated), "good");
    assert_eq!(site.verdict(&retired), "expired");
    let after: (i64, i64) = sqlx::query_as(trail)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(after, before, "the trail is as it was");
    // Notices that were sent too early are sent again when they are due, and not before.
    assert_eq!(mailbox.notices(&site.vault).await.len(), 0);
    site.clock.set(NOON + 76 * DAY + 1);
    assert_eq!(mailbox.notices(&site.vault).await.len(), 1);
    database.close().await.unwrap();
}

/// Stops `site`, accepts the machine's clock at `right` and restarts.
pub async fn accepted(site: Fixture, right: i64) -> Fixture {
    let machine = Arc::new(ManualClock::at(right));
    site.vault.close().await;
    let Fixture { folder, vault, .. } = site;
    drop(vault);
    let url = options(&folder).database_url;
    let done = accept_clock(&url, machine.clone(), false).await.unwrap();
    assert!(done.is_some(), "there was something to accept");
    start(folder, right).await
}

/// An acknowledged Expire holds, although the jump had expired the key before the button was pressed.
#[tokio::test]
async fn keys_expired_manually_in_a_jump_stay_expired() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let leaked = site.key(&member, "leaked", "90d").await;
    let dated = site.key(&member, "dated", "90d").await;
    site.clock.advance(400 * DAY);
    site.sign_in_again(&member).await;
    let access_key = leaked.access_key.to_string();
    let actor = &member.actor;
    for _ in 0..2 {
        let pressed = site.vault.expire_key(actor, &access_key).await;
        let changed = pressed.unwrap();
        assert_eq!(changed.expiry, at(NOON + 90 * DAY), "it keeps its date");
    }
    let (recorded,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM audit WHERE action = 'key.expired' AND subject = $1")
            .bind(&access_key)
            .fetch_one(&mut site.database().await)
            .await
            .unwrap();
    assert_eq!(recorded, 1);
    let site = accepted(site, NOON + HOUR).await;
    assert_eq!(site.verdict(&leaked), "expired");
    assert_eq!(site.verdict(&dated), "good");
    assert_eq!(site.reopened().await.verdict(&leaked), "expired");
}

/// The fault of a clock that is behind ends once that clock has caught up.
#[tokio::test]
async fn a_stopped_clock_continues_by_itself() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let site = restarted(site, NOON - HOUR).await;
    let look = async || {
        site.vault.watch_clock(std::future::ready(())).await;
        site.vault.readiness().fault(Cause::Clock).is_some()
    };
    assert!(look().await);
    site.clock.set(NOON - 4 * SECOND);
    assert!(!look().await, "an ordinary correction");
    site.clock.set(NOON + SECOND);
    assert!(!look().await);
}
