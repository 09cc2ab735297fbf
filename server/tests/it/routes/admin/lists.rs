//! Lists: pages, cursors and filters.

use std::collections::BTreeSet;

use serde_json::json;

use super::{errors, refusal};
use vault::limits::Settings;

use crate::fixture::{Answer, BASE, Operator, Site};

/// Follows a list to its end by `next`, which `Link` repeats, and returns a member of each entry. `between` runs after
/// each page.
async fn walk(
    operator: &Operator<'_>,
    path: &str,
    member: &str,
    mut between: impl AsyncFnMut(),
) -> Vec<String> {
    let mut found = Vec::new();
    let mut address = path.to_owned();
    loop {
        let page = operator.get(&address).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let body = page.json();
        let entries = body["data"].as_array().unwrap();
        found.extend(entries.iter().map(|entry| entry[member].to_string()));
        between().await;
        let Some(next) = body["next"].as_str() else {
            assert_eq!(link(&page), None);
            return found;
        };
        address = link(&page).unwrap();
        assert!(address.contains(&format!("after={next}")), "{address}");
    }
}

/// Returns the path of the next page, without the prefix.
fn link(page: &Answer) -> Option<String> {
    let link = page.headers.get("link")?.to_str().unwrap();
    let path = link
        .strip_prefix("</admin/v1")?
        .strip_suffix(">; rel=\"next\"")?;
    Some(path.to_owned())
}

/// None twice and none missed of those that stay, while others come and go.
#[tokio::test]
async fn a_walk_over_2500_keys_is_whole_while_others_are_made_and_deleted() {
    let limits = Settings {
        keys: 0,
        ..Settings::default()
    };
    let site = Site::limited(BASE, true, limits).await;
    let operator = site.operator().await;
    let account = operator.account("org_1").await;
    let other = operator.account("org_2").await;
    let mut standing = BTreeSet::new();
    let mut leaving = Vec::new();
    for number in 0..2_500 {
        let key = operator
            .key(&account, &format!("key {number}"), "never")
            .await;
        if number % 10 == 0 {
            leaving.push(key.access);
        } else {
            standing.insert(format!("\"{}\"", key.access));
        }
        // Many of one instant, as a program makes them, and some of the next.
        if number % 100 == 0 {
            site.clock.advance(1);
        }
    }
    let mut found = BTreeSet::new();
    let mut leaving = leaving.into_iter();
    let walked = walk(&operator, "/keys?limit=90", "access_key", async || {
        for key in leaving.by_ref().take(9) {
            operator.delete(&format!("/keys/{key}")).await;
        }
        operator.key(&other, "new", "never").await;
    });
    for key in walked.await {
        assert!(found.insert(key.clone()), "{key} twice");
    }
    let missed: Vec<_> = standing.difference(&found).collect();
    assert!(missed.is_empty(), "{missed:?}");
    let of_one = walk(
        &operator,
        "/accounts/ext:org_1/keys?limit=200",
        "access_key",
        async || (),
    );
    let of_one: BTreeSet<_> = of_one.await.into_iter().collect();
    assert!(standing.is_subset(&of_one));
}

