//! Credentials in rarer spellings: none gets into an address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SUPPORT;
use crate::fixture::{Key, Site};

fn wide(text: &str) -> String {
    let wide = |char| char::from_u32(u32::from(char) + 0xfee0);
    text.chars().filter_map(wide).collect()
}

/// The spellings of a whole secret.
fn whole(key: &Key) -> Vec<String> {
    let secret = &key.secret;
    let (_, bare) = secret.split_once('_').unwrap();
    vec![
        secret.replace('_', "%5F"),
        secret.replace('_', "%5f"),
        secret.replace('_', "%255F"),
        secret.replace('_', "&#95;"),
        secret.replace('_', "&#x5f;"),
        secret.replace('_', "\\_"),
        wide(secret),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{}:{secret}", key.access)),
        format!("Authorization: {}", key.basic()),
        format!("authorization: basic {}", &key.basic()["Basic ".len()..]),
        bare.to_owned(),
        secret[1..].to_owned(),
        secret[2..].to_owned(),
        secret[secret.len() - bare.len() - 1..].to_owned(),
        format!(
            "https://keys.example.com/?a=1&key={}",
            secret.replace('_', "%5F")
        ),
    ]
}

/// Parts of one, and the code of a link: no key is found by them.
fn parts(key: &Key) -> Vec<String> {
    let (_, bare) = key.secret.split_once('_').unwrap();
    vec![
        bare[..45].to_owned(),
        bare[4..24].to_owned(),
        format!(
            "{}.{}wrong",
            key.access,
            &key.secret[..key.secret.len() - bare.len()]
        ),
        wide(&bare[..20]),
        STANDARD.encode(&bare[..30]),
        format!("https://keys.example.com/enter?code={}", "0a".repeat(32)),
        format!("/enter?code={}", "0a".repeat(32)),
        "0a".repeat(32),
    ]
}

async fn nothing_in_an_address(site: &Site, key: &Key) {
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    for q in whole(key) {
        let answer = desk.post("/operator/search", &[("q", &q)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, ""),
            "{q}"
        );
        assert!(answer.body.contains("Billing"), "{q}: {}", answer.body);
        assert!(!answer.body.contains(&q), "the page repeats {q}");
    }
    for q in parts(key) {
        let answer = desk.post("/operator/search", &[("q", &q)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, ""),
            "{q}"
        );
        assert!(
            !answer.body.contains(&q),
            "the page repeats {q}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn no_spelling_of_a_credential_gets_into_an_address() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    nothing_in_an_address(&site, &key).await;
}

#[tokio::test]
async fn nor_does_one_with_the_companys_prefix() {
    let site = Site::of_acme().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    assert!(key.secret.starts_with("acmes_"));
    nothing_in_an_address(&site, &key).await;
}

/// The pages of a search that stays in place are steps of a form.
#[tokio::test]
async fn a_search_in_place_has_more_pages() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    for n in 10..35 {
        operator.account(&format!("org|{n}")).await;
    }
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let first = desk.post("/operator/search", &[("q", "org|")]).await.body;
    assert!(first.contains("value=\"org|\""), "{first}");
    assert_eq!(first.matches("/operator/accounts/acc_").count(), 20);
    assert!(!first.contains("?q="), "{first}");
    let (_, after) = first
        .split_once("name=\"accounts_after\" value=\"")
        .unwrap();
    let after = after.split('"').next().unwrap();
    let fields = [("q", "org|"), ("accounts_after", after)];
    let second = desk.post("/operator/search", &fields).await.body;
    assert_eq!(second.matches("/operator/accounts/acc_").count(), 5);
}

/// The customers' search, without script, and the page of a portal link.
#[tokio::test]
async fn customers_addresses_lose_them_too() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let key = member.create("Billing", "never").await;
    let encode = |q: &str| form_urlencoded::byte_serialize(q.as_bytes()).collect::<String>();
    let (_, bare) = key.secret.split_once('_').unwrap();
    for q in whole(&key).into_iter().chain([bare[..45].to_owned()]) {
        let path = format!("/preferences/api-control?q={}&sort=name", encode(&q));
        let to = member.get(&path).await.header("location").to_owned();
        assert!(to.ends_with("sort=name&done=secret"), "{q}: {to}");
        assert!(!to.contains(bare), "{q}: {to}");
    }
    for q in whole(&key) {
        let found = member.call("keys/which", &[("secret", &q)]).await;
        assert_eq!(
            found.json()["key"]["access_key"],
            key.access.as_str(),
            "{q}"
        );
        let listed = member.call("keys/list", &[("q", &q)]).await;
        assert!(!listed.body.contains(bare), "{q}");
    }
    let operator = site.operator().await;
    for page in [
        format!(
            "/preferences/api-control?q={}",
            key.secret.replace('_', "%5F")
        ),
        format!(
            "/preferences/api-control?q={}",
            key.secret.replace('_', "%255f")
        ),
        format!(
            "/preferences/api-control?q={}",
            STANDARD.encode(&key.secret)
        ),
        format!("/preferences/api-control?q={bare}"),
    ] {
        let body = serde_json::json!({ "account": { "external_id": "a" }, "page": page });
        let answer = operator.post("/portal-sessions", body).await;
        assert_eq!(answer.status, 422, "{page}: {}", answer.body);
        assert!(!answer.body.contains(bare), "{}", answer.body);
    }
}
