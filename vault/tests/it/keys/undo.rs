//! Undo: a change is taken back exactly, or refused with a reason.

mod sequences;

use shared::view::BulkChanged;
use vault::test_support::{
    DAY, Fixture, HOUR, MINUTE, Mailbox, Member, NOON, at, edit, restoration,
};
use vault::{BulkChange, EditKey, Error, NewKey};

use crate::start::clock::accepted;

/// Everything that is stored of a key and can be changed.
pub type State = (String, String, String, Option<i64>, i64);

pub async fn states(site: &Fixture) -> Vec<State> {
    let mut database = site.database().await;
    sqlx::query_as(
        "SELECT access_key, name || '|' || description, folded, expires_at, expiration_set_at
         FROM api_keys ORDER BY access_key",
    )
    .fetch_all(&mut database)
    .await
    .unwrap()
}

async fn undo(site: &Fixture, member: &Member, change: &str) -> Result<BulkChanged, Error> {
    site.vault.undo(&member.actor, change).await
}

/// Returns the reason of a refusal.
fn refusal(result: Result<BulkChanged, Error>) -> String {
    match result {
        Err(Error::Conflict(conflict)) => conflict.message,
        other => panic!("not refused: {other:?}"),
    }
}

async fn expire(site: &Fixture, member: &Member, key: &NewKey) -> String {
    let access_key = key.access_key.to_string();
    let expired = site.vault.expire_key(&member.actor, &access_key).await;
    expired.unwrap().change
}

async fn restore(site: &Fixture, member: &Member, key: &NewKey, expiry: &str) -> String {
    let access_key = key.access_key.to_string();
    let restoration = restoration(&access_key, expiry);
    let restored = site.vault.restore_key(&member.actor, restoration).await;
    restored.unwrap().change
}

#[tokio::test]
async fn every_change_but_deletion_is_taken_back_exactly() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "staging", "60d").await;
    let access_key = key.access_key.to_string();
    site.clock.advance(HOUR);
    for what in ["expire", "extend", "edit", "rename"] {
        let before = states(&site).await;
        let changed = match what {
            "expire" => site.vault.expire_key(&member.actor, &access_key).await,
            "extend" => {
                let restoration = restoration(&access_key, "90d");
                site.vault.restore_key(&member.actor, restoration).await
            }
            "edit" => {
                let edit = edit(&access_key, "renamed", "why", "1d");
                site.vault.edit_key(&member.actor, edit).await
            }
            _ => {
                let rename = EditKey {
                    access_key: &access_key,
                    name: Some("renamed"),
                    ..EditKey::default()
                };
                site.vault.edit_key(&member.actor, rename).await
            }
        };
        let change = changed.unwrap().change;
        assert_ne!(states(&site).await, before, "{what}");
        site.clock.advance(MINUTE);
        let undone = undo(&site, &member, &change).await.unwrap();
        assert_eq!(states(&site).await, before, "{what}");
        assert_eq!((undone.count, undone.change.as_str()), (1, ""), "{what}");
        assert_eq!(site.verdict(&key), "good", "{what}");
        let sentence = match what {
            "rename" => "Undone: staging is as it was.",
            _ => "Undone: staging expires 22 Jan 2027, 12:00 UTC (in 60 days).",
        };
        assert_eq!(undone.sentence, sentence, "{what}");
    }
    let detail = site.vault.show_key(member.actor.account(), &access_key);
    let history = detail.await.unwrap().history;
    assert_eq!(history[0].what, "Undone: the edit");
    assert_eq!(history[2].what, "Undone: the edit");
    assert_eq!(history[6].what, "Undone: the manual expiration");
    let changes: Vec<_> = history[3].changes.iter().collect();
    let sides: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change.field.as_str(),
                change.from.as_str(),
                change.to.as_str(),
            )
        })
        .collect();
    assert_eq!(
        sides,
        [
            ("Name", "staging", "renamed"),
            ("Description", "", "why"),
            (
                "Expiration",
                "Fri 22 Jan 2027, 12:00 UTC",
                "Tue 24 Nov 2026, 13:02 UTC"
            ),
        ]
    );
    assert!(history.iter().all(|entry| entry.who == "you"));

    let deleted = site
        .vault
        .delete_key(&member.actor, &access_key, "staging")
        .await;
    assert_eq!(deleted.unwrap().change, "");
}

