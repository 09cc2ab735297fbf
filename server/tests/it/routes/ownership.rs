//! A4: another account's key is answered like a missing one.

use crate::fixture::Site;

#[tokio::test]
async fn another_accounts_key_looks_missing() {
    let site = Site::new().await;
    site.leave_mail();
    let (owner, stranger) = (
        site.member("o@example.com").await,
        site.member("s@example.com").await,
    );
    let key = owner.create("theirs", "never").await;
    let foreign = stranger
        .get(&format!("/preferences/api-control/{}", key.access))
        .await;
    let missing = stranger
        .get("/preferences/api-control/kh_0000000000000000")
        .await;
    assert_eq!(
        (foreign.status.as_u16(), missing.status.as_u16()),
        (404, 404)
    );
    assert!(!foreign.body.contains("theirs"));
    let nonce = |answer: &crate::fixture::Answer| {
        answer
            .header("content-security-policy")
            .split("'nonce-")
            .nth(1)
            .unwrap()[..22]
            .to_owned()
    };
    let plain = |answer: &crate::fixture::Answer, key: &str| {
        answer.body.replace(&nonce(answer), "").replace(key, "")
    };
    assert_eq!(
        plain(&foreign, &key.access),
        plain(&missing, "kh_0000000000000000")
    );

    for (function, more) in [
        ("keys/show", &[][..]),
        ("keys/expire", &[]),
        ("keys/restore", &[("expiry", "never")]),
        ("keys/edit", &[("name", "stolen"), ("expiry", "never")]),
        ("keys/delete", &[("confirm_name", "theirs")]),
        ("keys/snooze", &[("until", "7d")]),
    ] {
        let call = async |access: &str| {
            let fields: Vec<_> = [("access_key", access)]
                .into_iter()
                .chain(more.iter().copied())
                .collect();
            let answer = stranger.call(function, &fields).await;
            (answer.status.as_u16(), answer.body)
        };
        let foreign = call(&key.access).await;
        assert_eq!(foreign, call("kh_0000000000000000").await, "{function}");
        assert_eq!(foreign.0, 404);
    }
    assert_eq!(site.verdict(&key).await.0, 200);
}
