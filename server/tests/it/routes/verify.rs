//! The verification contract, as a gateway sees it.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use shared::token::{AccessKey, SecretKey};
use vault::test_support::DAY;

use crate::fixture::{Key, Site};

#[tokio::test]
async fn a_good_key_is_identified() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("Zahlung/Läufe 100%\u{1f511}", "20d").await;
    let answer = site
        .ask("GET", "/verify", &[("authorization", &key.basic())])
        .await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("x-keyhold-access-key"), key.access);
    assert!(answer.header("x-keyhold-account").starts_with("acc_"));
    assert_eq!(
        answer.header("x-keyhold-key-name"),
        "Zahlung%2FL%C3%A4ufe%20100%25%F0%9F%94%91"
    );
    assert_eq!(
        answer.header("x-keyhold-expires-at"),
        "2026-12-13T12:00:00.000Z"
    );
    assert_eq!(answer.header("sunset"), "", "outside the warning window");
    site.clock.advance(7 * DAY);
    let answer = site
        .ask("GET", "/verify", &[("authorization", &key.basic())])
        .await;
    assert_eq!(answer.header("sunset"), "Sun, 13 Dec 2026 12:00:00 GMT");

    let forever = member.key.as_ref().unwrap();
    let answer = site
        .ask("GET", "/verify", &[("authorization", &forever.basic())])
        .await;
    assert_eq!(answer.header("x-keyhold-expires-at"), "");
}

#[tokio::test]
async fn any_method_and_path_is_verified_without_its_body() {
    let site = Site::new().await;
    let key = site.member("a@example.com").await.key.unwrap();
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
    ] {
        for path in [
            "/verify",
            "/verify/",
            "/verify/v2/orders?limit=1",
            "/verify/%2e%2e/x",
        ] {
            // A body that never comes: reading it would never end.
            let body = Body::from_stream(futures_util::stream::pending::<
                Result<Vec<u8>, std::io::Error>,
            >());
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("authorization", key.basic())
                .header("content-length", "1000000000")
                .body(body)
                .unwrap();
            assert_eq!(site.send(request).await.status, 200, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_expired_key_gets_its_reason_until_it_is_restored() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("billing-cron", "90d").await;
    let good = (200, String::new());
    assert_eq!(site.verdict(&key).await, good);
    site.clock.advance(DAY);
    member
        .call("keys/expire", &[("access_key", &key.access)])
        .await;
    let answer = site
        .ask("GET", "/verify", &[("authorization", &key.basic())])
        .await;
    assert_eq!(answer.status, 401);
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        "http://127.0.0.1:3000/developers#key_expired"
    );
    assert_eq!(problem["title"], "The API key has expired");
    assert_eq!(problem["status"], 401);
    assert_eq!(problem["code"], "key_expired");
    assert_eq!(problem["expired_at"], "2026-11-24T12:00:00.000Z");
    let page = format!(
        "http://127.0.0.1:3000/preferences/api-control/{}",
        key.access
    );
    assert_eq!(problem["restore_url"], page);
    assert!(problem["detail"].is_string() && problem["request_id"].is_string());

    member
        .call(
            "keys/restore",
            &[("access_key", &key.access), ("expiry", "30d")],
        )
        .await;
    assert_eq!(site.verdict(&key).await, good);
    let delete = [
        ("access_key", key.access.as_str()),
        ("confirm_name", "billing-cron"),
    ];
    member.call("keys/delete", &delete).await;
    assert_eq!(site.verdict(&key).await, (401, "key_invalid".to_owned()));
}

/// A key expires at the exact instant, and setting the clock back does not revive it.
#[tokio::test]
async fn a_key_expires_at_the_exact_millisecond() {
    let site = Site::new().await;
    site.leave_mail();
    let key = site
        .member("a@example.com")
        .await
        .create("k", "2026-11-24T00:00:00Z")
        .await;
    site.clock.advance(DAY / 2 - 1);
    assert_eq!(site.verdict(&key).await.0, 200);
    site.clock.advance(1);
    assert_eq!(site.verdict(&key).await, (401, "key_expired".to_owned()));
    site.clock.advance(-DAY);
    assert_eq!(site.verdict(&key).await, (401, "key_expired".to_owned()));
}

/// nginx turns every status but 200, 401 and 403 into an error of its own, so it gets only these.
#[tokio::test]
async fn nginx_gets_only_statuses_that_it_passes_on() {
    let site = Site::new().await;
    let key = site.member("a@example.com").await.key.unwrap();
    let (basic, word) = (key.basic(), key.word());
    let two = [
        ("authorization", basic.as_str()),
        ("x-api-key", word.as_str()),
    ];
    let plain = site.ask("GET", "/verify", &two).await;
    let nginx = site.ask("GET", "/verify/x?a=b&gateway=nginx", &two).await;
    assert_eq!((plain.status.as_u16(), nginx.status.as_u16()), (400, 403));
    assert_eq!(nginx.json()["status"], 403);
    assert_eq!(nginx.text("code"), "credentials_malformed");
    assert_eq!(nginx.header("x-keyhold-status"), "400");
    let told: Value = serde_json::from_str(nginx.header("x-keyhold-problem")).unwrap();
    assert_eq!(
        (&told["status"], &told["code"]),
        (&400.into(), &"credentials_malformed".into())
    );
    assert_eq!(plain.header("x-keyhold-status"), "", "only nginx wants it");

    let missing = site.ask("GET", "/verify?gateway=nginx", &[]).await;
    assert_eq!(missing.status, 401);
    assert_eq!(missing.header("x-keyhold-status"), "401");
    assert_eq!(missing.header("x-keyhold-problem"), missing.body);
}

/// An unknown access key, a wrong secret and a deleted key get the same answer.
#[tokio::test]
async fn every_invalid_key_gets_the_same_answer() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let (other, expired, deleted) = (
        member.create("other", "never").await,
        member.create("expired", "90d").await,
        member.create("deleted", "90d").await,
    );
    member
        .call("keys/expire", &[("access_key", &expired.access)])
        .await;
    let delete = [
        ("access_key", deleted.access.as_str()),
        ("confirm_name", "deleted"),
    ];
    member.call("keys/delete", &delete).await;
    let unknown = AccessKey::from_entropy([7; 10]).to_string();
    let made_up = SecretKey::from_entropy([9; 32]).expose().to_owned();
    let with = |access: &str, secret: &str| Key {
        access: access.to_owned(),
        secret: secret.to_owned(),
    };
    let mut answers = Vec::new();
    for invalid in [
        with(&unknown, &key.secret),
        with(&unknown, &made_up),
        with(&key.access, &made_up),
        with(&key.access, &other.secret),
        with(&expired.access, &made_up),
        deleted,
    ] {
        for credential in [invalid.basic(), format!("Bearer {}", invalid.word())] {
            let headers = [
                ("authorization", credential.as_str()),
                ("x-request-id", "same"),
            ];
            let answer = site.ask("GET", "/verify", &headers).await;
            assert_eq!(answer.text("code"), "key_invalid");
            answers.push((answer.status, format!("{:?}", answer.headers), answer.body));
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}
