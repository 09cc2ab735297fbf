//! Sessions of portal links: each may do what its capabilities allow, in every function and on every page, and nothing
//! else.

use app::server_fns::registry::{self, Access, Function};
use serde_json::json;
use shared::capability::{Capabilities, Capability, Need};

use super::portal::visitor;
use crate::fixture::{Answer, Browser, Operator, Site};

const FORBIDDEN: (u16, &str) = (403, "not_allowed");

/// Every set but the empty one, which no link may have.
fn sets() -> impl Iterator<Item = Capabilities> {
    (1..64_usize).map(|bits| {
        let all = Capability::ALL.into_iter().enumerate();
        let chosen = all.filter(|(place, _)| bits & (1 << place) != 0);
        chosen.map(|(_, one)| one).collect()
    })
}

/// Those with one capability, with all but one, and with all.
fn few() -> impl Iterator<Item = Capabilities> {
    sets().filter(|set| [1, 5, 6].contains(&set.iter().count()))
}

pub async fn visit<'a>(
    site: &'a Site,
    operator: &Operator<'_>,
    account: &str,
    set: Capabilities,
) -> Browser<'a> {
    let slugs: Vec<_> = set.iter().map(Capability::slug).collect();
    let body = json!({
        "account": {"external_id": account, "name": "Acme"},
        "actor": {"external_id": "user_7", "label": "user_7@acme.example"},
        "capabilities": slugs,
    });
    visitor(site, operator, body).await
}

/// What a function needs; none for a public one, and for the sign-out, which would end the test.
fn need(function: &Function) -> Option<Need> {
    match function.access {
        Access::Session(need) if !function.path.ends_with("/sign-out") => Some(need),
        _ => None,
    }
}

fn name(function: &Function) -> &'static str {
    function.path.trim_start_matches("/fn/")
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text("code"))
}

/// All that an operator sees of an account.
async fn seen(operator: &Operator<'_>, account: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for path in ["", "/keys"] {
        let path = format!("/accounts/ext:{account}{path}");
        seen.push(operator.get(&path).await.body);
    }
    let trail = format!("/audit?account=ext:{account}&limit=200");
    seen.push(operator.get(&trail).await.body);
    seen
}

#[tokio::test]
async fn a_function_answers_those_that_have_what_it_needs() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    for (number, set) in sets().enumerate() {
        let account = format!("org_{number}");
        let browser = visit(&site, &operator, &account, set).await;
        let before = seen(&operator, &account).await;
        let (allowed, refused): (Vec<_>, Vec<_>) = registry::all()
            .into_iter()
            .filter_map(|function| Some((need(&function)?, function)))
            .partition(|(need, _)| need.is_met(set, false));
        for (need, function) in &refused {
            let fields: Vec<_> = function.fields.iter().map(|field| (*field, "x")).collect();
            let answer = browser.call(name(function), &fields).await;
            let (status, code) = outcome(&answer);
            assert_eq!((status, &*code), FORBIDDEN, "{set}: {}", function.path);
            assert_eq!(answer.text("message"), need.refusal());
        }
        assert_eq!(seen(&operator, &account).await, before, "{set}");
        for (_, function) in &allowed {
            // About a key it needs to see keys.
            if function.path == "/fn/keys/expiry" && !set.has(Capability::Read) {
                continue;
            }
            let fields: Vec<_> = function.fields.iter().map(|field| (*field, "x")).collect();
            let answer = browser.call(name(function), &fields).await;
            assert_ne!(answer.status, 403, "{set}: {}", function.path);
        }
        // No link opens the account itself.
        let own = registry::all()
            .into_iter()
            .filter(|function| need(function) == Some(Need::Holder));
        assert_eq!(
            refused
                .iter()
                .filter(|(need, _)| *need == Need::Holder)
                .count(),
            own.count()
        );
    }
}

