//! Restores with clocks that ran ahead or are set back: neither revives a revoked key.

use std::sync::Arc;

use vault::accept_clock;
use vault::clock::ManualClock;
use vault::test_support::{DAY, Fixture, HOUR, NOON, at, expire, options};

use crate::restore::revocation::{restore, stop, wanted};
use crate::start::clock::accepted;
use crate::storage::backups::{back_up, backup_file, start};

/// A clock that is set back revives nothing across a restore either.
#[tokio::test]
async fn a_restore_does_not_lower_the_clock() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "brief", &at(NOON + DAY)).await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    site.clock.set(NOON + 2 * DAY);
    site.key(&member, "another", "90d").await;
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON + HOUR).await.unwrap();
    let site = start(folder, NOON + HOUR).await;
    assert!(site.vault.now() >= NOON + 2 * DAY);
    assert_eq!(site.verdict(&key), "expired");
}

/// A key that a jump expired, and that was then expired manually, stays expired after a restore and an accepted clock.
#[tokio::test]
async fn a_restore_keeps_that_a_key_was_expired_manually() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let leaked = site.key(&member, "leaked", "90d").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    site.clock.advance(400 * DAY);
    site.sign_in_again(&member).await;
    expire(&site.vault, &member, &leaked.access_key.to_string()).await;
    let folder = stop(site).await;
    let right = NOON + 2 * HOUR;
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), right).await.unwrap();
    let site = accepted(start(folder, right).await, right).await;
    assert_eq!(site.verdict(&leaked), "expired");
}

/// A deleted key stays deleted after a restore and `keyhold clock accept`, even one that would have expired within the
/// jump.
#[tokio::test]
async fn no_deleted_key_comes_back_by_a_restore_and_an_accepted_clock() {
    // The machine's clock is corrected before the restore, or after it.
    let right = NOON + 2 * HOUR;
    for (deleted_in_leap, restored_at) in
        [(false, right), (false, right + 400 * DAY), (true, right)]
    {
        let site = Fixture::new().await;
        site.leave_mail();
        let member = site.member("a@example.com").await;
        let deleted = site.key(&member, "deleted", "90d").await;
        let untouched = site.key(&member, "untouched", "90d").await;
        back_up(&site, &backup_file(&site)).await.unwrap();
        site.clock
            .advance(if deleted_in_leap { 400 * DAY } else { HOUR });
        site.sign_in_again(&member).await;
        let key = deleted.access_key.to_string();
        let actor = &member.actor;
        let done = site.vault.delete_key(actor, &key, "deleted");
        done.await.unwrap();
        if !deleted_in_leap {
            site.clock.advance(400 * DAY);
        }
        site.vault.sweep().await.unwrap();
        let folder = stop(site).await;
        let file = folder.path().join("backup.db");
        restore(&folder, &wanted(&file), restored_at).await.unwrap();
        let url = options(&folder).database_url;
        let clock = Arc::new(ManualClock::at(right));
        assert!(accept_clock(&url, clock, false).await.unwrap().is_some());
        let site = start(folder, right).await;
        assert_eq!(site.verdict(&untouched), "good");
        assert_eq!(
            site.verdict(&deleted),
            "expired",
            "{deleted_in_leap} {restored_at}"
        );
    }
}
