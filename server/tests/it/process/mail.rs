//! The binary and its mail: the cost of a kill at any step, a silent mail server that delays nothing else, a stop
//! during a delivery, and the agreement of mail, banner and delivery log.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;
use vault::test_support::PATIENCE;
use vault::test_support::peer::{Action, Peer, Script, Step};

use crate::fixture::process::{Running, start_in};

/// A mail server and the folder of a Keyhold that sends to it.
struct Office {
    folder: TempDir,
    peer: Peer,
}

impl Office {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            peer: Peer::start(),
        }
    }

    fn open(&self) -> Running {
        let settings = [
            ("KEYHOLD_SMTP_URL", &*self.peer.url()),
            ("KEYHOLD_MAIL_FROM", "Keyhold <keyhold@example.com>"),
            // A notice leaves at once, so that a kill can hit its delivery.
            ("KEYHOLD_NOTICE_WAIT", "0"),
        ];
        start_in(self.folder.path(), &[], &settings)
    }

    /// Returns how many copies of each mail the server has got, by Message-ID.
    fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for got in self.peer.mails() {
            *copies.entry(got.mail.message_id).or_default() += 1;
        }
        copies
    }
}

/// A mail server that goes silent at this step.
fn holding(step: Step) -> Script {
    Script::at(step, Action::Hold)
}

fn cookie(signed_up: &Value) -> String {
    signed_up["cookie"].as_str().unwrap().to_owned()
}

/// Signs up, waits for the first mail to arrive, and returns the cookie.
fn member(running: &Running) -> String {
    let cookie = cookie(&running.sign_up());
    assert_eq!(settled(running, &cookie, 1).len(), 1);
    cookie
}

fn message_id(delivery: &Value) -> String {
    format!("{}@[127.0.0.1]", delivery["id"].as_str().unwrap())
}

fn deliveries(running: &Running, cookie: &str) -> Vec<Value> {
    let log = running.call("notices/show", cookie, &[]).unwrap();
    log["deliveries"].as_array().unwrap().clone()
}

/// Returns the delivery log once it has at least `count` mails and all of them are sent.
fn settled(running: &Running, cookie: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = deliveries(running, cookie);
        if log.len() >= count && log.iter().all(|delivery| delivery["state"] == "sent") {
            return log;
        }
        assert!(Instant::now() < deadline, "not all has left: {log:?}");
    }
}

/// Makes a key and expires it manually, which makes a mail.
fn expired_key(running: &Running, cookie: &str, name: &str) -> String {
    let fields = [("name", name), ("expiry", "90d")];
    let key = running.call("keys/create", cookie, &fields).unwrap();
    let access = key["access_key"].as_str().unwrap().to_owned();
    running
        .call("keys/expire", cookie, &[("access_key", &access)])
        .unwrap();
    access
}

/// Kills Keyhold, `rounds` times, when the mail server that follows `script` has reached `wait`; restarts it; and
/// checks that no mail is lost and that the number of copies is one that `copies` allows.
#[track_caller]
fn kill_at(script: &Script, wait: fn(&mut Peer), rounds: usize, copies: RangeInclusive<usize>) {
    let mut office = Office::new();
    let mut running = office.open();
    let cookie = member(&running);
    for round in 0..rounds {
        office.peer.follow([script.clone(), Script::default()]);
        let access = expired_key(&running, &cookie, &format!("round {round}"));
        wait(&mut office.peer);
        drop(running);
        // Bytes in flight from the killed process are lost.
        office.peer.disconnect();
        running = office.open();
        let log = settled(&running, &cookie, round + 2);
        assert_eq!(
            log.len(),
            round + 2,
            "one mail a key, and that of the sign-up: {log:?}"
        );
        assert_eq!(log[0]["keys"][0]["access_key"], access);
        let count = office.copies()[&message_id(&log[0])];
        assert!(copies.contains(&count), "round {round}: {count} copies");
    }
    // No earlier mail was sent again later.
    for (id, count) in office.copies() {
        assert!((1..=*copies.end()).contains(&count), "{id}: {count} copies");
    }
}

#[test]
fn killed_while_nobody_answers() {
    kill_at(&holding(Step::Connect), Peer::held, 3, 1..=1);
}

#[test]
fn killed_after_the_sender() {
    kill_at(&holding(Step::Mail), Peer::held, 3, 1..=1);
}

#[test]
fn killed_after_the_recipient() {
    kill_at(&holding(Step::Rcpt), Peer::held, 3, 1..=1);
}

#[test]
fn killed_in_the_middle_of_the_text() {
    kill_at(&holding(Step::Body), Peer::held, 3, 1..=1);
}

/// Keyhold cannot know here whether the mail arrived, and sends it again.
#[test]
fn killed_after_the_final_dot() {
    kill_at(&holding(Step::Dot), Peer::held, 3, 2..=2);
}

#[test]
fn killed_after_the_answer() {
    kill_at(&Script::default(), Peer::answered, 6, 1..=2);
}

/// No mail is lost by a kill between the acknowledged change and its delivery, in steps of one answered request.
#[test]
fn killed_before_the_server_heard_of_it() {
    let office = Office::new();
    let mut running = office.open();
    let cookie = member(&running);
    for round in 0..8_usize {
        let access = expired_key(&running, &cookie, &format!("round {round}"));
        for _ in 0..round {
            running.send("GET /healthz HTTP/1.1", "").unwrap();
        }
        drop(running);
        office.peer.quiet();
        let before = office.copies();
        running = office.open();
        let log = settled(&running, &cookie, round + 2);
        assert_eq!(log.len(), round + 2, "{log:?}");
        assert_eq!(log[0]["keys"][0]["access_key"], access);
        let id = message_id(&log[0]);
        let heard = before.get(&id).copied().unwrap_or_default();
        let count = office.copies()[&id];
        assert!(
            (1..=1 + heard).contains(&count),
            "round {round}: {count} copies, {heard} before the kill"
        );
    }
}

