//! What operators do there, and where it is told.

use super::SUPPORT;
use crate::fixture::Site;

/// Each act stands in the trail and before the owner, with the token's name.
#[tokio::test]
async fn every_act_is_in_both_histories() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let id = operator.get("/accounts").await.json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (desk, token) = site.desk("support-anna", &SUPPORT).await;
    let account = format!("/operator/accounts/{id}");
    let of_key = format!("/operator/keys/{}", key.access);

    let page = desk
        .act(
            &format!("{account}/suspend"),
            &[("reason", "An unpaid invoice")],
        )
        .await;
    assert!(
        page.body.contains("The account is suspended"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Resume account"));
    assert_eq!(site.verdict(&key).await.1, "account_suspended");
    let seen = member.get("/").await;
    assert!(seen.body.contains("An unpaid invoice"));
    let page = desk.act(&format!("{account}/resume"), &[]).await;
    assert!(
        page.body.contains("The account is resumed"),
        "{}",
        page.body
    );
    assert_eq!(site.verdict(&key).await.0, 200);
    let page = desk
        .act(
            &format!("{of_key}/expire"),
            &[("reason", "leaked on <GitHub>")],
        )
        .await;
    assert!(page.body.contains("The key is expired") && page.body.contains("Restore key"));
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    // The button beside the message gives back what the key had.
    let (_, form) = page.body.split_once("name=\"expiry\" value=\"").unwrap();
    let was = form.split('"').next().unwrap();
    assert_eq!(was, "never");
    let page = desk
        .act(&format!("{of_key}/restore"), &[("expiry", was)])
        .await;
    assert!(page.body.contains("The key is restored"), "{}", page.body);
    assert_eq!(site.verdict(&key).await.0, 200);

    let trail = operator.get(&format!("/audit?actor={token}")).await.json();
    let trail = trail["data"].as_array().unwrap().clone();
    let acts: Vec<_> = trail
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["detail"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        acts,
        [
            ("token.signed_in", "support-anna"),
            ("account.suspended", "An unpaid invoice"),
            ("account.resumed", ""),
            ("key.expired", "leaked on <GitHub>"),
            ("key.restored", ""),
        ]
    );
    assert!(trail.iter().all(|entry| entry["actor_kind"] == "token"));
    assert!(trail.iter().all(|entry| !entry["request_id"].is_null()));

    let of_account = [
        "Suspended by support-anna: An unpaid invoice",
        "Resumed by support-anna",
    ];
    let of_key_told = [
        "Expired by support-anna: leaked on &lt;GitHub&gt;",
        "the operator (support-anna)",
    ];
    let owner = member.get("/preferences/account").await.body;
    let staff = desk.get(&account).await.body;
    for told in of_account {
        assert!(owner.contains(told) && staff.contains(told), "{told}");
    }
    let owner = member
        .get(&format!("/preferences/api-control/{}", key.access))
        .await
        .body;
    let staff = desk.get(&of_key).await.body;
    for told in of_key_told {
        assert!(owner.contains(told), "{told} for the owner: {owner}");
        assert!(staff.contains(told), "{told} for operators: {staff}");
    }
    assert!(!owner.contains("<GitHub>") && !staff.contains("<GitHub>"));
}

#[tokio::test]
async fn an_act_needs_a_reason_and_keeps_what_was_typed() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let long = "x".repeat(501);
    for path in [
        format!("/operator/accounts/{account}/suspend"),
        format!("/operator/keys/{}/expire", key.access),
    ] {
        for reason in ["", "   ", &long, "one\u{7}two"] {
            let answer = desk.post_seen(&path, &[("reason", reason)]).await;
            assert_eq!(answer.status, 422, "{path}: {reason:?}");
            assert!(answer.body.contains("aria-invalid=\"true\""), "{path}");
            assert!(reason.trim().is_empty() || answer.body.contains(reason));
        }
    }
    assert_eq!(site.verdict(&key).await.0, 200);
    for (path, status) in [
        ("/operator/accounts/acc_none/suspend", 404),
        ("/operator/accounts/%00/resume", 404),
        ("/operator/keys/kh_none/expire", 404),
        ("/operator/keys/kh_0123456789abcdef/restore", 404),
    ] {
        let fields = [("reason", "Leaked"), ("expiry", "never")];
        assert_eq!(desk.post(path, &fields).await.status, status, "{path}");
    }
    let path = format!("/operator/keys/{}/restore", key.access);
    let wrong = desk.post_seen(&path, &[("expiry", "soon")]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("Nothing was changed."),
        "{}",
        wrong.body
    );
}

/// The reason stands where the owner restores the key, before the button, as long as the operator's act is what expired it.
#[tokio::test]
async fn the_owner_reads_the_reason_before_restoring() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let (desk, _) = site.desk("support-anna", &SUPPORT).await;
    let expire = format!("/operator/keys/{}/expire", key.access);
    desk.act(&expire, &[("reason", "leaked on <GitHub>")]).await;
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    site.vault.flush_usage().await.unwrap();

    let page = format!("/preferences/api-control/{}", key.access);
    let said = "Expired by support-anna: leaked on &lt;GitHub&gt;.<";
    let reads_first = async |path: &str, part: &str| {
        let page = member.get(path).await.body;
        let (_, part) = page.split_once(part).unwrap();
        let (before, _) = part.split_once("</form>").unwrap();
        let (reason, form) = (before.find(said), before.find("<form"));
        reason.is_some() && reason < form
    };
    let card = "id=\"restore\"";
    let banner = "data-testid=\"expiry-banner\"";
    assert!(reads_first(&page, card).await);
    assert!(reads_first("/", banner).await);

    let access = ("access_key", key.access.as_str());
    let restored = member
        .call("keys/restore", &[access, ("expiry", "5d")])
        .await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert!(!reads_first("/", banner).await, "it works again");
    let undone = member
        .call("keys/undo", &[("change", &restored.text("change"))])
        .await;
    assert_eq!(undone.status, 200, "{}", undone.body);
    assert!(reads_first(&page, card).await, "the act of before");

    member
        .call("keys/restore", &[access, ("expiry", "5d")])
        .await;
    site.clock.advance(1);
    let expired = member.call("keys/expire", &[access]).await;
    assert_eq!(expired.status, 200, "{}", expired.body);
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    site.vault.flush_usage().await.unwrap();
    assert!(!reads_first(&page, card).await, "the owner's own act");
    assert!(!reads_first("/", banner).await, "the owner's own act");
}

/// The same through the management API.
#[tokio::test]
async fn the_management_api_takes_a_reason_too() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let expire = format!("/keys/{}/expire", key.access);
    for body in [
        serde_json::json!({ "reason": "" }),
        serde_json::json!({ "reason": "x".repeat(501) }),
    ] {
        let refused = operator.post(&expire, body).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/reason");
    }
    let body = serde_json::json!({ "reason": "Found in a public repository" });
    assert_eq!(operator.post(&expire, body).await.status, 200);
    let path = format!("/preferences/api-control/{}", key.access);
    let page = member.get(&path).await;
    let told = "Expired by First token: Found in a public repository";
    assert!(page.body.contains(told), "{}", page.body);
}
