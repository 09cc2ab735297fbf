//! What the company's operators decided after the backup still holds after its restore: suspensions, external ids, deleted
//! accounts and revoked tokens.

use serde_json::Value;
use shared::token::{OperatorToken, parse_pair};
use vault::operators::once::Once;
use vault::operators::scope::Scope;
use vault::operators::token::{NewToken, Operator};
use vault::test_support::{DAY, Fixture, HOUR, NOON, verify};
use vault::{Caller, Keep, Kept, ManagedFields, Present, Setting};

use crate::operators::{named, operator};
use crate::restore::revocation::{lose_database, restore, stop, wanted};
use crate::storage::backups::{back_up, backup_file, start};

/// Creates an account with a key. Returns its id, and the key as one word.
async fn customer(site: &Fixture, by: &Operator, external_id: &str) -> (String, String) {
    let made = site.vault.create_account(by, named(external_id), None);
    let id = made.await.unwrap().body["id"].as_str().unwrap().to_owned();
    let word = key(site, by, &id, None).await.0;
    (id, word)
}

/// Creates a key. Returns it as one word, and whether the answer is an earlier one.
async fn key(site: &Fixture, by: &Operator, id: &str, once: Option<Once>) -> (String, bool) {
    let fields = ("first", "", "never");
    let made = site.vault.create_key_for(by, id, fields, once).await;
    let made = made.unwrap();
    let half = |half: &str| made.body[half].as_str().unwrap().to_owned();
    let word = format!("{}.{}", half("access_key"), half("secret_key"));
    (word, made.replayed)
}

fn once() -> Once {
    Once {
        request: "POST /keys 1".to_owned(),
        body: b"{}".to_vec(),
    }
}

/// Returns the code of a rejection, or the external id of a good key's account.
fn verdict(site: &Fixture, word: &str) -> String {
    let (access_key, secret) = parse_pair(word).unwrap();
    let verified = verify(&site.vault, access_key, &secret);
    match verified {
        Ok(verified) => verified.external_id.unwrap_or_default().into(),
        Err(rejection) => rejection.code().slug().to_owned(),
    }
}

async fn token(site: &Fixture, by: &Operator, name: &str) -> (String, String) {
    let new = NewToken {
        name: name.to_owned(),
        scopes: vec![Scope::TokensWrite, Scope::AccountsWrite],
        expiry: "90d".to_owned(),
    };
    let made = site.vault.create_token(by, new, None).await.unwrap().body;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn is_good(site: &Fixture, token: &str) -> bool {
    let token = OperatorToken::parse(token).unwrap();
    let caller = Caller::default();
    let found = site.vault.operator(&token, &caller, "r1").await;
    found.unwrap().is_ok()
}

async fn set(site: &Fixture, by: &Operator, id: &str, external_id: Setting<String>) {
    let fields = ManagedFields {
        external_id,
        ..ManagedFields::default()
    };
    let edited = site.vault.edit_account(by, id, fields);
    edited.await.unwrap();
}

async fn suspend(site: &Fixture, by: &Operator, id: &str) {
    let suspended = site.vault.suspend(by, id, "overdue", None).await;
    suspended.unwrap();
}

async fn delete(site: &Fixture, by: &Operator, id: &str) {
    let vault = &site.vault;
    vault.delete_managed_account(by, id).await.unwrap();
    while vault.prune(Keep::DEFAULT, vault.now()).await.unwrap() {}
}

async fn account(site: &Fixture, named: &str) -> Option<Value> {
    let record = site.vault.account_record(named).await.ok();
    record.map(|record| serde_json::to_value(&record).unwrap())
}

#[tokio::test]
async fn what_operators_decided_since_holds() {
    let site = Fixture::new().await;
    let by = operator(&site).await;
    let suspended = customer(&site, &by, "suspended").await;
    let resumed = customer(&site, &by, "resumed").await;
    suspend(&site, &by, &resumed.0).await;
    let one = customer(&site, &by, "one").await;
    let other = customer(&site, &by, "other").await;
    let deleted = customer(&site, &by, "deleted").await;
    let revoked = token(&site, &by, "revoked").await;
    let (answered, _) = key(&site, &by, &one.0, Some(once())).await;
    // Its row stays until the next pruning, but no one would count it.
    let before = customer(&site, &by, "deleted_before").await;
    let gone = site.vault.delete_managed_account(&by, &before.0).await;
    gone.unwrap();
    let copied = back_up(&site, &backup_file(&site)).await.unwrap();
    assert_eq!(copied.accounts, 5);

    site.clock.advance(HOUR);
    suspend(&site, &by, &suspended.0).await;
    site.vault.resume(&by, &resumed.0, None).await.unwrap();
    set(&site, &by, &one.0, Setting::Clear).await;
    set(&site, &by, &other.0, Setting::Set("one".to_owned())).await;
    set(&site, &by, &one.0, Setting::Set("other".to_owned())).await;
    delete(&site, &by, &deleted.0).await;
    assert!(account(&site, &deleted.0).await.is_none());
    let successor = customer(&site, &by, "deleted").await;
    site.vault.revoke_token(&by, &revoked.0).await.unwrap();
    let made_later = token(&site, &by, "made later").await;
    let short_lived = token(&site, &by, "short-lived").await;
    site.vault.revoke_token(&by, &short_lived.0).await.unwrap();
    let before = account(&site, &suspended.0).await;

    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    let restored = restore(&folder, &wanted(&file), NOON + 2 * HOUR).await;
    let restored = restored.unwrap();
    assert_eq!(restored.accounts, 4, "all but the deleted");
    let kept = Kept {
        suspended: 1,
        revoked: 1,
        ..Kept::default()
    };
    assert_eq!(restored.kept, kept);
    let site = start(folder, NOON + 2 * HOUR).await;
    for (word, expected) in [
        (&suspended.1, "account_suspended"),
        (&resumed.1, "resumed"),
        (&one.1, "other"),
        (&other.1, "one"),
        (&deleted.1, "key_expired"),
        (&successor.1, "key_invalid"),
    ] {
        assert_eq!(verdict(&site, word), expected);
    }
    assert_eq!(account(&site, "ext:suspended").await, before);
    assert_eq!(account(&site, "ext:deleted").await, None);
    assert_eq!(account(&site, &deleted.0).await, None);
    for (token, good) in [
        (&revoked.1, false),
        (&short_lived.1, false),
        (&made_later.1, true),
    ] {
        assert_eq!(is_good(&site, token).await, good);
    }
    // The answer is gone, so the request is made again: the one it told of might have been deleted since.
    let by = operator(&site).await;
    let (again, replayed) = key(&site, &by, &one.0, Some(once())).await;
    assert!(!replayed && again != answered);
}

/// The start after a restore adopts the token of its file only if no database knows it as revoked.
#[tokio::test]
async fn a_revoked_first_token_is_not_adopted_again() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    site.leave_mail();
    back_up(&site, &backup_file(&site)).await.unwrap();
    let by = operator(&site).await;
    site.vault.revoke_token(&by, &by.id).await.unwrap();
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    let token = folder.path().join("operator-token");
    restore(&folder, &wanted(&file), NOON + HOUR).await.unwrap();
    let site = start(folder, NOON + HOUR).await;
    site.leave_mail();
    let text = std::fs::read_to_string(&token).unwrap();
    site.vault
        .ensure_first_token(&token)
        .await
        .unwrap()
        .unwrap();
    assert!(!is_good(&site, text.trim()).await);
}

