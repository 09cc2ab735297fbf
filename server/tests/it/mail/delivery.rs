//! Delivery to a mail server that misbehaves, with a clock that the test moves: retries, their times and their end. Every
//! mail arrives once, or twice where the server left the outcome open.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vault::test_support::DAY;
use vault::test_support::PATIENCE;
use vault::test_support::peer::{Action, Peer, Script, Step};

use crate::fixture::mail::{at, deliver, expired_key, latest, member, transport};
use crate::fixture::{Browser, Site};

/// The limit of an attempt that the server lets time out.
const SHORT: Duration = Duration::from_millis(500);
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

async fn send_again(member: &Browser<'_>, delivery: &Value) -> u16 {
    let id = delivery["id"].as_str().unwrap();
    let answer = member.call("notices/send-again", &[("mail", id)]).await;
    answer.status.as_u16()
}

fn message_id(delivery: &Value) -> String {
    format!("{}@keys.example.com", delivery["id"].as_str().unwrap())
}

/// Returns how many copies of a mail the server has got.
fn copies(peer: &Peer, delivery: &Value) -> usize {
    let id = message_id(delivery);
    let mut mails = peer.mails();
    mails.retain(|got| got.mail.message_id == id);
    mails.len()
}

#[tokio::test]
async fn temporary_failures_are_retried_until_the_mail_arrives() {
    let mut peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    let scripted = |step, reply: &'static str| (Script::at(step, reply), reply);
    let silent = "no answer within";
    for (number, (script, words)) in [
        scripted(Step::Connect, "421 4.3.2 Too busy"),
        scripted(Step::Connect, "554 5.3.2 Not you"),
        (Script::at(Step::Connect, Action::Hold), silent),
        (
            Script::at(Step::Connect, Action::Drop),
            "closed the connection",
        ),
        (Script::at(Step::Ehlo, Action::Hold), silent),
        scripted(Step::Mail, "421 4.3.2 Closing"),
        scripted(Step::Mail, "451 4.7.1 Greylisted"),
        scripted(Step::Rcpt, "452 4.2.2 Mailbox full"),
        (
            Script::at(Step::Rcpt, Action::Drop),
            "closed the connection",
        ),
        scripted(Step::Data, "451 4.3.0 No disk"),
        (Script::at(Step::Body, Action::Hold), silent),
        (Script::at(Step::Body, Action::Drop), ""),
        scripted(Step::Dot, "451 4.3.0 Out of luck"),
        (Script::at(Step::Dot, Action::Drop), "closed the connection"),
        (Script::at(Step::Dot, Action::Hold), silent),
        // Each byte arrives in time, and all of them would take an hour.
        (Script::drip(Duration::from_millis(100)), silent),
    ]
    .into_iter()
    .enumerate()
    {
        peer.follow([script.clone()]);
        expired_key(&alice, &format!("key {number}")).await;
        let limit = if words == silent { SHORT } else { PATIENCE };
        let began = Instant::now();
        assert_eq!(
            site.vault.deliver(&way, limit).await.unwrap(),
            1,
            "{script:?}"
        );
        assert!(began.elapsed() < PATIENCE / 2, "{script:?}");
        let waiting = latest(&alice).await;
        assert_eq!(waiting["state"], "waiting", "{script:?}: {waiting}");
        assert_eq!(waiting["attempts"], 1, "{script:?}");
        let said = waiting["words"].as_str().unwrap();
        assert!(
            !said.is_empty() && said.contains(words),
            "{script:?}: {said}"
        );
        let wait = at(&waiting) - site.vault.now();
        // After the whole text the mail may have arrived, so a second copy waits longer.
        let open = matches!(script.action(Step::Dot), Some(Action::Drop | Action::Hold));
        let expected = if open || script.action(Step::Body).is_some() {
            HOUR..=HOUR
        } else {
            20 * SECOND..=40 * SECOND
        };
        assert!(expected.contains(&wait), "{script:?}: {wait} ms");
        assert_eq!(
            deliver(&site, &way).await,
            0,
            "{script:?}: not before its time"
        );

        // The server left the outcome open and may have the mail: a second copy is right, and is recognizable as one.
        let left_open = copies(&peer, &waiting);
        assert_eq!(left_open, usize::from(open));
        peer.follow([Script::default()]);
        site.clock.set(at(&waiting));
        assert_eq!(deliver(&site, &way).await, 1, "{script:?}");
        let sent = latest(&alice).await;
        assert_eq!(
            (&sent["state"], &sent["id"]),
            (&json!("sent"), &waiting["id"]),
            "{script:?}"
        );
        assert!(
            sent["words"].as_str().unwrap().contains("Taken as"),
            "{sent}"
        );
        assert_eq!(copies(&peer, &sent), left_open + 1, "{script:?}");
        site.clock.advance(DAY);
        assert_eq!(deliver(&site, &way).await, 0, "{script:?}: never again");
    }
}