#[tokio::test]
async fn a_form_without_script_is_answered_by_a_page_that_says_so() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    for set in few() {
        let browser = visit(&site, &operator, "org_1", set).await;
        for function in registry::all() {
            let Some(need) = need(&function).filter(|need| !need.is_met(set, false)) else {
                continue;
            };
            let fields: Vec<_> = function.fields.iter().map(|field| (*field, "x")).collect();
            let answer = browser.post(name(&function), &fields).await;
            assert_eq!(answer.status, 403, "{set}: {}", function.path);
            assert!(
                answer.body.contains("Your access here does not include"),
                "{set}: {}: {}",
                function.path,
                need.refusal()
            );
            assert_eq!(
                shown(&answer.body, set),
                [""; 0],
                "{set}: {}",
                function.path
            );
        }
    }
}

/// The changes by which keys are changed, with what each needs.
#[tokio::test]
async fn a_change_of_keys_needs_its_capability() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("org_1").await;
    for set in few() {
        let browser = visit(&site, &operator, "org_1", set).await;
        let key = operator.key(&account, "one", "30d").await.access;
        let other = operator.key(&account, "two", "30d").await.access;
        let keys = format!("{key} {other}");
        let (key, keys) = (key.as_str(), keys.as_str());
        for (function, fields, needs) in [
            (
                "keys/create",
                vec![("name", "x"), ("expiry", "never")],
                Capability::Create,
            ),
            (
                "keys/edit",
                vec![("access_key", key), ("name", "one")],
                Capability::Edit,
            ),
            (
                "keys/edit",
                vec![("access_key", key), ("expiry", "20d")],
                Capability::Edit,
            ),
            (
                "keys/restore",
                vec![("access_key", key), ("expiry", "90d")],
                Capability::Edit,
            ),
            ("keys/expire", vec![("access_key", key)], Capability::Expire),
            (
                "keys/restore",
                vec![("access_key", key), ("expiry", "never")],
                Capability::Edit,
            ),
            (
                "keys/bulk",
                vec![
                    ("access_keys", keys),
                    ("action", "extend"),
                    ("expiry", "365d"),
                ],
                Capability::Edit,
            ),
            (
                "keys/bulk",
                vec![("access_keys", keys), ("action", "set"), ("expiry", "30d")],
                Capability::Edit,
            ),
            (
                "keys/bulk",
                vec![("access_keys", keys), ("action", "expire")],
                Capability::Expire,
            ),
            (
                "keys/snooze",
                vec![("access_key", key), ("until", "now")],
                Capability::Notices,
            ),
            (
                "keys/bulk",
                vec![
                    ("access_keys", other.as_str()),
                    ("action", "delete"),
                    ("confirm_count", "1"),
                ],
                Capability::Delete,
            ),
            (
                "keys/delete",
                vec![("access_key", key), ("confirm_name", "one")],
                Capability::Delete,
            ),
        ] {
            let answer = browser.call(function, &fields).await;
            let expected = if set.has(needs) { 200 } else { 403 };
            assert_eq!(
                answer.status, expected,
                "{set}: {function} {fields:?}: {}",
                answer.body
            );
        }
    }
}

/// An undo needs what the change needed, no matter who made it.
#[tokio::test]
async fn an_undo_needs_what_the_change_needed() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("org_1").await;
    let all = visit(&site, &operator, "org_1", Capabilities::all()).await;
    for (function, field, needs) in [
        ("keys/edit", ("name", "renamed"), Capability::Edit),
        ("keys/restore", ("expiry", "never"), Capability::Edit),
        ("keys/expire", ("", ""), Capability::Expire),
    ] {
        for set in few() {
            let browser = visit(&site, &operator, "org_1", set).await;
            let key = operator.key(&account, "one", "30d").await.access;
            let mut fields = vec![("access_key", key.as_str()), field];
            fields.retain(|(name, _)| !name.is_empty());
            let changed = all.call(function, &fields).await;
            let change = changed.text("change");
            let before = operator.get(&format!("/keys/{key}")).await.body;
            let undone = browser.call("keys/undo", &[("change", &change)]).await;
            let after = operator.get(&format!("/keys/{key}")).await.body;
            if set.has(needs) {
                assert_eq!(undone.status, 200, "{set}: {function}: {}", undone.body);
                assert_ne!(before, after);
            } else {
                let (status, code) = outcome(&undone);
                assert_eq!((status, &*code), FORBIDDEN, "{set}: {function}");
                assert_eq!(before, after);
            }
        }
    }
}