#[tokio::test]
async fn keys_are_found_by_owner_status_dates_and_words() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let (one, two) = (
        operator.account("org_1").await,
        operator.account("org_2").await,
    );
    let used = operator.key(&one, "Billing EU", "10d").await;
    let never = operator.key(&one, "Mobile", "never").await;
    let gone = operator.key(&two, "Legacy 100%", "90d").await;
    operator
        .patch(&format!("/accounts/{two}"), json!({"warning_days": 90}))
        .await;
    operator
        .post(&format!("/keys/{}/expire", gone.access), json!({}))
        .await;
    let names = async |query: &str| {
        let page = operator.get(&format!("/keys?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let body = page.json();
        let data = body["data"].as_array().unwrap().iter();
        data.map(|key| key["access_key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (used, never, gone) = (used.access, never.access, gone.access);
    let mut of_one = names("owner=ext:org_1").await;
    of_one.sort();
    let mut both = [used.clone(), never.clone()];
    both.sort();
    assert_eq!(of_one, both);
    assert_eq!(names(&format!("owner={two}")).await, [&*gone]);
    assert_eq!(names("status=expiring_soon").await, [&*used]);
    assert_eq!(names("status=active").await, [&*never]);
    assert_eq!(names("status=expired").await, [&*gone]);
    assert_eq!(names("q=eu+bill").await, [&*used]);
    assert_eq!(names("q=100%25").await, [&*gone]);
    let year = "2027-01-01T00:00:00Z";
    let before = names(&format!("expires_before={year}")).await;
    assert!(
        before.contains(&gone) && before.contains(&used) && before.len() == 2,
        "{before:?}"
    );
    assert_eq!(names(&format!("unused_since={year}")).await.len(), 3);
    let foreign = operator.get("/keys?owner=acc_0").await;
    assert_eq!(refusal(&foreign), (404, "not_found".to_owned()));
}

/// Each filter gives the same keys in the same order as the whole list does, page by page: in memory, in the order of the
/// index, and in a pass through the table.
#[tokio::test]
async fn every_way_to_a_page_leads_to_the_same_keys() {
    let limits = Settings {
        keys: 0,
        ..Settings::default()
    };
    let site = Site::limited(BASE, true, limits).await;
    site.leave_mail();
    let operator = site.operator().await;
    let (one, two) = (
        operator.account("org_1").await,
        operator.account("org_2").await,
    );
    for number in 0..2_100 {
        let account = if number % 3 == 0 { &two } else { &one };
        let rare = number % 400 == 399;
        let name = if rare { "solo" } else { "common" };
        let expiry = if rare { "1d" } else { "never" };
        operator.key(account, name, expiry).await;
        if number % 7 == 0 {
            site.clock.advance(1);
        }
    }
    let all = operator.get("/keys?limit=200").await.json();
    let mut listed = all["data"].as_array().unwrap().clone();
    let mut next = all["next"].clone();
    while let Some(after) = next.as_str() {
        let page = operator
            .get(&format!("/keys?limit=200&after={after}"))
            .await;
        listed.extend(page.json()["data"].as_array().unwrap().clone());
        next = page.json()["next"].clone();
    }
    assert_eq!(listed.len(), 2_100);
    let day = "2999-01-01T00:00:00Z";
    for (query, of_one, rare) in [
        ("q=solo".to_owned(), false, true),
        ("q=common".to_owned(), false, false),
        ("q=ommo+kh_".to_owned(), false, false),
        ("status=expiring_soon".to_owned(), false, true),
        ("status=active".to_owned(), false, false),
        (format!("expires_before={day}"), false, true),
        ("status=expiring_soon&q=solo".to_owned(), false, true),
        (format!("unused_since={day}&q=solo"), false, true),
        (format!("owner={one}&status=expiring_soon"), true, true),
        (format!("owner={one}&q=solo"), true, true),
        (
            format!("owner=ext:org_1&unused_since={day}&status=active"),
            true,
            false,
        ),
    ] {
        let expected: Vec<String> = listed
            .iter()
            .filter(|key| (key["name"] == "solo") == rare)
            .filter(|key| !of_one || key["account_id"] == *one)
            .map(|key| key["access_key"].to_string())
            .collect();
        for limit in [2, 200] {
            if limit == 2 && !rare {
                continue;
            }
            let path = format!("/keys?{query}&limit={limit}");
            let found = walk(&operator, &path, "access_key", async || ()).await;
            assert_eq!(found, expected, "{path}");
        }
    }
    let none = operator.get("/keys?status=expired").await.json();
    assert_eq!(none, json!({"data": [], "next": null}));
    let foreign = operator.get("/accounts?limit=1").await.json();
    let after = foreign["next"].as_str().unwrap();
    let refused = operator
        .get(&format!("/keys?status=active&after={after}"))
        .await;
    assert_eq!(refusal(&refused), (400, "bad_request".to_owned()));
}

#[tokio::test]
async fn parameters_that_mean_nothing_are_refused() {
    let site = Site::new().await;
    let operator = site.operator().await;
    for (path, pointer) in [
        ("/keys?limit=0", "/limit"),
        ("/keys?limit=201", "/limit"),
        ("/keys?limit=x", "/limit"),
        ("/accounts?after=x", "/after"),
        ("/keys?after=%00", "/after"),
        ("/audit?after=x", "/after"),
        ("/audit?action=none", "/action"),
        ("/keys?status=good", "/status"),
        ("/keys?expires_before=tomorrow", "/expires_before"),
        ("/audit?since=2026-11-30", "/since"),
        ("/keys?statuss=expired", "/statuss"),
        ("/keys?q=a&q=b", "/q"),
        ("/keys?limit=005", "/limit"),
        ("/keys?limit=%2B5", "/limit"),
        ("/keys?limit=%205", "/limit"),
        ("/keys?limit=", "/limit"),
        (
            "/keys?expires_before=%202026-11-30T12:00:00Z",
            "/expires_before",
        ),
        ("/keys?a~b/c=1", "/a~0b~1c"),
        // Operations that have no parameters.
        ("/accounts/acc_0?limit=5", "/limit"),
        ("/keys/kh_0123456789abcdef?fields=name", "/fields"),
    ] {
        let refused = operator.get(path).await;
        let expected = (400, "bad_request".to_owned());
        assert_eq!(refusal(&refused), expected, "{path}: {}", refused.body);
        assert_eq!(errors(&refused)[0].0, pointer, "{path}");
    }
    let both = operator.get("/keys?b=1&a=2&limit=5").await;
    let unknown = |name: &str| (name.to_owned(), "unknown".to_owned());
    assert_eq!(errors(&both), [unknown("/a"), unknown("/b")]);
    let id = operator.account("org_1").await;
    for (method, path) in [
        ("POST", "/accounts?dry_run=1".to_owned()),
        ("PATCH", format!("/accounts/{id}?x=")),
        ("DELETE", format!("/accounts/{id}?x")),
        ("POST", format!("/accounts/{id}/suspend?x=1")),
        ("HEAD", format!("/accounts/{id}?x=1")),
    ] {
        let body = (method != "DELETE" && method != "HEAD").then(|| json!({"name": "x"}));
        let refused = operator.send(method, &path, &[], body).await;
        assert_eq!(refused.status, 400, "{method} {path}: {}", refused.body);
    }
    let after = operator.get("/accounts").await.json();
    assert_eq!(after["data"].as_array().unwrap().len(), 1);
    assert_eq!(after["data"][0]["name"], "");
    operator.delete(&format!("/accounts/{id}")).await;
    let long = format!("/keys?q={}", "a".repeat(201));
    let refused = operator.get(&long).await;
    assert_eq!(errors(&refused)[0].0, "/q", "{}", refused.body);
    for odd in [
        "/keys?q=%00",
        "/keys?q=%25%5f%5c",
        "/accounts?q=%00'",
        "/audit?actor=%00",
    ] {
        let found = operator.get(odd).await;
        assert_eq!(found.status, 200, "{odd}: {}", found.body);
        assert_eq!(found.json()["data"], json!([]), "{odd}");
    }
}

#[tokio::test]
async fn accounts_are_found_by_a_part_and_by_standing() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let one = operator.account("Org_1").await;
    operator.account("org_2").await;
    operator
        .patch(
            &format!("/accounts/{one}"),
            json!({"name": "Ärger & Söhne"}),
        )
        .await;
    operator
        .post(&format!("/accounts/{one}/suspend"), json!({"reason": "x"}))
        .await;
    let count = async |query: &str| {
        let page = operator.get(&format!("/accounts?{query}")).await;
        page.json()["data"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("q=ORG_").await, 2);
    assert_eq!(count("q=org_1").await, 1);
    assert_eq!(count("q=rger").await, 1);
    for same in [
        "%C3%84RGER",
        "%C3%A4rger",
        "arger",
        "A%CC%88rger",
        "s%C3%B6hne",
        "SOHNE",
        "+rger+%26",
    ] {
        assert_eq!(count(&format!("q={same}")).await, 1, "{same}");
    }
    assert_eq!(count("q=%C3%A9rger").await, 0);
    assert_eq!(count("q=%25").await, 0);
    assert_eq!(count("status=suspended").await, 1);
    assert_eq!(count("status=active").await, 1);
}
