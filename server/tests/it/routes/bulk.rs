//! Changes of many keys and their undo over HTTP, by the script and by a plain form.

use crate::fixture::{Answer, Browser, Site};

async fn three(site: &Site) -> (Browser<'_>, [String; 2]) {
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let keys = [
        member.create("one", "3d").await.access,
        member.create("two", "3d").await.access,
    ];
    (member, keys)
}

async fn statuses(member: &Browser<'_>) -> Vec<String> {
    let list = member.call("keys/list", &[("sort", "name")]).await.json();
    let keys = list["keys"].as_array().unwrap().iter();
    keys.map(|key| format!("{} {}", key["name"], key["status"]).replace('"', ""))
        .collect()
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text("code"))
}

#[tokio::test]
async fn a_bulk_change_is_made_and_undone_by_its_handle() {
    let site = Site::new().await;
    let (member, [one, two]) = three(&site).await;
    let keys = format!("{one} {two}");
    let fields = [("action", "expire"), ("access_keys", keys.as_str())];
    let answer = member.call("keys/bulk", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["count"], 2);
    assert_eq!(answer.text("sentence"), "2 keys have expired.");
    assert_eq!(
        statuses(&member).await,
        ["Default key active", "one expired", "two expired"]
    );
    let change = answer.text("change");
    let stranger = site.member("b@example.com").await;
    let undo = [("change", change.as_str())];
    let refused = stranger.call("keys/undo", &undo).await;
    assert_eq!(refusal(&refused), (409, "conflict".to_owned()));
    let undone = member.call("keys/undo", &undo).await;
    assert_eq!(undone.status, 200, "{}", undone.body);
    assert_eq!(undone.text("sentence"), "Undone: 2 keys are as they were.");
    assert_eq!(undone.text("change"), "");
    assert_eq!(
        statuses(&member).await,
        [
            "Default key active",
            "one expiring_soon",
            "two expiring_soon"
        ]
    );
    let again = member.call("keys/undo", &undo).await;
    assert_eq!(refusal(&again), (409, "conflict".to_owned()));
}

#[tokio::test]
async fn a_change_of_one_key_is_undone_by_its_handle() {
    let site = Site::new().await;
    let (member, [one, _]) = three(&site).await;
    let key = ("access_key", one.as_str());
    let expired = member.call("keys/expire", &[key]).await;
    assert_eq!(expired.text("sentence"), "one has expired.");
    let change = expired.text("change");
    member.call("keys/restore", &[key, ("expiry", "1d")]).await;
    let refused = member.call("keys/undo", &[("change", &change)]).await;
    assert_eq!(refusal(&refused), (409, "conflict".to_owned()));
    assert_eq!(
        refused.text("message"),
        "one has changed since, so nothing was undone."
    );
}

#[tokio::test]
async fn a_selection_with_a_key_of_another_account_is_refused() {
    let site = Site::new().await;
    let (member, [one, _]) = three(&site).await;
    let stranger = site.member("b@example.com").await;
    let theirs = stranger.create("theirs", "never").await.access;
    let before = statuses(&member).await;
    for foreign in [theirs.as_str(), "kh_0000000000000000", "nonsense"] {
        let keys = format!("{one} {foreign}");
        let fields = [("action", "expire"), ("access_keys", keys.as_str())];
        let refused = member.call("keys/bulk", &fields).await;
        assert_eq!(refusal(&refused), (404, "not_found".to_owned()));
        let message = format!("{foreign} is not one of your keys. Nothing was changed.");
        assert_eq!(refused.text("message"), message);
    }
    assert_eq!(statuses(&member).await, before);
    assert_eq!(statuses(&stranger).await[1], "theirs active");
    let fields = [("action", "delete"), ("access_keys", one.as_str())];
    let refused = member.call("keys/bulk", &fields).await;
    assert_eq!(refusal(&refused), (422, "invalid".to_owned()));
    assert!(refused.json()["fields"]["confirm_count"].is_string());
}

