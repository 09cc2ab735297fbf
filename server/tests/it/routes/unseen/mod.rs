//! Sessions that may not see keys: whatever else they may do, no answer tells them a name, a description, an access key or
//! a date of a key that they have not named themselves.

mod changes;

use app::server_fns::registry::{self, Access, Function};
use serde_json::json;
use shared::capability::{Capabilities, Capability};

use super::capabilities::visit;
use super::portal::visitor;
use crate::fixture::{Answer, Browser, Key, Operator, Site};

type Fields = Vec<(&'static str, String)>;

/// Those with one capability, and with all but one, that lack this one.
fn sets() -> impl Iterator<Item = Capabilities> {
    let blind = Capability::ALL
        .into_iter()
        .filter(|one| *one != Capability::Read);
    let single = blind.clone().map(|one| Capabilities::from_iter([one]));
    single.chain([blind.collect()])
}

/// Keys of an account, with texts that no answer has by chance.
struct Seeded {
    keys: [Key; 3],
    /// The handle of a change that can be undone, and of one that cannot: its key has changed since.
    change: String,
    outdated: String,
    /// What only a session that sees keys may read.
    told: Vec<String>,
}

impl Seeded {
    async fn new(site: &Site, operator: &Operator<'_>, account: &str) -> Self {
        let body = json!({
            "account": {"external_id": account, "name": "Acme", "notice_emails": ["ops@acme.example"]},
        });
        let all = visitor(site, operator, body).await;
        let keys = [
            all.create("Quetzal-6021", "2031-07-19").await,
            all.create("Okapi-5518", "2031-07-19").await,
            all.create("Numbat-9046", "90d").await,
        ];
        site.clock.advance(1);
        let edit = async |key: &Key, field: &'static str, text: &str| {
            let fields = [("access_key", key.access.as_str()), (field, text)];
            let answer = all.call("keys/edit", &fields).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.text("change")
        };
        let outdated = edit(&keys[0], "name", "Axolotl-7734").await;
        edit(&keys[0], "description", "Tarsier-1187 of the night shift").await;
        let change = edit(&keys[1], "name", "Kakapo-2203").await;
        let expired = [("access_key", keys[2].access.as_str())];
        assert_eq!(all.call("keys/expire", &expired).await.status, 200);
        let words = "Quetzal Okapi Numbat Axolotl Tarsier Kakapo 2031-07-19";
        let mut told: Vec<_> = words.split(' ').map(str::to_owned).collect();
        told.push("19 Jul 2031".to_owned());
        told.extend(keys.iter().map(|key| key.access.clone()));
        let seeded = Self {
            keys,
            change,
            outdated,
            told,
        };
        seeded.is_told_to(&all).await;
        seeded
    }

    /// What the others must not read is there to be read.
    async fn is_told_to(&self, all: &Browser<'_>) {
        let log = all.call("notices/show", &[]).await.body;
        assert!(log.contains("Numbat-9046"), "{log}");
        let mut seen = log + &all.call("keys/list", &[]).await.body;
        for key in &self.keys {
            let path = format!("/preferences/api-control/{}", key.access);
            seen += &all.get(&path).await.body;
        }
        for text in &self.told {
            assert!(seen.contains(text), "{text}");
        }
    }

    /// Returns what an answer tells although the request has not named it.
    fn leaked(&self, answer: &Answer, asked: &str) -> Vec<&str> {
        let headers = answer.headers.values();
        let headers = headers.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let said = headers.fold(answer.body.clone(), |said, header| said + "\n" + &header);
        let told = self.told.iter().map(String::as_str);
        told.filter(|text| !asked.contains(text) && said.contains(text))
            .collect()
    }

    /// Returns requests to a function, with all that could make it tell something: those that a session may make first.
    fn requests(&self, function: &Function) -> Vec<Fields> {
        let [first, second, third] = [0, 1, 2].map(|place| self.keys[place].access.clone());
        if function.path == "/fn/keys/edit" {
            let stale = [
                ("name", "x"),
                ("description", "x"),
                ("expiry", "45d"),
                ("version", "x"),
            ];
            let with = |more: &[(&'static str, &str)]| {
                let more = more
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned()));
                [("access_key", first.clone())]
                    .into_iter()
                    .chain(more)
                    .collect()
            };
            return vec![with(&stale), with(&[]), with(&[("description", "y")])];
        }
        let value = |name: &str| match name {
            "access_key" => first.clone(),
            "access_keys" => format!("{first} {second} {third}"),
            "expiry" | "until" => "45d".to_owned(),
            "confirm_count" => "7".to_owned(),
            "change" => self.outdated.clone(),
            "day" => "2031-07-19".to_owned(),
            "days" => "3".to_owned(),
            "secret" => self.keys[0].secret.clone(),
            "action" => "extend".to_owned(),
            "time_zone" => "UTC".to_owned(),
            "warning_days" => "14".to_owned(),
            "recipient" => "account".to_owned(),
            "address" => "second@acme.example".to_owned(),
            "confirm_name" | "form_token" | "name" => "x".to_owned(),
            _ => String::new(),
        };
        let plain: Fields = function
            .fields
            .iter()
            .map(|name| (*name, value(name)))
            .collect();
        let others: [(&str, &[String]); 7] = [
            ("action", &["set", "expire", "delete"].map(str::to_owned)),
            ("all", &["on".to_owned()]),
            (
                "access_keys",
                &[
                    "all".to_owned(),
                    first.clone(),
                    second.clone(),
                    third.clone(),
                ],
            ),
            ("access_key", &[second, third]),
            ("as_of", &["1".to_owned()]),
            ("version", &["x".to_owned()]),
            ("change", std::slice::from_ref(&self.change)),
        ];
        let mut requests = vec![plain];
        for (name, values) in others {
            for request in requests.clone() {
                let Some(place) = request.iter().position(|(field, _)| *field == name) else {
                    continue;
                };
                for value in values {
                    let mut other = request.clone();
                    other[place].1.clone_from(value);
                    requests.push(other);
                }
            }
        }
        requests
    }
}

