//! Suspension, while calls go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use shared::problem::Code;
use vault::test_support::{Fixture, Mailbox, PASSWORD, verify};
use vault::verify::Rejection;
use vault::{Caller, ChangePassword};

use super::{named, operator};
use crate::accounts::email_links::token_in;

const CALLS: usize = 100_000;
const SUSPENDED: Rejection = Rejection::Code(Code::AccountSuspended);

/// No call succeeds that begins after the suspension was acknowledged, and none fails before it or after the resumption.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_succeeds_after_a_suspension_is_acknowledged() {
    let site = Fixture::new().await;
    let operator = operator(&site).await;
    let member = site.member("a@example.com").await;
    let id = member.actor.account().id.clone();
    let key = Arc::new(member.default_key);
    let (over, late) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (vault, key) = (site.vault.clone(), key.clone());
            let (over, late) = (over.clone(), late.clone());
            std::thread::spawn(move || {
                while late.load(Ordering::Relaxed) < CALLS {
                    let was_over = over.load(Ordering::Acquire);
                    let verdict = verify(&vault, key.access_key, &key.secret_key).err();
                    assert!(verdict.is_none() || verdict == Some(SUSPENDED));
                    if was_over {
                        assert_eq!(verdict, Some(SUSPENDED));
                        late.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let vault = &site.vault;
    vault.suspend(&operator, &id, "leaked", None).await.unwrap();
    over.store(true, Ordering::Release);
    let joined = tokio::task::spawn_blocking(move || {
        for caller in callers {
            caller.join().unwrap();
        }
    });
    joined.await.unwrap();
    vault.resume(&operator, &id, None).await.unwrap();
    assert!(verify(vault, key.access_key, &key.secret_key).is_ok());
    site.leave_mail();
}

/// A start reads suspension and external id as the last change left them.
#[tokio::test]
async fn a_start_knows_who_is_suspended() {
    let site = Fixture::new().await;
    let operator = operator(&site).await;
    let made = site.vault.create_account(&operator, named("org/1"), None);
    let id = made.await.unwrap().body["id"].as_str().unwrap().to_owned();
    let fields = ("first", "", "never");
    let made = site.vault.create_key_for(&operator, &id, fields, None);
    let made = made.await.unwrap().body;
    let word = format!(
        "{}.{}",
        made["access_key"].as_str().unwrap(),
        made["secret_key"].as_str().unwrap()
    );
    let (access_key, secret) = shared::token::parse_pair(&word).unwrap();
    site.vault
        .suspend(&operator, "ext:org/1", "x", None)
        .await
        .unwrap();
    let site = site.reopened().await;
    assert_eq!(
        verify(&site.vault, access_key, &secret).err(),
        Some(SUSPENDED)
    );
    site.vault
        .resume(&operator, "ext:org/1", None)
        .await
        .unwrap();
    let site = site.reopened().await;
    let key = verify(&site.vault, access_key, &secret).unwrap();
    assert_eq!(key.external_id.as_deref(), Some("org/1"));
}

/// Nothing of the account changes by a password or by a link in a mail either, and its first reset expires no key.
#[tokio::test]
async fn a_password_or_a_link_changes_nothing_of_a_suspended_account() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let operator = operator(&site).await;
    let member = site.member("a@example.com").await;
    let (vault, caller) = (&site.vault, Caller::default());
    let confirm = token_in(&mailbox.delivered(vault).await[0].text);
    let asked = vault.request_reset(&caller, "a@example.com").await.unwrap();
    asked.await.unwrap();
    let reset = token_in(&mailbox.delivered(vault).await[0].text);
    let id = member.actor.account().id.clone();
    vault.suspend(&operator, &id, "unpaid", None).await.unwrap();
    let suspended = |outcome: Option<vault::Error>| match outcome {
        Some(vault::Error::Suspended(reason)) => assert_eq!(reason, "unpaid"),
        other => panic!("{other:?}"),
    };
    let new = "a calm forest at noon";
    suspended(vault.reset_password(&caller, &reset, new).await.err());
    suspended(vault.confirm(&caller, None, &confirm).await.err());
    let change = ChangePassword {
        current: PASSWORD,
        new,
    };
    suspended(vault.change_password(&member.actor, change).await.err());
    assert!(
        vault
            .sign_in(&caller, "a@example.com", PASSWORD)
            .await
            .is_ok()
    );

    vault.resume(&operator, &id, None).await.unwrap();
    assert_eq!(site.verdict(&member.default_key), "good");
    vault.confirm(&caller, None, &confirm).await.unwrap();
    vault.reset_password(&caller, &reset, new).await.unwrap();
    site.leave_mail();
}

/// A revoked token changes nothing more, even by a request that was under way.
#[tokio::test]
async fn a_revocation_ends_what_is_under_way() {
    let site = Fixture::new().await;
    let operator = operator(&site).await;
    site.vault
        .revoke_token(&operator, &operator.id)
        .await
        .unwrap();
    let made = site.vault.create_account(&operator, named("org_1"), None);
    assert!(matches!(made.await, Err(vault::Error::TokenOver)));
}
