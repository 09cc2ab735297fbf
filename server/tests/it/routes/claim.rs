//! A stranger's sign-up with another person's address, and that person's reset of the password.

use vault::test_support::PASSWORD;

use crate::fixture::Site;
use crate::fixture::mail::{reset_mail, token};

const NEW_PASSWORD: &str = "a calm forest at noon";

#[tokio::test]
async fn the_owners_reset_ends_the_strangers_keys_and_session() {
    let site = Site::new().await;
    site.leave_mail();
    let folder = tempfile::TempDir::new().unwrap();
    let attacker = site.member("victim@example.com").await;
    let default_key = attacker.key.clone().unwrap();
    let other = attacker.create("another", "365d").await;
    assert_eq!(site.verdict(&default_key).await.0, 200);
    let mut owner = site.stranger();
    let sign_up = [
        ("email", "victim@example.com"),
        ("password", NEW_PASSWORD),
        ("time_zone", "UTC"),
    ];
    assert_eq!(owner.call("account/sign-up", &sign_up).await.status, 409);
    site.vault
        .request_reset(&vault::Caller::default(), "victim@example.com")
        .await
        .unwrap()
        .await
        .unwrap();
    let mail = reset_mail(&site, folder.path()).await;
    assert!(
        mail.contains("expires the API keys created before"),
        "{mail}"
    );
    let token = token(&mail);
    let page = owner.get(&format!("/reset-password?token={token}")).await;
    assert!(
        page.body.contains("expires the API keys created before"),
        "the page says so beforehand"
    );
    let reset = [("token", token.as_str()), ("new_password", NEW_PASSWORD)];
    let answer = owner.call("account/reset-password", &reset).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for key in [&default_key, &other] {
        assert_eq!(
            site.verdict(key).await,
            (401, "key_expired".to_owned()),
            "{}",
            key.access
        );
        let listed = site
            .ask("GET", "/v1/keys", &[("authorization", &key.basic())])
            .await;
        assert_eq!(
            (listed.status.as_u16(), listed.text("code").as_str()),
            (401, "key_expired")
        );
    }
    let restore = [
        ("access_key", default_key.access.as_str()),
        ("expiry", "never"),
    ];
    let refused = attacker.call("keys/restore", &restore).await;
    assert_eq!(refused.status, 401);
    let old = [("email", "victim@example.com"), ("password", PASSWORD)];
    assert_eq!(owner.call("account/sign-in", &old).await.status, 401);
    let new = [("email", "victim@example.com"), ("password", NEW_PASSWORD)];
    let answer = owner.call("account/sign-in", &new).await;
    owner.keep_cookie(&answer);
    let dashboard = owner.get("/").await.body;
    for said in [
        "confirmed by a password reset",
        "2 keys created before were expired",
    ] {
        assert!(dashboard.contains(said), "{said}");
    }
    // Without JavaScript the button leads back to the Dashboard.
    let dismissed = owner.post("account/dismiss-claim", &[]).await;
    assert_eq!(
        (dismissed.status.as_u16(), dismissed.header("location")),
        (303, "/")
    );
    let dashboard = owner.get("/").await.body;
    assert!(!dashboard.contains("confirmed by a password reset"));
    let mine = owner.create("mine", "never").await;
    assert_eq!(site.verdict(&mine).await.0, 200);
}
