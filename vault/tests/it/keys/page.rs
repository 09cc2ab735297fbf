//! Sentences of a key's page: what an expiration would mean, and when a key was deleted.

use vault::test_support::Fixture;

#[tokio::test]
async fn an_expiration_is_announced_in_the_accounts_zone() {
    let site = Fixture::new().await;
    let member = site.member_in("a@example.com", "Europe/Berlin").await;
    let sentence = |expiry: &str| site.vault.expiry_sentence(member.actor.account(), expiry);
    assert_eq!(
        sentence("30d"),
        "Expires Wed 23 Dec 2026, 13:00 CET, in 30 days."
    );
    assert_eq!(
        sentence("2026-12-24"),
        "Expires Thu 24 Dec 2026, 23:59 CET, in 31 days."
    );
    assert_eq!(
        sentence("never"),
        "Never expires. If the key leaks, it works until you expire it. A date is safer."
    );
    assert_eq!(
        sentence("2020-01-01"),
        "This date is in the past. Choose a later one."
    );
    // Nothing chosen yet, or nothing that a form would send.
    for text in ["", "date", "2026-13-01", "9d9"] {
        assert_eq!(sentence(text), "", "{text}");
    }
}

#[tokio::test]
async fn a_deleted_key_is_remembered_for_its_owner_alone() {
    let site = Fixture::new().await;
    let owner = site.member_in("a@example.com", "Europe/Berlin").await;
    let stranger = site.member("b@example.com").await;
    let key = site.key(&owner, "cron", "30d").await;
    let access_key = key.access_key.to_string();
    let deletion = async |member: &vault::test_support::Member, access_key: &str| {
        site.vault
            .deletion(member.actor.account(), access_key)
            .await
            .unwrap()
    };
    assert_eq!(deletion(&owner, &access_key).await, None);
    site.vault
        .delete_key(&owner.actor, &access_key, "cron")
        .await
        .unwrap();
    assert_eq!(
        deletion(&owner, &access_key).await.as_deref(),
        Some("You deleted cron on Mon 23 Nov 2026, 13:00 CET.")
    );
    assert_eq!(deletion(&stranger, &access_key).await, None);
    for other in ["kh_0000000000000000", "", "\0"] {
        assert_eq!(deletion(&owner, other).await, None, "{other:?}");
    }
}
