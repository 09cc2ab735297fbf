use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::overview::{Alarms, Dashboard, Line, SnoozedKey, StaggerDay, StaggerPlan};
use super::*;

/// Asserts that the value is printed as `json`, and that the browser reads back the same value.
fn travels<T>(value: &T, json: &Value) -> Result<(), serde_json::Error>
where
    T: Serialize + DeserializeOwned + PartialEq + fmt::Debug,
{
    assert_eq!(&serde_json::to_value(value)?, json);
    assert_eq!(&serde_json::from_value::<T>(json.clone())?, value);
    Ok(())
}

fn moment() -> Moment {
    Moment {
        at: 1_795_737_599_999,
        rfc3339: "2026-11-26T23:59:59.999Z".to_owned(),
        text: "Thu 26 Nov 2026, 23:59 UTC".to_owned(),
        local: "2026-11-26T23:59".to_owned(),
    }
}

fn moment_json() -> Value {
    json!({
        "at": 1_795_737_599_999_i64,
        "rfc3339": "2026-11-26T23:59:59.999Z",
        "text": "Thu 26 Nov 2026, 23:59 UTC",
        "local": "2026-11-26T23:59",
    })
}

fn key() -> KeyView {
    KeyView {
        access_key: "kh_0123456789abcdef".to_owned(),
        name: "Default key".to_owned(),
        description: String::new(),
        status: Status::ExpiringSoon,
        created: moment(),
        expires: Some(moment()),
        used: Some(moment()),
        calls: Sparkline::of(&[(0, 0), (2, 1)]),
        version: "0a-good".to_owned(),
        offers: Vec::new(),
    }
}

fn offer() -> Offer {
    Offer {
        expiry: "90d".to_owned(),
        label: "In 90 days".to_owned(),
        day: "26 Feb 2027".to_owned(),
    }
}

fn offer_json() -> Value {
    json!({"expiry": "90d", "label": "In 90 days", "day": "26 Feb 2027"})
}

fn key_json() -> Value {
    json!({
        "access_key": "kh_0123456789abcdef",
        "name": "Default key",
        "description": "",
        "status": "expiring_soon",
        "created": moment_json(),
        "expires": moment_json(),
        "used": moment_json(),
        "calls": {"accepted": 2, "refused": 1, "days": "09"},
        "version": "0a-good",
    })
}

/// A key and its instants have these names, which programs read from `/fn/keys/list` and `/v1/keys`.
#[test]
fn a_key_and_its_moments_have_these_names() -> Result<(), serde_json::Error> {
    travels(&key(), &key_json())?;
    let mut endless = key_json();
    endless["expires"] = Value::Null;
    endless["used"] = Value::Null;
    travels(
        &KeyView {
            expires: None,
            used: None,
            ..key()
        },
        &endless,
    )
}

#[test]
fn an_account_has_these_names() -> Result<(), serde_json::Error> {
    let account = AccountView {
        email: "a@b.example".to_owned(),
        name: "Acme".to_owned(),
        back: Some(Link {
            href: "https://app.example.com/".to_owned(),
            text: "Back to app.example.com".to_owned(),
        }),
        owner: "acc_0 portal user_7".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        warning_days: 14,
        today: "2026-11-26".to_owned(),
    };
    assert_eq!(account.window(), 1_209_600_000);
    travels(
        &account,
        &json!({
            "email": "a@b.example", "name": "Acme",
            "owner": "acc_0 portal user_7",
            "back": {"href": "https://app.example.com/", "text": "Back to app.example.com"},
            "time_zone": "Europe/Berlin", "warning_days": 14, "today": "2026-11-26"
        }),
    )
}

#[test]
fn a_page_of_keys_has_these_names() -> Result<(), serde_json::Error> {
    let page = KeyPage {
        now: 1,
        window: DAY_MS,
        time_zone: "UTC".to_owned(),
        keys: vec![key()],
        counts: Counts {
            active: 1,
            expiring_soon: 2,
            expired: 3,
        },
        page: 1,
        pages: 1,
        size: 50,
        columns: Columns { created: true },
    };
    travels(
        &page,
        &json!({
            "now": 1, "window": 86_400_000, "time_zone": "UTC", "keys": [key_json()],
            "counts": {"active": 1, "expiring_soon": 2, "expired": 3}, "page": 1, "pages": 1,
            "size": 50, "columns": {"created": true},
        }),
    )
}

#[test]
fn the_answer_to_a_pasted_secret_has_these_names() -> Result<(), serde_json::Error> {
    let found = Which::new(Some(FoundKey {
        access_key: "kh_0123456789abcdef".to_owned(),
        name: "staging".to_owned(),
        status: Status::Expired,
    }));
    travels(
        &found,
        &json!({
            "key": {"access_key": "kh_0123456789abcdef", "name": "staging", "status": "expired"},
            "sentence": "That is the secret key of staging.",
        }),
    )?;
    travels(
        &Which::new(None),
        &json!({"key": null, "sentence": "That secret key belongs to no key of this account."}),
    )
}

