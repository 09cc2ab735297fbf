//! Versions of forms: a form begun on an earlier state overwrites nothing, and only a deliberately chosen new date
//! revives a key.

use shared::dates::Writing;
use shared::notice::Stage;
use shared::version::{of_preferences, of_recipient, of_stages};
use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, at, expire, restore};
use vault::{Conflict, EditKey, Error, NewKey, RestoreKey, SavePreferences};

async fn version(site: &Fixture, member: &Member, key: &NewKey) -> String {
    let (account, access_key) = (member.actor.account(), key.access_key.to_string());
    let shown = site.vault.show_key(account, &access_key).await;
    shown.unwrap().key.version
}

async fn edit(
    site: &Fixture,
    member: &Member,
    key: &NewKey,
    edit: EditKey<'_>,
) -> Result<String, Error> {
    let edit = EditKey {
        access_key: &key.access_key.to_string(),
        ..edit
    };
    let edited = site.vault.edit_key(&member.actor, edit).await;
    edited.map(|changed| changed.version)
}

fn conflict<T>(result: Result<T, Error>) -> Conflict {
    match result {
        Err(Error::Conflict(conflict)) => *conflict,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no conflict"),
    }
}

/// The first tab expires the key, extends it or renames it; the second, opened before, saves its description.
#[tokio::test]
async fn a_tab_opened_before_overwrites_nothing() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    for (number, change) in ["expired", "extended", "renamed", "ended"]
        .into_iter()
        .enumerate()
    {
        let ends = site.vault.now() + 2 * DAY;
        let key = site.key(&member, "k", &at(ends)).await;
        let access_key = key.access_key.to_string();
        let begun = version(&site, &member, &key).await;
        match change {
            "expired" => expire(&site.vault, &member, &access_key).await,
            "extended" => restore(&site.vault, &member, &access_key, "365d").await,
            "renamed" => {
                let renamed = EditKey {
                    name: Some("renamed"),
                    ..EditKey::default()
                };
                edit(&site, &member, &key, renamed).await.unwrap();
            }
            // It expires by itself: the stored key is unchanged, and yet its version differs.
            _ => site.clock.advance(2 * DAY),
        }
        let before = version(&site, &member, &key).await;
        for expiry in [None, Some(at(ends)), Some("90d".to_owned())] {
            let save = EditKey {
                access_key: &access_key,
                name: Some("k"),
                description: Some("typed in the second tab"),
                expiry: expiry.as_deref(),
                version: &begun,
            };
            let refused = conflict(edit(&site, &member, &key, save).await);
            assert_eq!(refused.version, before, "{change}");
            assert_eq!(version(&site, &member, &key).await, before, "{change}");
            let stored = |field| refused.fields.get(field).unwrap_or_default();
            assert_eq!(stored("description"), "Stored now: nothing.");
            let expiration = stored("expiry");
            match change {
                "expired" | "ended" => {
                    assert!(expiration.contains("the key expired on"), "{expiration}");
                    assert_eq!(site.verdict(&key), "expired", "{number}");
                }
                "extended" => assert!(expiration.contains("2027"), "{expiration}"),
                _ => assert_eq!(stored("name"), "Stored now: renamed"),
            }
        }
        // The form is sent again with the stored version: only the changed field is written.
        let again = EditKey {
            access_key: &access_key,
            name: Some("k"),
            description: Some("typed in the second tab"),
            expiry: None,
            version: &before,
        };
        edit(&site, &member, &key, again).await.unwrap();
        let expected = match change {
            "expired" | "ended" => "expired",
            _ => "good",
        };
        assert_eq!(site.verdict(&key), expected, "{change}");
    }
}

#[tokio::test]
async fn a_partial_edit_changes_only_its_fields() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "30d").await;
    let ends = key.expires_at.unwrap();
    let only = EditKey::default();
    let edits = [
        EditKey {
            description: Some("text"),
            ..only
        },
        EditKey {
            name: Some("other"),
            ..only
        },
        only,
    ];
    for one in edits {
        edit(&site, &member, &key, one).await.unwrap();
    }
    let account = member.actor.account();
    let shown = site
        .vault
        .show_key(account, &key.access_key.to_string())
        .await
        .unwrap();
    assert_eq!(
        (&*shown.key.name, &*shown.key.description),
        ("other", "text")
    );
    assert_eq!(shown.key.expires_at(), Some(ends));
    assert_eq!(shown.history.len(), 3, "made and edited twice");

    // It expires by itself: its own date revives nothing, another one does.
    site.clock.set(ends);
    let rename = EditKey {
        name: Some("third"),
        expiry: Some(&at(ends)),
        ..only
    };
    edit(&site, &member, &key, rename).await.unwrap();
    assert_eq!(site.verdict(&key), "expired");
    let deliberate = EditKey {
        expiry: Some("30d"),
        ..only
    };
    edit(&site, &member, &key, deliberate).await.unwrap();
    assert_eq!(site.verdict(&key), "good");
}

/// Every answer about a key has its version, and all of them agree.
#[tokio::test]
async fn answers_carry_the_version_of_what_they_show() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let (vault, actor) = (&site.vault, &member.actor);
    let key = site.key(&member, "k", "30d").await;
    let access_key = key.access_key.to_string();
    assert_eq!(key.version, version(&site, &member, &key).await);
    let expired = vault.expire_key(actor, &access_key).await;
    let expired = expired.unwrap().version;
    assert_eq!(expired, version(&site, &member, &key).await);
    let restored = vault
        .restore_key(
            actor,
            RestoreKey {
                access_key: &access_key,
                expiry: "never",
                version: &expired,
            },
        )
        .await
        .unwrap()
        .version;
    assert_eq!(restored, version(&site, &member, &key).await);
    let list = vault
        .list_keys(actor.account(), &shared::list::ListQuery::default())
        .await
        .unwrap();
    assert!(list.keys.iter().any(|key| key.version == restored));
}

