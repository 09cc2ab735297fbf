//! Ownership of keys: for each operation on a key's id, another account's key answers exactly like a missing one and
//! stays unchanged.

use shared::list::ListQuery;
use shared::mail::DeliveryState;
use shared::usage::CallRange;
use vault::test_support::{Fixture, Member, edit, restoration};
use vault::{BulkChange, Error, Result};

/// Returns the answer of an operation, with everything that it would reveal.
fn answer<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(Error::Invalid(fields)) => format!("{fields:?}"),
        Err(error) => error.to_string(),
    }
}

async fn try_everything(site: &Fixture, member: &Member, access_key: &str) -> Vec<String> {
    let (vault, actor) = (&site.vault, &member.actor);
    vec![
        answer(
            vault
                .edit_key(actor, edit(access_key, "stolen", "", "never"))
                .await,
        ),
        answer(
            vault
                .edit_key(actor, edit(access_key, "", "", "nonsense"))
                .await,
        ),
        answer(vault.expire_key(actor, access_key).await),
        answer(
            vault
                .restore_key(actor, restoration(access_key, "never"))
                .await,
        ),
        answer(
            vault
                .restore_key(actor, restoration(access_key, "nonsense"))
                .await,
        ),
        answer(vault.delete_key(actor, access_key, "theirs").await),
        answer(
            vault
                .change_keys(
                    actor,
                    BulkChange {
                        action: "set",
                        access_keys: access_key,
                        expiry: "never",
                        ..BulkChange::default()
                    },
                )
                .await,
        ),
        answer(
            vault
                .export(actor.account(), access_key, &ListQuery::default())
                .await,
        ),
        answer(vault.show_key(actor.account(), access_key).await),
        answer(
            vault
                .calls_in(actor.account(), access_key, CallRange::Week)
                .await,
        ),
    ]
}

#[tokio::test]
async fn a_foreign_key_looks_missing() {
    let site = Fixture::new().await;
    let owner = site.member("owner@example.com").await;
    let stranger = site.member("stranger@example.com").await;
    let key = site.key(&owner, "theirs", "90d").await;
    let before = site
        .vault
        .show_key(owner.actor.account(), &key.access_key.to_string())
        .await
        .unwrap();

    let foreign = try_everything(&site, &stranger, &key.access_key.to_string()).await;
    let missing = try_everything(&site, &stranger, "kh_0000000000000000").await;
    assert_eq!(foreign, missing);
    assert!(
        foreign.iter().all(|answer| answer == "not found"),
        "{foreign:?}"
    );

    assert_eq!(site.verdict(&key), "good");
    let after = site
        .vault
        .show_key(owner.actor.account(), &key.access_key.to_string())
        .await
        .unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn lists_hold_only_the_owners_keys() {
    let site = Fixture::new().await;
    let owner = site.member("owner@example.com").await;
    let stranger = site.member("stranger@example.com").await;
    site.key(&owner, "theirs", "1d").await;
    let list = site
        .vault
        .list_keys(stranger.actor.account(), &ListQuery::default())
        .await
        .unwrap();
    let names: Vec<_> = list.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["Default key"]);
    let overview = site.vault.overview(stranger.actor.account()).await.unwrap();
    assert!(overview.attention.is_empty() && overview.upcoming.is_empty());
    assert_eq!(overview.counts.total(), 1);
    assert!(overview.ahead.weeks.iter().all(|week| week.keys == 0));
}

/// A failed mail is sent again only for its own account.
#[tokio::test]
async fn a_foreign_mail_looks_missing() {
    let site = Fixture::new().await;
    let owner = site.member("owner@example.com").await;
    let stranger = site.member("stranger@example.com").await;
    sqlx::query("UPDATE outbox SET outcome = 'failed', next_at = NULL")
        .execute(&mut site.database().await)
        .await
        .unwrap();
    let view = site.vault.notices(owner.actor.account()).await.unwrap();
    let [mail] = &view.deliveries[..] else {
        panic!("only one's own: {view:?}");
    };
    for id in [mail.id.as_str(), "mail_0", "mail_\0", ""] {
        let refused = site.vault.send_again(&stranger.actor, id).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{id:?}");
    }
    let view = site.vault.notices(owner.actor.account()).await.unwrap();
    assert_eq!(view.deliveries[0].state, DeliveryState::Failed);
    site.vault.send_again(&owner.actor, &mail.id).await.unwrap();
    let view = site.vault.notices(owner.actor.account()).await.unwrap();
    assert_eq!(view.deliveries[0].state, DeliveryState::Waiting);
    let again = site.vault.send_again(&owner.actor, &mail.id).await;
    assert!(
        matches!(again, Err(Error::NotFound)),
        "it is on its way already"
    );
}