#[tokio::test]
async fn no_answer_tells_about_keys_that_a_session_may_not_see() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    for (number, set) in sets().enumerate() {
        let account = format!("org_{number}");
        let seeded = Seeded::new(&site, &operator, &account).await;
        let browser = visit(&site, &operator, &account, set).await;
        pages(&browser, &seeded, set).await;
        for function in registry::all() {
            if matches!(function.access, Access::Public) || function.path.ends_with("/sign-out") {
                continue;
            }
            for fields in seeded.requests(&function) {
                let name = function.path.trim_start_matches("/fn/");
                let asked: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| (*name, &**value))
                    .collect();
                let typed = format!("{asked:?}");
                for answer in [
                    browser.call(name, &asked).await,
                    browser.post(name, &asked).await,
                ] {
                    let about_keys = name.starts_with("keys/");
                    assert!(!about_keys || answer.status != 429, "{set}: {name}");
                    assert_eq!(
                        seeded.leaked(&answer, &typed),
                        [""; 0],
                        "{set}: {name} {typed}: {}",
                        answer.body
                    );
                }
            }
        }
        pages(&browser, &seeded, set).await;
    }
}

/// Every page, also with the note on an outcome.
async fn pages(browser: &Browser<'_>, seeded: &Seeded, set: Capabilities) {
    let keys = "/preferences/api-control";
    let key = format!("{keys}/{}", seeded.keys[0].access);
    let noted = format!("?done=edited&change={}", seeded.change);
    for page in [
        "/",
        "/preferences/account",
        "/preferences/notices",
        keys,
        &format!("{keys}/new"),
        &format!("{keys}/stagger?day=2031-07-19"),
        &format!("{keys}/export.csv"),
        &format!("{keys}/export.json?q=tz"),
        "/developers",
        "/nowhere",
        &key,
    ] {
        for path in [
            page.to_owned(),
            format!("{}{noted}", page.split('?').next().unwrap()),
        ] {
            let answer = browser.get(&path).await;
            let leaked = seeded.leaked(&answer, &path);
            assert_eq!(leaked, [""; 0], "{set}: {path}: {}", answer.body);
        }
    }
}