#[tokio::test]
async fn a_change_says_what_it_changed_and_to_when() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "staging", "1d").await;
    let access_key = key.access_key.to_string();
    let (vault, actor) = (&site.vault, &member.actor);
    let restored = vault
        .restore_key(actor, restoration(&access_key, "90d"))
        .await;
    assert_eq!(
        restored.unwrap().sentence(),
        "staging now expires 21 Feb 2027, 12:00 UTC (in 90 days)."
    );
    let never = vault
        .restore_key(actor, restoration(&access_key, "never"))
        .await;
    assert_eq!(never.unwrap().sentence(), "staging never expires.");
    let rename = EditKey {
        access_key: &access_key,
        name: Some("production"),
        ..EditKey::default()
    };
    let saved = vault.edit_key(actor, rename).await.unwrap();
    assert_eq!(saved.sentence(), "production is saved.");
    let again = vault.edit_key(actor, rename).await.unwrap();
    assert_eq!(
        (again.sentence(), again.change),
        (saved.sentence(), String::new())
    );
    let expired = vault.expire_key(actor, &access_key).await.unwrap();
    assert_eq!(expired.sentence(), "production has expired.");
    let deleted = vault.delete_key(actor, &access_key, "production").await;
    assert_eq!(deleted.unwrap().sentence(), "production is deleted.");
}

#[tokio::test]
async fn a_key_that_has_changed_since_stays_as_it_is() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let keys = [
        site.key(&member, "one", "30d").await,
        site.key(&member, "two", "30d").await,
        site.key(&member, "three", "30d").await,
    ];
    let change = BulkChange {
        action: "expire",
        access_keys: "all",
        ..BulkChange::default()
    };
    let expired = site.vault.change_keys(&member.actor, change).await.unwrap();
    assert_eq!(expired.count, 4);
    restore(&site, &member, &keys[1], "1d").await;
    let before = states(&site).await;
    let reason = refusal(undo(&site, &member, &expired.change).await);
    assert_eq!(reason, "two has changed since, so nothing was undone.");
    assert_eq!(states(&site).await, before, "all or nothing");
    let deleted = keys[2].access_key.to_string();
    site.vault
        .delete_key(&member.actor, &deleted, "three")
        .await
        .unwrap();
    let reason = refusal(undo(&site, &member, &expired.change).await);
    assert!(
        reason.ends_with(" and 1 other key have changed since, so nothing was undone."),
        "{reason}"
    );
    // Even a change back to the same state is a later change.
    let back = expire(&site, &member, &keys[1]).await;
    assert!(undo(&site, &member, &back).await.is_ok());
    assert!(refusal(undo(&site, &member, &expired.change).await).contains("changed since"));
    assert_eq!(site.verdict(&keys[0]), "expired");
}

#[tokio::test]
async fn a_change_can_be_undone_once_for_ten_minutes_by_its_account() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    let key = site.key(&member, "one", "30d").await;
    let change = expire(&site, &member, &key).await;
    let gone = "A change can be undone for ten minutes. This one can't be undone anymore.";
    assert_eq!(refusal(undo(&site, &other, &change).await), gone);
    for nonsense in ["", "change_0", "\0", "'--", "%"] {
        assert_eq!(refusal(undo(&site, &member, nonsense).await), gone);
    }
    site.clock.advance(10 * MINUTE);
    assert!(undo(&site, &member, &change).await.is_ok());
    assert_eq!(
        refusal(undo(&site, &member, &change).await),
        "This change was already undone."
    );
    let change = expire(&site, &member, &key).await;
    site.clock.advance(10 * MINUTE + 1);
    assert_eq!(refusal(undo(&site, &member, &change).await), gone);
    assert_eq!(site.verdict(&key), "expired");
}

/// The undo of an extension brings back exactly the former instant, and the key has then expired at that instant.
#[tokio::test]
async fn an_undone_extension_expires_at_its_former_instant() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut mailbox = Mailbox::of(&site);
    mailbox.delivered(&site.vault).await;
    let key = site.key(&member, "one", &at(NOON + MINUTE)).await;
    let change = restore(&site, &member, &key, "90d").await;
    site.clock.advance(5 * MINUTE);
    assert!(mailbox.notices(&site.vault).await.is_empty());
    assert_eq!(site.verdict(&key), "good");
    let undone = undo(&site, &member, &change).await.unwrap();
    assert_eq!(undone.sentence, "Undone: one has expired.");
    assert_eq!(site.verdict(&key), "expired");
    let shown = site
        .vault
        .show_key(member.actor.account(), &key.access_key.to_string())
        .await
        .unwrap();
    assert_eq!(shown.key.expires_at(), Some(NOON + MINUTE));
    // The sweep has passed that instant, and yet the owner is told, once.
    let mails = mailbox.notices(&site.vault).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("one"), "{}", mails[0].subject);
    site.clock.advance(MINUTE);
    assert!(mailbox.notices(&site.vault).await.is_empty());
    assert_eq!(site.reopened().await.verdict(&key), "expired");
}