/// A newer backup restored after an older one undoes nothing that was decided about accounts only the newer one has.
#[tokio::test]
async fn decisions_hold_through_several_restores() {
    let site = Fixture::new().await;
    let by = operator(&site).await;
    let holder = customer(&site, &by, "holder").await;
    let (older, newer) = ("older.db", "newer.db");
    back_up(&site, &site.folder.path().join(older))
        .await
        .unwrap();
    site.clock.advance(HOUR);
    let suspended = customer(&site, &by, "suspended").await;
    let deleted = customer(&site, &by, "deleted").await;
    let untouched = customer(&site, &by, "untouched").await;
    let rival = customer(&site, &by, "contested").await;
    back_up(&site, &site.folder.path().join(newer))
        .await
        .unwrap();
    site.clock.advance(HOUR);
    suspend(&site, &by, &suspended.0).await;
    delete(&site, &by, &deleted.0).await;

    let folder = stop(site).await;
    let file = folder.path().join(older);
    restore(&folder, &wanted(&file), NOON + 3 * HOUR)
        .await
        .unwrap();
    let site = start(folder, NOON + 3 * HOUR).await;
    let by = operator(&site).await;
    let contested = Setting::Set("contested".to_owned());
    set(&site, &by, &holder.0, contested).await;
    let folder = stop(site).await;
    let file = folder.path().join(newer);
    let restored = restore(&folder, &wanted(&file), NOON + 4 * HOUR).await;
    let restored = restored.unwrap();
    assert_eq!(restored.present, Present::Parted);
    let unnamed = [(rival.0.clone(), "contested".to_owned())];
    assert_eq!(restored.kept.unnamed, unnamed);
    let site = start(folder, NOON + 4 * HOUR).await;
    for (word, expected) in [
        (&suspended.1, "account_suspended"),
        (&deleted.1, "key_expired"),
        (&untouched.1, "untouched"),
        (&holder.1, "contested"),
        (&rival.1, ""),
    ] {
        assert_eq!(verdict(&site, word), expected);
    }
}

/// Without the present database nothing is known of what was decided since: the backup counts.
#[tokio::test]
async fn a_lost_database_leaves_the_backup_as_it_is() {
    let site = Fixture::new().await;
    let by = operator(&site).await;
    let customer = customer(&site, &by, "customer").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    suspend(&site, &by, &customer.0).await;
    let folder = stop(site).await;
    lose_database(&folder).await;
    let file = folder.path().join("backup.db");
    let restored = restore(&folder, &wanted(&file), NOON + DAY).await.unwrap();
    assert_eq!(restored.present, Present::Missing);
    let site = start(folder, NOON + DAY).await;
    assert_eq!(verdict(&site, &customer.1), "customer");
    let text = std::fs::read_to_string(site.folder.path().join("operator-token")).unwrap();
    assert!(is_good(&site, text.trim()).await);
}