/// The search and the page stay, also where the answer asks for the number of keys: what matches is what was in sight.
#[tokio::test]
async fn a_form_without_script_is_answered_by_its_own_page_of_the_list() {
    let site = Site::new().await;
    let (member, [one, two]) = three(&site).await;
    let fields = [("all", "true"), ("q", "one"), ("action", "delete")];
    let asked = member.post("keys/bulk", &fields).await.body;
    assert!(asked.contains("Delete 1 key?"), "{asked}");
    assert!(asked.contains(&one) && !asked.contains(&two), "{asked}");

    for index in 0..23 {
        member.create(&format!("job {index}"), "never").await;
    }
    member.call("account/table", &[("page_size", "25")]).await;
    let fields = [
        ("key", one.as_str()),
        ("sort", "name"),
        ("page", "2"),
        ("action", "delete"),
    ];
    let asked = member.post("keys/bulk", &fields).await.body;
    assert!(asked.contains("26–26 of 26 keys, page 2 of 2"), "{asked}");
    assert!(asked.contains("Delete 1 key?"), "{asked}");
    let fields = [
        ("key", one.as_str()),
        ("sort", "name"),
        ("page", "2"),
        ("action", "extend 30d"),
    ];
    let answer = member.post("keys/bulk", &fields).await;
    let location = answer.header("location");
    let page = "/preferences/api-control?sort=name&page=2&done=changed&change=";
    assert!(location.starts_with(page), "{location}");
}

/// The form of the table: checkboxes, and a button whose value has the expiration too.
#[tokio::test]
async fn a_form_without_script_changes_the_checked_keys() {
    let site = Site::new().await;
    let (member, [one, two]) = three(&site).await;
    let fields = [
        ("key", one.as_str()),
        ("q", ""),
        ("status", ""),
        ("show", ""),
        ("expiry", ""),
        ("key", two.as_str()),
        ("action", "extend 30d"),
    ];
    let answer = member.post("keys/bulk", &fields).await;
    let location = answer.header("location").to_owned();
    let page = "/preferences/api-control?done=changed&change=";
    assert!(
        answer.status == 303 && location.starts_with(page),
        "{} {location}",
        answer.status
    );
    assert_eq!(
        statuses(&member).await,
        ["Default key active", "one active", "two active"]
    );
    let shown = member.get(&location).await.body;
    let change = location.strip_prefix(page).unwrap();
    assert!(shown.contains("Keys changed."), "{shown}");
    assert!(shown.contains(&format!("value=\"{change}\"")), "{shown}");
    let undone = member.post("keys/undo", &[("change", change)]).await;
    assert_eq!(
        (undone.status.as_u16(), undone.header("location")),
        (303, "/preferences/api-control?done=undone")
    );
    assert_eq!(
        statuses(&member).await,
        [
            "Default key active",
            "one expiring_soon",
            "two expiring_soon"
        ]
    );

    // What cannot be undone has no handle, and all that match are those of the filter.
    let fields = [
        ("key", one.as_str()),
        ("all", "true"),
        ("q", "one"),
        ("action", "delete"),
        ("confirm_count", "1"),
    ];
    let answer = member.post("keys/bulk", &fields).await;
    assert_eq!(
        answer.header("location"),
        "/preferences/api-control?q=one&done=changed"
    );
    assert_eq!(
        statuses(&member).await,
        ["Default key active", "two expiring_soon"]
    );
    // The page answers a refusal.
    let refused = member.post("keys/bulk", &[("action", "expire")]).await;
    assert_eq!(refused.status, 422);
}

/// A selection of thousands fits, and other functions keep their limit.
#[tokio::test]
async fn a_form_with_thousands_of_keys_is_read() {
    let site = Site::new().await;
    let (member, [one, _]) = three(&site).await;
    let mut fields: Vec<(&str, &str)> = vec![("key", &one); 5_000];
    fields.push(("action", "expire"));
    let answer = member.call("keys/bulk", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.text("sentence"), "one has expired.");
    let refused = member.call("keys/edit", &[("key", &one)]).await;
    assert_eq!(refusal(&refused), (400, "bad_request".to_owned()));
    let long = "x".repeat(300_000);
    let refused = member.call("keys/bulk", &[("access_keys", &long)]).await;
    assert_eq!(refused.status, 413);
}