/// Stops during a delivery that hangs where `script` says, and checks that `copies` exist after the restart.
#[track_caller]
fn stop_at(script: &Script, copies: usize) {
    let mut office = Office::new();
    office.peer.follow([script.clone(), Script::default()]);
    let mut running = office.open();
    let cookie = cookie(&running.sign_up());
    office.peer.held();
    let began = Instant::now();
    assert_eq!(running.terminate(), Some(0), "{}", running.log());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    office.peer.disconnect();
    let running = office.open();
    let log = settled(&running, &cookie, 1);
    assert_eq!(log.len(), 1);
    assert_eq!(
        office.copies(),
        BTreeMap::from([(message_id(&log[0]), copies)])
    );
}

#[test]
fn stopped_before_the_text() {
    stop_at(&holding(Step::Rcpt), 1);
}

/// The mail may have arrived, so a second copy waits for an hour.
#[test]
fn stopped_after_the_final_dot() {
    let mut office = Office::new();
    office.peer.follow([holding(Step::Dot), Script::default()]);
    let mut running = office.open();
    let cookie = cookie(&running.sign_up());
    office.peer.held();
    assert_eq!(running.terminate(), Some(0), "{}", running.log());
    office.peer.disconnect();
    let running = office.open();
    let log = deliveries(&running, &cookie);
    assert_eq!(log[0]["state"], "waiting", "{log:?}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let wait = (log[0]["at"]["at"].as_i64().unwrap() - now) / 60_000;
    assert!((50..=60).contains(&wait), "{wait} min");
    assert_eq!(office.peer.mails().len(), 1);
}

#[test]
fn a_stop_lets_a_delivery_end() {
    let mut office = Office::new();
    office.peer.follow([holding(Step::Dot), Script::default()]);
    let mut running = office.open();
    let cookie = cookie(&running.sign_up());
    office.peer.held();
    std::thread::scope(|threads| {
        let stop = threads.spawn(|| running.terminate());
        office.peer.release();
        assert_eq!(stop.join().unwrap(), Some(0));
    });
    let running = office.open();
    assert_eq!(settled(&running, &cookie, 1)[0]["attempts"], 1);
    assert_eq!(office.peer.mails().len(), 1, "it knows that this was sent");
}

/// D6: a silent mail server delays neither verification nor pages nor changes.
#[test]
fn a_black_hole_holds_up_nothing() {
    let mut office = Office::new();
    office.peer.follow([holding(Step::Connect)]);
    let running = office.open();
    let keys: Vec<Value> = (0..6)
        .map(|number| running.sign_up_as(&format!("{number}@example.com")))
        .collect();
    office.peer.held();
    let mut times = Vec::new();
    for round in 0..200 {
        let began = Instant::now();
        assert_eq!(running.verdict(&keys[round % keys.len()]), "200");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    assert!(
        times[times.len() / 2] < Duration::from_millis(50),
        "{times:?}"
    );
    assert!(times[times.len() - 1] < Duration::from_secs(1), "{times:?}");
    for key in &keys {
        let began = Instant::now();
        let access = key["access_key"].as_str().unwrap();
        running
            .call("keys/expire", &cookie(key), &[("access_key", access)])
            .unwrap();
        assert_eq!(running.verdict(key), "401");
        let page = running.send("GET /sign-in HTTP/1.1", "").unwrap();
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    assert!(office.peer.mails().is_empty());
}

/// While as many notices hang as are sent at once, the next notice waits, and a link that a user expects does not.
#[test]
fn mails_that_hang_do_not_keep_others_waiting() {
    /// The most notices in flight.
    const NOTICES: usize = 12;
    let mut office = Office::new();
    let running = office.open();
    let members: Vec<String> = (0..=NOTICES)
        .map(|number| cookie(&running.sign_up_as(&format!("{number}@example.com"))))
        .collect();
    for member in &members {
        settled(&running, member, 1);
    }
    let mut scripts = vec![holding(Step::Rcpt); NOTICES - 1];
    scripts.push(Script::default());
    office.peer.follow(scripts);
    let (last, slow) = members.split_last().unwrap();
    let (next, slow) = slow.split_last().unwrap();
    for member in slow {
        expired_key(&running, member, "slow");
        office.peer.held();
    }
    expired_key(&running, next, "quick");
    settled(&running, next, 2);

    office.peer.follow([holding(Step::Rcpt), Script::default()]);
    expired_key(&running, next, "the last hand");
    office.peer.held();
    expired_key(&running, last, "waits");
    let newcomer = cookie(&running.sign_up_as("new@example.com"));
    settled(&running, &newcomer, 1);
    assert_eq!(deliveries(&running, last)[0]["state"], "waiting");
    office.peer.release();
    for member in &members {
        settled(&running, member, 2);
    }
}

/// The mail, the Dashboard, the delivery log and verification agree about a key that expires on its own.
#[test]
fn mail_banner_and_log_agree() {
    let mut office = Office::new();
    let running = office.open();
    let cookie = member(&running);
    office.peer.follow([Script::default()]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let at = i64::try_from(now.unwrap().as_millis()).unwrap() + 2_000;
    let expiry = vault::rfc3339(at);
    let fields = [("name", "billing-cron"), ("expiry", &*expiry)];
    let key = running.call("keys/create", &cookie, &fields).unwrap();
    let access = key["access_key"].as_str().unwrap();
    assert_eq!(running.verdict(&key), "200");

    let got = office.peer.dot();
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