/// The mail about a manual expiration that is undone in time is not sent.
#[tokio::test]
async fn an_undone_expiration_is_not_told() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut mailbox = Mailbox::of(&site);
    mailbox.delivered(&site.vault).await;
    let key = site.key(&member, "one", "90d").await;
    let change = expire(&site, &member, &key).await;
    undo(&site, &member, &change).await.unwrap();
    assert!(mailbox.notices(&site.vault).await.is_empty());
    // Its notices come as if nothing had happened.
    site.clock.set(NOON + 60 * DAY + 1);
    assert_eq!(mailbox.notices(&site.vault).await.len(), 1);
}

/// A save that was begun before a key expired does not revive it after an undo either.
#[tokio::test]
async fn a_form_begun_on_a_state_that_was_undone_saves_nothing() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "one", "never").await;
    let access_key = key.access_key.to_string();
    expire(&site, &member, &key).await;
    let change = restore(&site, &member, &key, "90d").await;
    let begun = site
        .vault
        .show_key(member.actor.account(), &access_key)
        .await
        .unwrap();
    undo(&site, &member, &change).await.unwrap();
    let save = EditKey {
        access_key: &access_key,
        description: Some("typed while the key was good"),
        expiry: Some("90d"),
        version: &begun.key.version,
        ..EditKey::default()
    };
    let saved = site.vault.edit_key(&member.actor, save).await;
    assert!(matches!(saved, Err(Error::Conflict(_))));
    assert_eq!(site.verdict(&key), "expired");
}

/// However the machine's clock jumps, only a change of the last ten minutes is undone.
#[tokio::test]
async fn a_clock_jump_extends_no_undo() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "one", "90d").await;
    let gone = "can't be undone anymore";

    // Set ahead: the time is over.
    let change = expire(&site, &member, &key).await;
    site.clock.leap(HOUR);
    assert!(refusal(undo(&site, &member, &change).await).contains(gone));

    // Set back: the vault's clock stands still, and the machine's tells that time has passed.
    restore(&site, &member, &key, "90d").await;
    let change = expire(&site, &member, &key).await;
    site.clock.leap(-30 * MINUTE);
    assert!(refusal(undo(&site, &member, &change).await).contains(gone));
    let still = site.vault.now();
    let change = restore(&site, &member, &key, "91d").await;
    site.clock.advance(11 * MINUTE);
    assert_eq!(site.vault.now(), still);
    assert!(refusal(undo(&site, &member, &change).await).contains(gone));
    // While it stands still, what was done just now is undone.
    let change = expire(&site, &member, &key).await;
    site.clock.advance(MINUTE);
    undo(&site, &member, &change).await.unwrap();
    assert_eq!(site.verdict(&key), "good");
}

/// Once the operator no longer believes a clock, a change that it dated cannot be undone: it would revive a key that was
/// expired manually.
#[tokio::test]
async fn a_change_by_a_clock_that_is_not_believed_stays() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "leaked", "90d").await;
    site.clock.advance(HOUR);
    let change = expire(&site, &member, &key).await;
    let site = accepted(site, NOON + MINUTE).await;
    site.leave_mail();
    assert_eq!(site.verdict(&key), "expired");
    site.clock.set(NOON + HOUR + MINUTE);
    assert!(refusal(undo(&site, &member, &change).await).contains("can't be undone"));
    assert_eq!(site.verdict(&key), "expired");
}

#[tokio::test]
async fn an_undo_survives_a_restart() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "one", "90d").await;
    let change = expire(&site, &member, &key).await;
    let site = site.reopened().await;
    site.leave_mail();
    assert_eq!(site.verdict(&key), "expired");
    undo(&site, &member, &change).await.unwrap();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&key), "good");
    let shown = site
        .vault
        .show_key(member.actor.account(), &key.access_key.to_string())
        .await
        .unwrap();
    assert_eq!(shown.key.expires_at(), key.expires_at);
}