/// A Dashboard from an hour ago shows a good key that was expired meanwhile; its Extend button revives nothing.
#[tokio::test]
async fn a_stale_extension_revives_nothing() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", &at(NOON + DAY)).await;
    let access_key = key.access_key.to_string();
    expire(&site.vault, &member, &access_key).await;
    let actor = &member.actor;
    let extend = async |version: &str| {
        site.vault
            .restore_key(
                actor,
                RestoreKey {
                    access_key: &access_key,
                    expiry: "90d",
                    version,
                },
            )
            .await
    };
    let refused = conflict(extend(&key.version).await);
    assert!(refused.message.contains("it expired on Mon 23 Nov 2026"));
    assert_eq!(site.verdict(&key), "expired");
    let first = extend(&refused.version).await.unwrap();
    assert_eq!(site.verdict(&key), "good");
    // A second press of the same button.
    site.clock.advance(HOUR);
    conflict(extend(&refused.version).await);
    assert_eq!(version(&site, &member, &key).await, first.version);
}

/// A migration appends a new stage to the choices that accounts have stored.
#[tokio::test]
async fn the_stored_order_of_stages_is_no_conflict() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    sqlx::query("UPDATE accounts SET stages = 'expired,days_7'")
        .execute(&mut site.database().await)
        .await
        .unwrap();
    let chosen = site.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(chosen.stages, [Stage::Days7, Stage::Expired]);
    let begun = of_stages("days_7,expired");
    let none = shared::notice::Stages::NONE;
    let choose = site.vault.choose_stages(&member.actor, none, &begun);
    choose.await.unwrap();
}

#[tokio::test]
async fn outdated_settings_overwrite_nothing() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member_in("a@example.com", "Europe/Berlin").await;
    let (vault, actor) = (&site.vault, &member.actor);

    let begun = of_preferences("Europe/Berlin", 14, Writing::default());
    vault
        .save_preferences(
            actor,
            SavePreferences {
                time_zone: "Asia/Tokyo",
                warning_days: "14",
                version: &begun,
                ..SavePreferences::default()
            },
        )
        .await
        .unwrap();
    let refused = vault
        .save_preferences(
            actor,
            SavePreferences {
                time_zone: "Europe/Berlin",
                warning_days: "30",
                version: &begun,
                ..SavePreferences::default()
            },
        )
        .await;
    let refused = conflict(refused.map(drop));
    assert_eq!(
        refused.version,
        of_preferences("Asia/Tokyo", 14, Writing::default())
    );
    assert_eq!(
        refused.fields.get("time_zone"),
        Some("Stored now: Asia/Tokyo")
    );
    assert_eq!(refused.fields.get("warning_days"), Some("Stored now: 14"));
    vault
        .save_preferences(
            actor,
            SavePreferences {
                time_zone: "UTC",
                warning_days: "30",
                version: &refused.version,
                ..SavePreferences::default()
            },
        )
        .await
        .unwrap();

    let begun = of_stages(&shared::notice::Stages::ALL.to_string());
    let one = [Stage::Expired].into_iter().collect();
    vault.choose_stages(actor, one, &begun).await.unwrap();
    let none = shared::notice::Stages::NONE;
    let refused = conflict(vault.choose_stages(actor, none, &begun).await);
    assert_eq!(refused.version, of_stages("expired"));
    vault
        .choose_stages(actor, none, &refused.version)
        .await
        .unwrap();
    let empty = of_stages("");
    vault.choose_stages(actor, one, &empty).await.unwrap();

    let begun = of_recipient(None);
    vault
        .set_second_recipient(actor, "one@example.com", &begun)
        .await
        .unwrap();
    let other = vault
        .set_second_recipient(actor, "two@example.com", &begun)
        .await;
    let refused = conflict(other);
    assert!(refused.message.contains("one@example.com"));
    let stale = of_recipient(Some("zero@example.com"));
    conflict(vault.remove_second_recipient(actor, &stale).await);
    vault
        .remove_second_recipient(actor, &refused.version)
        .await
        .unwrap();
}

/// A link that is sent again does not restore a second recipient that was removed after the button was pressed.
#[tokio::test]
async fn a_removed_recipient_is_not_put_back_by_its_link() {
    let site = Fixture::new().await;
    site.leave_mail();
    let vault = &site.vault;
    let actor = site.member("a@example.com").await.actor;
    vault
        .set_second_recipient(&actor, "b@example.com", "")
        .await
        .unwrap();
    let mut other = site.foreign_write().await;
    sqlx::query("UPDATE accounts SET second_recipient = NULL")
        .execute(&mut other)
        .await
        .unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let again = tokio::spawn({
        let (vault, actor) = (vault.clone(), actor.clone());
        async move { vault.resend_confirmation(&actor, "second").await }
    });
    // The change is a task of its own, which begins once the address has been read.
    while metrics.num_alive_tasks() < before + 2 {
        tokio::task::yield_now().await;
    }
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    conflict(again.await.unwrap());
    let shown = vault.notices(actor.account()).await.unwrap();
    assert_eq!(shown.second_recipient, None);
}