#[tokio::test]
async fn a_refused_connection_is_retried() {
    let mut peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    peer.listen(false);
    expired_key(&alice, "billing-cron").await;
    assert_eq!(deliver(&site, &way).await, 1);
    let waiting = latest(&alice).await;
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    assert!(
        waiting["words"].as_str().unwrap().contains("refused"),
        "{waiting}"
    );
    peer.listen(true);
    site.clock.set(at(&waiting));
    assert_eq!(deliver(&site, &way).await, 1);
    assert_eq!(copies(&peer, &latest(&alice).await), 1);
}

/// A mail is sent once the server accepts the final dot, however the connection ends.
#[tokio::test]
async fn a_failure_after_acceptance_makes_no_second_copy() {
    let mut peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    for (number, script) in [
        Script::at(Step::Quit, Action::Hold),
        Script::at(Step::Quit, Action::Drop),
        Script::at(Step::Quit, "451 4.3.0 Stay"),
        Script::at(Step::Taken, Action::Drop),
        Script::at(Step::Taken, "421 4.3.2 Tired"),
    ]
    .into_iter()
    .enumerate()
    {
        peer.follow([script.clone()]);
        expired_key(&alice, &format!("key {number}")).await;
        assert_eq!(deliver(&site, &way).await, 1, "{script:?}");
        let sent = latest(&alice).await;
        assert_eq!(sent["state"], "sent", "{script:?}: {sent}");
        site.clock.advance(DAY);
        assert_eq!(deliver(&site, &way).await, 0, "{script:?}");
        assert_eq!(copies(&peer, &sent), 1, "{script:?}");
    }
}

#[tokio::test]
async fn a_permanent_rejection_waits_for_its_owner() {
    let mut peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    let mallory = member(&site, &way, "m@example.com").await;
    for (number, (step, reply)) in [
        (Step::Mail, "550 5.7.1 Sender unknown"),
        (Step::Rcpt, "550 5.1.1 No such user"),
        (Step::Data, "554 5.5.1 No"),
        (Step::Dot, "552 5.3.4 Too big"),
        (Step::Dot, "554 5.7.1 Spam\u{7}\u{1b}[31m"),
    ]
    .into_iter()
    .enumerate()
    {
        peer.follow([Script::at(step, reply)]);
        expired_key(&alice, &format!("key {number}")).await;
        assert_eq!(deliver(&site, &way).await, 1, "{reply:?}");
        let failed = latest(&alice).await;
        assert_eq!(failed["state"], "failed", "{reply:?}: {failed}");
        let words = reply.replace("\u{7}\u{1b}", " ");
        assert_eq!(failed["words"], words, "{reply:?}");
        site.clock.advance(6 * DAY);
        assert_eq!(deliver(&site, &way).await, 0, "{reply:?}: not by itself");

        assert_eq!(
            send_again(&mallory, &failed).await,
            404,
            "another account's"
        );
        assert_eq!(send_again(&alice, &failed).await, 200);
        assert_eq!(send_again(&alice, &failed).await, 404, "it waits already");
        peer.follow([Script::default()]);
        assert_eq!(deliver(&site, &way).await, 1, "{reply:?}");
        let sent = latest(&alice).await;
        assert_eq!(
            (&sent["state"], &sent["id"]),
            (&json!("sent"), &failed["id"]),
            "{reply:?}"
        );
        assert_eq!(copies(&peer, &sent), 1, "{reply:?}");
        assert_eq!(send_again(&alice, &sent).await, 404, "it was sent");
    }
}