/// The pages, with what each needs.
fn pages(key: &str) -> [(String, Option<Capability>); 9] {
    [
        ("/", Some(Capability::Read)),
        ("/preferences/account", None),
        ("/preferences/notices", Some(Capability::Notices)),
        ("/preferences/api-control", Some(Capability::Read)),
        ("/preferences/api-control/new", Some(Capability::Create)),
        (
            "/preferences/api-control/stagger?day=2027-05-01",
            Some(Capability::Read),
        ),
        (
            "/preferences/api-control/export.csv",
            Some(Capability::Read),
        ),
        (
            "/preferences/api-control/export.json",
            Some(Capability::Read),
        ),
        ("/developers", None),
    ]
    .map(|(path, need)| (path.to_owned(), need))
    .map(|(path, need)| (path.replace("{key}", key), need))
}

/// Returns the addresses of functions and pages on a page that the session may not use.
fn shown(page: &str, set: Capabilities) -> Vec<String> {
    let after = |attribute: &str| {
        let values = page.split(attribute).skip(1);
        values
            .filter_map(|rest| rest.split('"').next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let needs: Vec<_> = registry::all()
        .iter()
        .filter_map(|function| Some((function.path, need(function)?)))
        .collect();
    let calls = after(" action=\"").into_iter().filter(|action| {
        let mut known = needs.iter();
        known.any(|(path, need)| path == action && !need.is_met(set, false))
    });
    let links = after(" href=\"").into_iter().filter(|href| {
        let path = href.split(['?', '#']).next().unwrap_or_default();
        let pages = pages("");
        let fixed = pages
            .iter()
            .find(|(page, _)| page.split('?').next() == Some(path));
        let key = path.starts_with("/preferences/api-control/kh_");
        let need = fixed.map_or(key.then_some(Capability::Read), |(_, need)| *need);
        // The brand leads home from every page; home explains itself.
        path != "/" && need.is_some_and(|need| !set.has(need))
    });
    calls.chain(links).collect()
}

#[tokio::test]
async fn a_page_shows_nothing_that_its_session_may_not_do() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("org_1").await;
    let soon = operator.key(&account, "soon", "3d").await;
    operator.key(&account, "later", "90d").await;
    let expired = operator.key(&account, "expired", "90d").await;
    let path = format!("/keys/{}/expire", expired.access);
    assert_eq!(operator.post(&path, json!({})).await.status, 200);
    for set in few() {
        let browser = visit(&site, &operator, "org_1", set).await;
        let mut pages = pages(&soon.access).to_vec();
        for key in [&soon, &expired] {
            let path = format!("/preferences/api-control/{}", key.access);
            pages.push((path, Some(Capability::Read)));
        }
        for (path, need) in pages {
            let page = browser.get(&path).await;
            let allowed = need.is_none_or(|need| set.has(need));
            assert_eq!(
                page.status,
                if allowed { 200 } else { 403 },
                "{set}: {path}"
            );
            assert_eq!(shown(&page.body, set), [""; 0], "{set}: {path}");
            if !allowed {
                assert!(
                    page.body.contains("Your access here does not include"),
                    "{path}"
                );
                assert!(!page.body.contains(&soon.access), "{set}: {path}");
            }
            if !path.contains("export") {
                assert!(
                    page.body.contains("Acme"),
                    "the account's name is in the header"
                );
            }
        }
    }
}

/// With all capabilities, the pages offer all but the account itself.
#[tokio::test]
async fn a_session_with_all_capabilities_has_the_pages_of_an_own_one() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let browser = visit(&site, &operator, "org_1", Capabilities::all()).await;
    let page = browser.get("/preferences/account").await;
    assert!(page.body.contains("/fn/account/preferences"));
    for own in [
        "/fn/account/password",
        "/fn/account/delete",
        "/fn/account/sessions/end",
    ] {
        assert!(!page.body.contains(own), "{own}");
    }
    let key = browser.create("mine", "never").await;
    let page = browser
        .get(&format!("/preferences/api-control/{}", key.access))
        .await;
    for offered in ["/fn/keys/edit", "/fn/keys/expire", "/fn/keys/delete"] {
        assert!(page.body.contains(offered), "{offered}");
    }
}
