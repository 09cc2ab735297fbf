//! Suspended accounts.

use serde_json::{Value, json};

use crate::fixture::Site;

#[tokio::test]
async fn a_suspended_account_is_refused_to_the_right_secret_alone() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let other = member.create("other", "never").await;
    let wrong = crate::fixture::Key {
        access: key.access.clone(),
        secret: other.secret.clone(),
    };
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let before = site
        .ask("GET", "/verify", &[("x-api-key", &wrong.word())])
        .await;

    let suspend = format!("/accounts/{id}/suspend");
    let suspended = operator
        .post(&suspend, json!({"reason": "An unpaid invoice"}))
        .await;
    assert_eq!(suspended.json()["suspended_reason"], "An unpaid invoice");
    let since = suspended.json()["suspended_at"].clone();
    assert_eq!(
        site.verdict(&key).await,
        (403, "account_suspended".to_owned())
    );
    let told = site
        .ask("GET", "/verify", &[("x-api-key", &key.word())])
        .await;
    assert_eq!(told.text("support_url"), "https://example.com/help");
    let after = site
        .ask("GET", "/verify", &[("x-api-key", &wrong.word())])
        .await;
    assert_eq!(
        (after.status, after.text("code")),
        (before.status, before.text("code"))
    );
    let gateway = site
        .ask(
            "GET",
            "/verify?gateway=nginx",
            &[("x-api-key", &key.word())],
        )
        .await;
    assert_eq!(
        (
            gateway.status.as_u16(),
            &gateway.headers["x-keyhold-status"]
        ),
        (403, &"403".parse().unwrap())
    );
    assert_eq!(
        site.ask("GET", "/v1/keys", &[("x-api-key", &key.word())])
            .await
            .status,
        403
    );

    // A new reason is no new suspension.
    let again = operator
        .post(&suspend, json!({"reason": "Two unpaid invoices"}))
        .await;
    assert_eq!(again.json()["suspended_at"], since);
    let resumed = operator
        .post(&format!("/accounts/{id}/resume"), json!({}))
        .await;
    assert_eq!(resumed.json()["suspended_at"], Value::Null);
    for key in [&key, &other] {
        assert_eq!(site.verdict(key).await.0, 200);
    }
    assert_eq!(
        member
            .call("keys/expire", &[("access_key", &other.access)])
            .await
            .status,
        200
    );
}

/// The pages read, and no function changes anything.
#[tokio::test]
async fn the_pages_of_a_suspended_account_only_read() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let other = member.create("other", "never").await;
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let reason = json!({"reason": "An unpaid invoice"});
    operator
        .post(&format!("/accounts/{id}/suspend"), reason)
        .await;
    let before = operator.get("/keys").await.json();
    // The pages read, and say why.
    for path in pages(&other.access) {
        let page = member.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("An unpaid invoice"), "{path}");
        assert!(page.body.contains("https://example.com/help"), "{path}");
        assert_eq!(enabled_changes(&page.body), [""; 0], "{path}");
    }
    // A form that was sent anyway is answered by its page, with the reason.
    let sent = member
        .post("keys/expire", &[("access_key", &*other.access)])
        .await;
    assert_eq!(sent.status, 403);
    assert!(
        sent.body.contains("Your change was refused"),
        "{}",
        sent.body
    );
    assert!(sent.body.contains("An unpaid invoice"));
    assert_eq!(enabled_changes(&sent.body), [""; 0]);
    for (function, fields) in [
        ("keys/create", vec![("name", "x"), ("expiry", "never")]),
        ("keys/expire", vec![("access_key", &*other.access)]),
        (
            "keys/restore",
            vec![("access_key", &*other.access), ("expiry", "never")],
        ),
        (
            "keys/delete",
            vec![("access_key", &*other.access), ("confirm_name", "other")],
        ),
        (
            "keys/edit",
            vec![("access_key", &*other.access), ("name", "x")],
        ),
        (
            "keys/bulk",
            vec![("access_keys", &*other.access), ("action", "expire")],
        ),
    ] {
        let refused = member.call(function, &fields).await;
        let got = (refused.status.as_u16(), refused.text("code"));
        assert_eq!(got, (403, "account_suspended".to_owned()), "{function}");
        assert!(
            refused.text("message").contains("An unpaid invoice"),
            "{function}"
        );
    }
    assert_eq!(operator.get("/keys").await.json(), before);
    assert_eq!(member.call("account/sign-out", &[]).await.status, 200);
}

/// Every page of an account, with a key's.
fn pages(access_key: &str) -> Vec<String> {
    let fixed = [
        "/",
        "/preferences/account",
        "/preferences/notices",
        "/preferences/api-control",
        "/preferences/api-control/new",
        "/developers",
    ];
    let mut pages = fixed.map(str::to_owned).to_vec();
    pages.push(format!("/preferences/api-control/{access_key}"));
    pages
}

/// Returns the addresses of the forms that would change something: all but those of the session and the theme, unless all
/// in them is disabled.
fn enabled_changes(page: &str) -> Vec<&str> {
    let forms = page.split("<form").skip(1);
    let changes = forms.filter_map(|form| {
        let (tag, content) = form.split_once('>')?;
        let action = tag.split_once(" action=\"")?.1.split('"').next()?;
        let own = ["/fn/account/sign-out", "/fn/account/theme"].contains(&action);
        let (content, _) = content.split_once("</form>")?;
        let content = content.trim_start_matches("<!>");
        let disabled = content
            .split_once("<fieldset")
            .and_then(|(before, rest)| Some((before, rest.split_once('>')?.0)))
            .is_some_and(|(before, fieldset)| {
                let outside = before.contains("<button") || before.contains("<input");
                fieldset.contains("disabled")
                    && fieldset.contains("aria-describedby=\"suspended\"")
                    && !outside
            });
        (action.starts_with("/fn/") && !own && !disabled).then_some(action)
    });
    changes.collect()
}

/// In good standing, the pages offer changes and have no notice.
#[tokio::test]
async fn the_pages_of_a_resumed_account_are_as_before() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let reason = json!({"reason": "<b>&\"'"});
    operator
        .post(&format!("/accounts/{id}/suspend"), reason)
        .await;
    let notice = member.call("account/standing", &[]).await.text("notice");
    assert!(notice.contains("&lt;b&gt;&amp;"), "{notice}");
    let resume = format!("/accounts/{id}/resume");
    assert_eq!(operator.post(&resume, json!({})).await.status, 200);
    assert_eq!(
        member.call("account/standing", &[]).await.text("notice"),
        ""
    );
    for path in pages(&key.access) {
        let page = member.get(&path).await;
        assert!(!page.body.contains("id=\"suspended\""), "{path}");
        // Of all pages, Developers alone changes nothing.
        let offers = path != "/developers";
        assert_eq!(!enabled_changes(&page.body).is_empty(), offers, "{path}");
    }
}