/// Waits begin at half a minute, double, and vary at random; after five days the mail counts as given up.
#[tokio::test]
async fn retries_back_off_for_five_days() {
    let mut peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    let bob = member(&site, &way, "b@example.com").await;
    // Five times after the dot, where the text names the mail; then at the recipient, which is faster.
    let greylisted = "451 4.7.1 Greylisted";
    let mut scripts = vec![Script::at(Step::Dot, greylisted); 5];
    scripts.push(Script::at(Step::Rcpt, greylisted));
    peer.follow(scripts);
    let key = expired_key(&bob, "another").await;
    expired_key(&alice, "billing-cron").await;
    let began = site.vault.now();
    assert_eq!(deliver(&site, &way).await, 2);
    assert_ne!(
        at(&latest(&alice).await),
        at(&latest(&bob).await),
        "mails that fail together do not come back together"
    );
    let fields = [("access_key", &*key.access), ("confirm_name", "another")];
    assert_eq!(bob.call("keys/delete", &fields).await.status, 200);
    let mut waits = Vec::new();
    let given_up = loop {
        let log = latest(&alice).await;
        if log["state"] != "waiting" {
            break log;
        }
        waits.push(at(&log) - site.vault.now());
        assert!(waits.len() < 100, "it does not grow: {waits:?}");
        site.clock.set(at(&log) - 1);
        deliver(&site, &way).await;
        assert_eq!(
            latest(&alice).await["attempts"],
            waits.len(),
            "not before its time"
        );
        site.clock.set(at(&log));
        deliver(&site, &way).await;
    };
    let mut expected = 30 * SECOND;
    for wait in &waits {
        assert!(
            (expected * 3 / 4..=expected * 5 / 4).contains(wait),
            "{wait} of {waits:?}"
        );
        expected = (expected * 2).min(2 * HOUR);
    }
    let spread: std::collections::BTreeSet<_> = waits.iter().skip(10).collect();
    assert!(spread.len() > waits.len() / 2, "they are spread: {waits:?}");
    assert_eq!(given_up["state"], "failed");
    let words = given_up["words"].as_str().unwrap();
    assert!(
        words.contains("five days") && words.contains("451 4.7.1 Greylisted"),
        "{words}"
    );
    let tried = at(&given_up) - began;
    assert!((5 * DAY..5 * DAY + 3 * HOUR).contains(&tried), "{tried} ms");

    assert_eq!(
        latest(&bob).await["state"],
        "dropped",
        "its key was deleted"
    );

    let id = message_id(&given_up);
    let mut heard = peer.dots();
    heard.retain(|got| got.mail.message_id == id);
    assert_eq!(heard.len(), 4, "one Message-ID at all attempts");
    peer.follow([Script::default()]);
    assert_eq!(send_again(&alice, &given_up).await, 200);
    deliver(&site, &way).await;
    assert_eq!(latest(&alice).await["state"], "sent");
    assert_eq!(copies(&peer, &given_up), 1);
}

#[tokio::test]
async fn five_hundred_keys_that_expire_at_once_make_one_mail() {
    let peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    for number in 0..500 {
        alice
            .create(&format!("worker {number:03}"), "2026-11-24T00:00:00Z")
            .await;
    }
    site.clock.advance(DAY);
    assert_eq!(site.vault.sweep().await.unwrap(), 1);
    assert_eq!(site.vault.sweep().await.unwrap(), 0);
    assert_eq!(deliver(&site, &way).await, 1);
    assert_eq!(deliver(&site, &way).await, 0);
    let sent = latest(&alice).await;
    assert_eq!(sent["key_count"], 500, "{sent}");
    let mails = peer.mails();
    assert_eq!(mails.len(), 2, "and the one of the sign-up");
    let mail = &mails.last().unwrap().mail;
    let subject = &mail.subject;
    assert!(
        subject.starts_with("500 API keys") && subject.len() < 200,
        "{subject}"
    );
    assert_eq!(mail.defects, [] as [&str; 0]);
}
