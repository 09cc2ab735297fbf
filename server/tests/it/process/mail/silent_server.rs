//! A mail server that goes silent, and what it must not delay.

use std::time::{Duration, Instant};

use serde_json::Value;
use vault::test_support::peer::{Script, Step};

use super::{Setup, cookie, deliveries, expired_key, holding, settled};

/// D6: a silent mail server delays neither verification nor pages nor changes.
#[test]
fn a_silent_mail_server_delays_nothing() {
    let mut setup = Setup::new();
    setup.peer.follow([holding(Step::Connect)]);
    let running = setup.start();
    let keys: Vec<Value> = (0..6)
        .map(|number| running.sign_up_as(&format!("{number}@example.com")))
        .collect();
    setup.peer.held();
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
        running.expire(&cookie(key), key);
        assert_eq!(running.verdict(key), "401");
        let page = running.get("/sign-in");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    assert!(setup.peer.mails().is_empty());
}

/// While as many notices hang as are sent at once, the next notice waits, and a link that a user expects does not.
#[test]
fn hanging_notices_do_not_delay_links() {
    /// The most notices in flight.
    const NOTICES: usize = 12;
    let mut setup = Setup::new();
    let running = setup.start();
    let members: Vec<String> = (0..=NOTICES)
        .map(|number| cookie(&running.sign_up_as(&format!("{number}@example.com"))))
        .collect();
    for member in &members {
        settled(&running, member, 1);
    }
    let mut scripts = vec![holding(Step::Rcpt); NOTICES - 1];
    scripts.push(Script::default());
    setup.peer.follow(scripts);
    let (last, slow) = members.split_last().unwrap();
    let (next, slow) = slow.split_last().unwrap();
    for member in slow {
        expired_key(&running, member, "slow");
        setup.peer.held();
    }
    expired_key(&running, next, "quick");
    settled(&running, next, 2);

    setup.peer.follow([holding(Step::Rcpt), Script::default()]);
    expired_key(&running, next, "the last hand");
    setup.peer.held();
    expired_key(&running, last, "waits");
    let newcomer = cookie(&running.sign_up_as("new@example.com"));
    settled(&running, &newcomer, 1);
    assert_eq!(deliveries(&running, last)[0]["state"], "waiting");
    setup.peer.release();
    for member in &members {
        settled(&running, member, 2);
    }
}
