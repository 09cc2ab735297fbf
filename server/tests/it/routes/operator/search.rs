//! The search: which page it leads to, and what it leaves behind.

use std::collections::BTreeSet;

use shared::token::SecretKey;

use super::SUPPORT;
use crate::fixture::{Key, Site};

#[tokio::test]
async fn one_hit_leads_to_its_page_and_several_to_a_list() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let body = serde_json::json!({
        "external_id": "org_1", "name": "Ärzte & Söhne", "notice_emails": ["ops@acme.example"],
    });
    let account = operator.post("/accounts", body).await.text("id");
    for n in 10..35 {
        operator.account(&format!("org_{n}")).await;
    }
    let key = operator.key(&account, "Billing", "never").await;
    let member = site.member("anna@example.com").await;
    let own = member.key.clone().unwrap();
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let to = async |q: &str| {
        let answer = desk.post("/operator/search", &[("q", q)]).await;
        assert_eq!(answer.status, 303, "{q}: {}", answer.body);
        answer.header("location").to_owned()
    };
    let page = format!("/operator/accounts/{account}");
    for q in [
        &*account,
        "söhne",
        "Ärzte",
        "OPS@acme.example",
        " ops@acme ",
    ] {
        assert_eq!(to(q).await, page, "{q}");
    }
    let own_page = format!("/operator/keys/{}", own.access);
    for (q, page) in [
        ("billing", format!("/operator/keys/{}", key.access)),
        (&key.access, format!("/operator/keys/{}", key.access)),
        (&own.access, own_page),
    ] {
        assert_eq!(to(q).await, page, "{q}");
    }
    assert!(
        to("anna@example.com")
            .await
            .starts_with("/operator/accounts/acc_")
    );

    // An id that is a part of others comes first, before older ones.
    let list = to("org_1").await;
    assert_eq!(list, "/operator?q=org_1");
    let found = desk.get(&list).await.body;
    let place = |text: &str| found.find(text).unwrap();
    assert!(place("Ärzte") < place("org_10"));
    // Twenty on a page, and the next one by a cursor.
    let first = desk.get("/operator?q=org_").await.body;
    let (_, rest) = first.split_once("aria-label=\"More accounts\"").unwrap();
    let next = rest
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let second = desk.get(&next.replace("&amp;", "&")).await.body;
    let on = |page: &str| -> BTreeSet<String> {
        let links = page.split("/operator/accounts/").skip(1);
        let ids = links.map(|rest| rest.split('"').next().unwrap().to_owned());
        ids.collect()
    };
    let (first, second) = (on(&first), on(&second));
    assert_eq!((first.len(), second.len()), (20, 6));
    assert!(first.is_disjoint(&second));

    for q in ["nothing like it", "zz\u{0}qq"] {
        let found = desk.get(&to(q).await).await;
        assert_eq!(found.status, 200);
        assert!(found.body.contains("Nothing has"), "{q}: {}", found.body);
    }
    // In place, and repeated only where it was found.
    for q in ["<script>", "%", "a & b", &"x".repeat(3000)] {
        let found = desk.post("/operator/search", &[("q", q)]).await;
        assert_eq!((found.status.as_u16(), found.header("location")), (200, ""));
        let told = "Nothing has that text";
        assert!(found.body.contains(told), "{q}: {}", found.body);
        assert!(found.body.contains("name=\"q\" value=\"\""), "{q}");
        assert!(!found.body.contains("<script>"));
    }
    assert_eq!(to("").await, "/operator?q=");
    let wrong = desk.get("/operator?q=org_&accounts_after=x").await;
    assert_eq!(wrong.status, 422);
}

/// A credential in any form says which key it is, whether the secret is right, and the state of the key.
#[tokio::test]
async fn a_credential_says_which_key_it_is() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let other = operator.key(&account, "Reports", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let unknown = SecretKey::from_entropy([7; 32]).expose().to_owned();
    let none = Key {
        access: "kh_0123456789abcdef".to_owned(),
        secret: unknown.clone(),
    };
    let swapped = Key {
        access: key.access.clone(),
        secret: other.secret.clone(),
    };
    let wrong = Key {
        access: key.access.clone(),
        secret: unknown.clone(),
    };
    let (right, billing, reports) = ("The secret is right.", Some("Billing"), Some("Reports"));
    for (q, verdict, name) in [
        (key.word(), right, billing),
        (key.basic(), right, billing),
        (format!("Authorization: {}", key.basic()), right, billing),
        (format!("Bearer {}", key.word()), right, billing),
        (
            format!("curl -u '{}:{}' x", key.access, key.secret),
            right,
            billing,
        ),
        (
            format!("  {}\n", key.secret),
            "This is the secret key of",
            billing,
        ),
        (
            swapped.word(),
            "The secret is wrong for the access key",
            reports,
        ),
        (
            wrong.word(),
            "The secret is wrong. The access key is",
            billing,
        ),
        (none.word(), "No key has this access key", None),
        (unknown, "No key has this secret key", None),
    ] {
        let answer = desk.post("/operator/search", &[("q", &q)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, ""),
            "{q}"
        );
        assert!(answer.body.contains(verdict), "{q}: {}", answer.body);
        for one in ["Billing", "Reports"] {
            assert_eq!(answer.body.contains(one), name == Some(one), "{q}: {one}");
        }
        assert!(!answer.body.contains("khs_"), "the page repeats {q}");
    }
    let expire = format!("/keys/{}/expire", key.access);
    operator.post(&expire, serde_json::json!({})).await;
    let answer = desk.post("/operator/search", &[("q", &key.word())]).await;
    assert!(answer.body.contains("Expired"), "{}", answer.body);
    // A part of one, and an operator's token, are no searches either.
    for q in [&key.secret[..30], &operator.token] {
        let answer = desk.post("/operator/search", &[("q", q)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, "")
        );
        assert!(
            answer.body.contains("isn't a whole secret key"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains(q));
    }
}

/// The text of a credential is nowhere afterwards, and its key was not called.
#[tokio::test]
async fn a_credential_leaves_no_trace() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let trail = operator.get("/audit?limit=200").await.body;
    for q in [key.word(), key.secret.clone(), key.basic()] {
        desk.post("/operator/search", &[("q", &q)]).await;
        // Nor by an address that someone makes up.
        let path = format!("/operator?q={}", q.replace(' ', "%20").replace('=', "%3D"));
        let answer = desk.get(&path).await;
        assert_eq!(answer.header("location"), "/operator?held=1");
        let answer = desk.get("/operator?held=1").await;
        assert!(answer.body.contains("held a credential"), "{}", answer.body);
        assert!(!answer.body.contains(&key.secret));
    }
    assert_eq!(operator.get("/audit?limit=200").await.body, trail);
    let shown = operator.get(&format!("/keys/{}", key.access)).await.json();
    assert!(shown["last_used_at"].is_null());
    let page = desk.get(&format!("/operator/keys/{}", key.access)).await;
    assert!(page.body.contains("No calls with this key yet"));
    assert!(!site.fixture.stores(&key.secret).await);
}
