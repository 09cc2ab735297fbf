//! A1: carrier × key state × route. A key's rights depend on its state and never on its carrier.

use vault::test_support::DAY;

use crate::fixture::{Key, Site};

fn carriers(key: &Key) -> [(&'static str, String); 4] {
    [
        ("authorization", key.basic()),
        ("authorization", format!("Bearer {}", key.word())),
        ("authorization", format!("bearer  {}", key.word())),
        ("x-api-key", key.word()),
    ]
}

#[tokio::test]
async fn every_carrier_gets_the_same_answer() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let good = member.create("good", "90d").await;
    let expired = member.create("expired", "1d").await;
    let manual = member.create("manual", "never").await;
    let deleted = member.create("deleted", "never").await;
    member
        .call("keys/expire", &[("access_key", &manual.access)])
        .await;
    let gone = [
        ("access_key", deleted.access.as_str()),
        ("confirm_name", "deleted"),
    ];
    assert_eq!(member.call("keys/delete", &gone).await.status, 200);
    site.clock.advance(2 * DAY);
    let wrong = Key {
        access: good.access.clone(),
        secret: expired.secret.clone(),
    };
    let wrong_expired = Key {
        access: expired.access.clone(),
        secret: good.secret.clone(),
    };
    let mut typo = good.clone();
    let last = if typo.secret.ends_with('0') { "1" } else { "0" };
    typo.secret.replace_range(typo.secret.len() - 1.., last);

    let states = [
        ("good", &good, 200, ""),
        ("expired", &expired, 401, "key_expired"),
        ("expired manually", &manual, 401, "key_expired"),
        ("deleted", &deleted, 401, "key_invalid"),
        ("wrong secret", &wrong, 401, "key_invalid"),
        ("wrong secret, expired", &wrong_expired, 401, "key_invalid"),
        ("wrong checksum", &typo, 401, "credentials_malformed"),
    ];
    for (state, key, status, code) in states {
        for route in ["/verify", "/verify/below", "/v1/account", "/v1/keys"] {
            for (name, value) in carriers(key) {
                let answer = site.ask("GET", route, &[(name, &value)]).await;
                assert_eq!(answer.status, status, "{state}, {route}, {name}");
                if status != 200 {
                    assert_eq!(answer.text("code"), code, "{state}, {route}, {name}");
                    assert_eq!(answer.header("content-type"), "application/problem+json");
                }
            }
        }
    }
}

#[tokio::test]
async fn two_carriers_are_a_bad_request() {
    let site = Site::new().await;
    let key = site.member("a@example.com").await.key.unwrap();
    let (basic, word) = (key.basic(), key.word());
    for headers in [
        [
            ("authorization", basic.as_str()),
            ("x-api-key", word.as_str()),
        ],
        [
            ("authorization", basic.as_str()),
            ("authorization", basic.as_str()),
        ],
        [("x-api-key", word.as_str()), ("x-api-key", "nonsense")],
    ] {
        for route in ["/verify", "/v1/account"] {
            let answer = site.ask("GET", route, &headers).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text("code").as_str()),
                (400, "credentials_malformed")
            );
            assert_eq!(answer.json()["status"], 400);
        }
    }
}
