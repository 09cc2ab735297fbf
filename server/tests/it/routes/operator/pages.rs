//! What the pages show.

use serde_json::json;

use super::SUPPORT;
use crate::fixture::Site;

#[tokio::test]
async fn an_account_is_shown_as_its_owner_sees_it() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let body = json!({
        "external_id": "org_1", "name": "Acme", "notice_emails": ["ops@acme.example"],
        "metadata": {"plan": "pro"}, "time_zone": "Europe/Berlin",
    });
    let account = operator.post("/accounts", body).await.text("id");
    let key = operator.key(&account, "Billing", "10d").await;
    site.ask("GET", "/verify", &[("x-api-key", &key.word())])
        .await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    for path in [&*account, "ext:org_1"] {
        let page = desk.get(&format!("/operator/accounts/{path}")).await;
        assert_eq!(page.status, 200);
        for text in [
            "<bdi>Acme</bdi>",
            "org_1",
            "ops@acme.example",
            "&quot;plan&quot;: &quot;pro&quot;",
            "Europe/Berlin",
            &key.access,
            "Expiring soon",
            "Nothing was sent yet",
            "Created by First token",
            "Signed in as",
        ] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
    }
    let page = desk.get(&format!("/operator/keys/{}", key.access)).await;
    for text in [
        "Billing",
        "org_1",
        "Recent callers",
        "Created, expires",
        "Expire this key",
        "the operator (First token)",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    for path in [
        "/operator/accounts/acc_0",
        "/operator/accounts/ext:none",
        "/operator/keys/kh_0123456789abcdef",
        "/operator/keys/x",
        "/operator/none",
    ] {
        let page = desk.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("Nothing here"), "{path}");
    }
}

#[tokio::test]
async fn hostile_names_are_text() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let hostile = "\"><script>alert(1)</script>";
    let body = json!({
        "external_id": "\"><script>", "name": hostile, "metadata": {hostile: hostile},
    });
    let account = operator.post("/accounts", body).await.text("id");
    let made = operator
        .post(
            &format!("/accounts/{account}/keys"),
            json!({"name": hostile, "description": hostile, "expiry": "never"}),
        )
        .await;
    let key = made.text("access_key");
    let scopes: Vec<_> = SUPPORT.into();
    let (desk, _) = site.desk(hostile, &scopes).await;
    let suspend = format!("/operator/accounts/{account}/suspend");
    desk.act(&suspend, &[("reason", hostile)]).await;
    for path in [
        "/operator".to_owned(),
        format!("/operator?q={}", "%22%3E%3Cscript%3E"),
        format!("/operator/accounts/{account}"),
        format!("/operator/keys/{key}"),
    ] {
        let page = desk.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script"), "{path}: {}", page.body);
        assert!(page.body.contains("&lt;script"), "{path}");
    }
}

/// The answer to a form stands at the form's address.
#[tokio::test]
async fn the_address_of_a_form_leads_to_its_page() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let pages = [
        format!("/operator/accounts/{account}"),
        format!("/operator/keys/{}", key.access),
    ];
    for (form, page) in [
        (format!("{}/suspend", pages[0]), &*pages[0]),
        (format!("{}/resume", pages[0]), &*pages[0]),
        (format!("{}/expire", pages[1]), &*pages[1]),
        (format!("{}/restore", pages[1]), &*pages[1]),
        ("/operator/search".to_owned(), "/operator"),
        ("/operator/sign-out".to_owned(), "/operator"),
    ] {
        let answer = desk.get(&form).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, page),
            "{form}"
        );
    }
    assert_eq!(desk.send("DELETE", &pages[0], &[], &[]).await.status, 404);
    assert_eq!(site.verdict(&key).await.0, 200);
}

/// Empty, with nothing to find.
#[tokio::test]
async fn an_empty_site_says_how_accounts_come() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let desk = site.sign_in(&operator.token).await;
    let page = desk.get("/operator").await;
    assert!(
        page.body.contains("There are no accounts yet"),
        "{}",
        page.body
    );
}