#[test]
fn a_keys_own_page_has_these_names() -> Result<(), serde_json::Error> {
    let detail = KeyDetail {
        now: 1,
        window: 2,
        time_zone: "UTC".to_owned(),
        key: key(),
        made_by: "user_7@acme.example".to_owned(),
        offers: vec![offer()],
        expired_by: "Expired by support-anna.".to_owned(),
        failing: Some(Failing {
            callers: 2,
            last: moment(),
        }),
        calls: Vec::new(),
        callers: Vec::new(),
        history: vec![HistoryEntry {
            when: moment(),
            what: "Expired manually".to_owned(),
            address: "127.0.0.1".to_owned(),
            changes: vec![Change {
                field: "Expiration".to_owned(),
                from: "never".to_owned(),
                to: "Thu 26 Nov 2026, 23:59 UTC".to_owned(),
            }],
            who: "you".to_owned(),
        }],
    };
    travels(
        &detail,
        &json!({
            "now": 1, "window": 2, "time_zone": "UTC", "key": key_json(),
            "made_by": "user_7@acme.example", "offers": [offer_json()],
            "expired_by": "Expired by support-anna.", "failing": {"callers": 2, "last": moment_json()},
            "calls": [], "callers": [],
            "history": [{
                "when": moment_json(), "what": "Expired manually", "address": "127.0.0.1",
                "changes": [{"field": "Expiration", "from": "never", "to": "Thu 26 Nov 2026, 23:59 UTC"}],
                "who": "you",
            }],
        }),
    )
}

#[test]
fn the_dashboard_has_these_names() -> Result<(), serde_json::Error> {
    let text = str::to_owned;
    let dashboard = Dashboard {
        now: 1,
        window: 2,
        next: Some(3),
        alarms: Alarms {
            failing: 0,
            soon: 1,
            expired: 2,
        },
        tone: text("red"),
        sentence: text("s"),
        attention: vec![Line {
            key: key(),
            failing: None,
            expired_by: String::new(),
            offers: vec![offer()],
            menu: text("<details>"),
        }],
        snoozed: vec![SnoozedKey {
            access_key: text("kh_0"),
            name: text("n"),
            until: moment(),
        }],
        waits: true,
        notes: text("<section>"),
        more: text("<a>"),
        put_off: text("<ul>"),
        steps: text("<ol>"),
        rest: text("<p>"),
    };
    assert_eq!(dashboard.alarms.total(), 3);
    travels(
        &dashboard,
        &json!({
            "now": 1, "window": 2, "next": 3, "alarms": {"failing": 0, "soon": 1, "expired": 2},
            "tone": "red", "sentence": "s",
            "attention": [{"key": key_json(), "failing": null, "expired_by": "", "offers": [offer_json()], "menu": "<details>"}],
            "snoozed": [{"access_key": "kh_0", "name": "n", "until": moment_json()}],
            "waits": true,
            "notes": "<section>", "more": "<a>", "put_off": "<ul>", "steps": "<ol>", "rest": "<p>",
        }),
    )
}

#[test]
fn a_plan_has_these_names() -> Result<(), serde_json::Error> {
    let plan = StaggerPlan {
        time_zone: "UTC".to_owned(),
        day: "2027-05-01".to_owned(),
        text: "Sat 1 May 2027".to_owned(),
        keys: 2,
        days: 7,
        room: 30,
        moved: 1,
        spread: vec![StaggerDay {
            text: "Fri 30 Apr 2027".to_owned(),
            keys: 1,
            names: vec!["n".to_owned()],
        }],
        version: "0a".to_owned(),
    };
    travels(
        &plan,
        &json!({
            "time_zone": "UTC", "day": "2027-05-01", "text": "Sat 1 May 2027", "keys": 2, "days": 7, "room": 30, "moved": 1,
            "spread": [{"text": "Fri 30 Apr 2027", "keys": 1, "names": ["n"]}], "version": "0a",
        }),
    )
}

#[test]
fn a_change_has_these_names() -> Result<(), serde_json::Error> {
    let changed = Changed {
        access_key: "kh_0".to_owned(),
        name: "n".to_owned(),
        expiry_before: "never".to_owned(),
        expiry: "2026-11-26T23:59:59.999Z".to_owned(),
        expires: Some(moment()),
        version: "0a-good".to_owned(),
        change: "change_0".to_owned(),
        sentence: "n now expires 26 Nov 2026, 23:59 UTC.".to_owned(),
    };
    assert_eq!(changed.sentence(), changed.sentence);
    travels(
        &changed,
        &json!({
            "access_key": "kh_0", "name": "n",
            "expiry_before": "never", "expiry": "2026-11-26T23:59:59.999Z",
            "expires": moment_json(), "version": "0a-good", "change": "change_0",
            "sentence": "n now expires 26 Nov 2026, 23:59 UTC.",
        }),
    )?;
    let bulk = BulkChanged {
        count: 2,
        sentence: "2 keys have expired.".to_owned(),
        change: "change_0".to_owned(),
    };
    travels(
        &bulk,
        &json!({"count": 2, "sentence": "2 keys have expired.", "change": "change_0"}),
    )
}

/// Sign-up and create answer with the secret under this name; a log line never contains it.
#[test]
fn an_issued_key_shows_its_secret_in_json_only() -> Result<(), serde_json::Error> {
    let issued = IssuedKey {
        access_key: "kh_0".to_owned(),
        secret_key: "khs_verysecret".to_owned(),
        name: "n".to_owned(),
        expires_at: None,
        verify_url: "http://127.0.0.1:3000/verify".to_owned(),
        file: "n.env".to_owned(),
        variable: "KEYHOLD".to_owned(),
        version: "0a-good".to_owned(),
    };
    assert!(!format!("{issued:?} {issued:#?}").contains("verysecret"));
    travels(
        &issued,
        &json!({
            "access_key": "kh_0", "secret_key": "khs_verysecret", "name": "n", "expires_at": null,
            "verify_url": "http://127.0.0.1:3000/verify", "file": "n.env", "variable": "KEYHOLD",
            "version": "0a-good",
        }),
    )
}

/// The numbers beside the filters belong to their own status.
#[test]
fn counts_are_told_apart() {
    let counts = Counts {
        active: 1,
        expiring_soon: 20,
        expired: 300,
    };
    assert_eq!(Status::ALL.map(|status| counts.of(status)), [1, 20, 300]);
    assert_eq!(counts.total(), 321);
}
