//! Kills during a delivery: no mail is lost, and none has more copies than the server left open.

use std::ops::RangeInclusive;

use vault::test_support::peer::{Peer, Script, Step};

use super::{Setup, expired_key, holding, member, message_id, settled};

/// Kills Keyhold, `rounds` times, when the mail server that follows `script` has reached `wait`; restarts it; and
/// checks that no mail is lost and that the number of copies is one that `copies` allows.
#[track_caller]
fn kill_at(script: &Script, wait: fn(&mut Peer), rounds: usize, copies: RangeInclusive<usize>) {
    let mut setup = Setup::new();
    let mut running = setup.start();
    let cookie = member(&running);
    for round in 0..rounds {
        setup.peer.follow([script.clone(), Script::default()]);
        let access = expired_key(&running, &cookie, &format!("round {round}"));
        wait(&mut setup.peer);
        drop(running);
        // Bytes in flight from the killed process are lost.
        setup.peer.disconnect();
        setup.home.forget_killed();
        running = setup.start();
        let log = settled(&running, &cookie, round + 2);
        assert_eq!(
            log.len(),
            round + 2,
            "one mail a key, and that of the sign-up: {log:?}"
        );
        assert_eq!(log[0]["keys"][0]["access_key"], access);
        let count = setup.copies()[&message_id(&log[0])];
        assert!(copies.contains(&count), "round {round}: {count} copies");
    }
    // No earlier mail was sent again later.
    for (id, count) in setup.copies() {
        assert!((1..=*copies.end()).contains(&count), "{id}: {count} copies");
    }
}

#[test]
fn killed_before_the_greeting() {
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
fn killed_between_change_and_delivery() {
    let setup = Setup::new();
    let mut running = setup.start();
    let cookie = member(&running);
    for round in 0..8_usize {
        let access = expired_key(&running, &cookie, &format!("round {round}"));
        for _ in 0..round {
            running.get("/healthz");
        }
        drop(running);
        setup.peer.quiet();
        setup.home.forget_killed();
        let before = setup.copies();
        running = setup.start();
        let log = settled(&running, &cookie, round + 2);
        assert_eq!(log.len(), round + 2, "{log:?}");
        assert_eq!(log[0]["keys"][0]["access_key"], access);
        let id = message_id(&log[0]);
        let heard = before.get(&id).copied().unwrap_or_default();
        let count = setup.copies()[&id];
        assert!(
            (1..=1 + heard).contains(&count),
            "round {round}: {count} copies, {heard} before the kill"
        );
    }
}
