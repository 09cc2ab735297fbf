//! Forms that were begun on another state, and notes that only an act brings.

use super::{Desk, SUPPORT, version};
use crate::fixture::{Answer, Key, Site};

fn refused(answer: &Answer, state: &str) {
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(
        answer
            .body
            .contains("has changed since you opened that page, so nothing was changed"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains(state), "{state}: {}", answer.body);
}

/// A key that its owner has expired again stays expired, whatever the window of an operator still offers.
#[tokio::test]
async fn a_form_changes_only_the_key_that_it_shows() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let page = format!("/operator/keys/{}", key.access);
    let (expire, restore) = (format!("{page}/expire"), format!("{page}/restore"));
    let expired = desk.act(&expire, &[("reason", "Leaked")]).await;
    let seen = version(&expired);
    assert!(!seen.is_empty());

    let of_key = ("access_key", &*key.access);
    member
        .call("keys/restore", &[of_key, ("expiry", "never")])
        .await;
    let good = version(&desk.get(&page).await);
    site.clock.advance(1);
    member.call("keys/expire", &[of_key]).await;
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    for version in [&*seen, &*good, "", "x"] {
        let fields = [("expiry", "never"), ("version", version)];
        refused(&desk.post(&restore, &fields).await, "Restore this key");
        let fields = [("reason", "Again"), ("version", version)];
        refused(&desk.post(&expire, &fields).await, "Restore this key");
    }
    refused(
        &desk.post(&restore, &[("expiry", "never")]).await,
        "Restore this key",
    );
    assert_eq!(site.verdict(&key).await.1, "key_expired");

    // What was typed is kept for the present state.
    member
        .call("keys/restore", &[of_key, ("expiry", "never")])
        .await;
    let fields = [("reason", "Found on a forum"), ("version", &*seen)];
    let answer = desk.post(&expire, &fields).await;
    refused(&answer, "value=\"Found on a forum\"");
    assert_eq!(site.verdict(&key).await.0, 200);
    let fields = [
        ("reason", "Found on a forum"),
        ("version", &*version(&answer)),
    ];
    assert_eq!(desk.post(&expire, &fields).await.status, 303);
    assert_eq!(site.verdict(&key).await.1, "key_expired");
}

#[tokio::test]
async fn a_form_changes_only_the_account_that_it_shows() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let page = format!("/operator/accounts/{account}");
    let (suspend, resume) = (format!("{page}/suspend"), format!("{page}/resume"));
    let before = version(&desk.get(&page).await);
    desk.act(&suspend, &[("reason", "An unpaid invoice")]).await;
    let suspended = version(&desk.get(&page).await);
    // By a colleague, for another reason.
    let (bob, _) = site.desk("bob", &SUPPORT).await;
    bob.act(&resume, &[]).await;
    bob.act(&suspend, &[("reason", "A leak")]).await;
    for version in [&*before, &*suspended, ""] {
        let fields = [("reason", "Again"), ("version", version)];
        refused(&desk.post(&resume, &fields).await, "A leak");
        refused(&desk.post(&suspend, &fields).await, "A leak");
    }
    refused(&desk.post(&resume, &[]).await, "A leak");
    assert_eq!(site.verdict(&key).await.1, "account_suspended");
    assert!(desk.get(&page).await.body.contains("A leak"));
    // Neither a key more nor a call of one is another state.
    let shown = version(&desk.get(&page).await);
    operator.key(&account, "Reports", "never").await;
    let fields = [("version", &*shown)];
    assert_eq!(desk.post(&resume, &fields).await.status, 303);
    let path = format!("/operator/keys/{}", key.access);
    let shown = version(&desk.get(&path).await);
    assert_eq!(site.verdict(&key).await.0, 200);
    let fields = [("reason", "Leaked"), ("version", &*shown)];
    assert_eq!(
        desk.post(&format!("{path}/expire"), &fields).await.status,
        303
    );
}

/// A note about an act is told to the operator who did it, for a while, and no link can show one.
#[tokio::test]
async fn no_link_pretends_an_act() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "1d").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let (bob, _) = site.desk("bob", &SUPPORT).await;
    let pages = [
        format!("/operator/keys/{}", key.access),
        format!("/operator/accounts/{account}"),
    ];
    let expire = format!("/keys/{}/expire", key.access);
    operator.post(&expire, serde_json::json!({})).await;
    no_notes(&desk, &pages).await;
    restore(&site, &desk, &key).await;
    // Told to one, on the page alone.
    let body = desk.get(&pages[0]).await.body;
    assert!(body.contains("The key is restored"), "{body}");
    no_notes(&bob, &pages).await;
    desk.act(&format!("{}/expire", pages[0]), &[("reason", "Leaked")])
        .await;
    let body = desk.get(&format!("{}?done=restored", pages[0])).await.body;
    assert!(
        body.contains("The key is expired") && !body.contains("The key is restored"),
        "{body}"
    );
    no_notes(&bob, &pages).await;
    // Minutes later the note is old.
    site.clock.advance(2 * shared::MINUTE_MS + 1);
    no_notes(&desk, &pages).await;
}

async fn restore(site: &Site, desk: &Desk<'_>, key: &Key) {
    let path = format!("/operator/keys/{}/restore", key.access);
    desk.act(&path, &[("expiry", "30d")]).await;
    assert_eq!(site.verdict(key).await.0, 200);
}

async fn no_notes(desk: &Desk<'_>, pages: &[String]) {
    for page in pages {
        for query in [
            "",
            "?done=expired&was=never",
            "?done=restored",
            "?done=suspended",
            "?done=resumed",
        ] {
            let body = desk.get(&format!("{page}{query}")).await.body;
            assert!(!body.contains("note good"), "{page}{query}: {body}");
            assert!(
                !body.contains("type=\"hidden\" name=\"expiry\""),
                "{page}{query}"
            );
        }
    }
}
