//! The agreement of mail, Dashboard, delivery log and verification.

use std::time::SystemTime;

use serde_json::json;
use vault::test_support::peer::Script;

use super::{Setup, member, message_id, settled};

/// The mail, the Dashboard, the delivery log and verification agree about a key that expires on its own.
#[test]
fn mail_dashboard_and_delivery_log_agree() {
    let mut setup = Setup::new();
    let running = setup.start();
    let cookie = member(&running);
    setup.peer.follow([Script::default()]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let at = i64::try_from(now.unwrap().as_millis()).unwrap() + 2_000;
    let expiry = vault::rfc3339(at);
    let fields = [("name", "billing-cron"), ("expiry", &*expiry)];
    let key = running.call("keys/create", &cookie, &fields).unwrap();
    let access = key["access_key"].as_str().unwrap();
    assert_eq!(running.verdict(&key), "200");

    let got = setup.peer.dot();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    assert!(
        now.unwrap().as_millis() >= u128::try_from(at).unwrap(),
        "not before it has expired"
    );
    assert_eq!(running.verdict(&key), "401");
    assert_eq!(got.to, ["a@example.com"]);
    assert_eq!(got.from, "keyhold@example.com");
    let mail = got.mail;
    assert_eq!(mail.subject, "1 API key has expired: billing-cron");

    let log = settled(&running, &cookie, 2);
    let delivery = &log[0];
    assert_eq!(delivery["kind"], "notice");
    assert_eq!(delivery["recipient"], "a@example.com");
    assert_eq!(delivery["attempts"], 1);
    assert_eq!(mail.message_id, message_id(delivery));
    assert!(
        delivery["words"].as_str().unwrap().contains("Taken as"),
        "{delivery}"
    );
    let told = &delivery["keys"][0];
    assert_eq!(told["access_key"], access);
    assert_eq!(
        (&told["stage"], &told["left_out"]),
        (&json!("expired"), &json!(false))
    );

    let banner = running.call("overview", &cookie, &[]).unwrap();
    let shown = &banner["attention"][0]["key"];
    assert_eq!(shown["access_key"], access);
    assert_eq!(shown["status"], "expired");
    assert_eq!(shown["expires"], told["expires"]);
    assert_eq!(told["expires"]["at"], at);

    let link = format!(
        "http://{}/preferences/api-control/{access}",
        running.address
    );
    let instant = told["expires"]["text"].as_str().unwrap();
    for text in [&mail.text, &mail.html] {
        for said in ["billing-cron", access, instant, &link] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}
