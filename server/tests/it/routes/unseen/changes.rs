//! Changes of keys by sessions that may not see them: what they are answered, and which of them are refused.

use shared::capability::{Capability, Need};

use super::{Seeded, sets};
use crate::fixture::{Browser, Site};
use crate::routes::capabilities::visit;

const CHANGED: &str = "This key has changed since you opened the page, so nothing was saved.";

/// Fields, as an address has them, with the status and the words of the answer.
type Row = (&'static str, String, u16, &'static str);

async fn are_told(site: &Site, seeded: &Seeded, browser: &Browser<'_>, rows: Vec<Row>) {
    for (function, fields, status, said) in rows {
        site.clock.advance(1);
        let parsed = form_urlencoded::parse(fields.as_bytes()).into_owned();
        let parsed: Vec<_> = parsed.collect();
        let asked: Vec<_> = parsed
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let answer = browser.call(function, &asked).await;
        assert_eq!(answer.status, status, "{function}: {}", answer.body);
        assert!(answer.body.contains(said), "{function}: {}", answer.body);
        let leaked = seeded.leaked(&answer, &fields);
        assert_eq!(leaked, [""; 0], "{function}: {}", answer.body);
        if answer.status == 200 && function == "keys/edit" {
            let answer = answer.json();
            for member in ["name", "version", "expiry", "expiry_before"] {
                assert_eq!(answer[member], "", "{member}");
            }
        }
    }
}

/// Changes that succeed say so without names, and are undone without them.
#[tokio::test]
async fn a_change_by_a_session_that_does_not_see_the_key_is_told_without_its_name() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let seeded = Seeded::new(&site, &operator, "org_1").await;
    let browser = visit(&site, &operator, "org_1", sets().last().unwrap()).await;
    let [first, second, third] = [0, 1, 2].map(|place| seeded.keys[place].access.clone());
    let (change, outdated) = (&seeded.change, &seeded.outdated);
    let row = |function, fields: String, status, said| (function, fields, status, said);
    let rows = vec![
        row(
            "keys/undo",
            format!("change={outdated}"),
            409,
            "The key has changed since, so nothing was undone.",
        ),
        row(
            "keys/undo",
            format!("change={change}"),
            200,
            "Undone: the key is as it was.",
        ),
        row(
            "keys/edit",
            format!("access_key={first}&description="),
            200,
            "The key is saved.",
        ),
        row(
            "keys/edit",
            format!("access_key={first}&description=x&version=y"),
            409,
            CHANGED,
        ),
        row(
            "keys/restore",
            format!("access_key={first}&expiry=never&version=y"),
            409,
            CHANGED,
        ),
        row(
            "keys/restore",
            format!("access_key={third}&expiry=60d"),
            200,
            "The key is saved.",
        ),
        row(
            "keys/expire",
            format!("access_key={third}"),
            200,
            "The key has expired.",
        ),
        row(
            "keys/snooze",
            format!("access_key={second}&until=now"),
            200,
            "The key is no longer snoozed.",
        ),
        row(
            "keys/delete",
            format!("access_key={first}&confirm_name=x"),
            422,
            "Type the key's name to delete it.",
        ),
        row(
            "keys/delete",
            format!("access_key={first}&confirm_name=Axolotl-7734"),
            200,
            "The key is deleted.",
        ),
    ];
    are_told(&site, &seeded, &browser, rows).await;
}

#[tokio::test]
async fn a_change_of_keys_that_a_session_does_not_see_counts_them() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let seeded = Seeded::new(&site, &operator, "org_1").await;
    let browser = visit(&site, &operator, "org_1", sets().last().unwrap()).await;
    let [first, second, third] = [0, 1, 2].map(|place| seeded.keys[place].access.clone());
    let row = |keys: &str, fields: &str, status, said| {
        (
            "keys/bulk",
            format!("access_keys={keys}&{fields}"),
            status,
            said,
        )
    };
    let two = format!("{first}+{second}");
    let all = format!("{two}+{third}");
    let expired = "The key has expired since you opened this page, so nothing was changed.";
    let rows = vec![
        row(&all, "action=extend&expiry=9d&as_of=1", 409, expired),
        row(&two, "action=extend&expiry=9d", 200, "2 keys are saved."),
        row(&first, "action=extend&expiry=9d", 200, "The key is saved."),
        row(&third, "action=expire", 200, "No key was changed."),
        row(&two, "action=expire", 200, "2 keys have expired."),
        row(
            &third,
            "action=delete&confirm_count=1",
            200,
            "The key is deleted.",
        ),
    ];
    are_told(&site, &seeded, &browser, rows).await;
}

/// A choice of keys by a search, by filters or by a day is one of keys that one sees.
#[tokio::test]
async fn keys_that_are_not_named_are_changed_by_those_who_see_them() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    for (number, set) in sets().enumerate() {
        let account = format!("org_{number}");
        let seeded = Seeded::new(&site, &operator, &account).await;
        let browser = visit(&site, &operator, &account, set).await;
        let list = format!("/accounts/ext:{account}/keys");
        let before = operator.get(&list).await.body;
        for (action, needs) in [
            ("extend", Capability::Edit),
            ("set", Capability::Edit),
            ("expire", Capability::Expire),
            ("delete", Capability::Delete),
        ] {
            for chosen in [
                vec![("access_keys", "all")],
                vec![("all", "on"), ("access_keys", &*seeded.keys[0].access)],
                vec![("access_keys", "all"), ("q", "quetz")],
                vec![
                    ("access_keys", " all "),
                    ("status", "expired"),
                    ("show", "problems"),
                ],
            ] {
                let mut fields = vec![("action", action), ("expiry", "9d"), ("confirm_count", "3")];
                fields.extend(chosen);
                let answer = browser.call("keys/bulk", &fields).await;
                assert_eq!(answer.status, 403, "{set}: {fields:?}: {}", answer.body);
                if set.has(needs) {
                    assert_eq!(answer.text("message"), Need::READ.refusal());
                }
            }
        }
        let stagger = [("day", "2031-07-19"), ("days", "3")];
        let answer = browser.call("keys/stagger", &stagger).await;
        assert_eq!(answer.status, 403, "{set}: {}", answer.body);
        assert_eq!(answer.text("message"), Need::STAGGER.refusal());
        assert_eq!(operator.get(&list).await.body, before, "{set}");
    }
}
