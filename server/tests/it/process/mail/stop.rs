//! Stops during a delivery.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use vault::test_support::peer::{Script, Step};

use super::{Setup, cookie, deliveries, holding, message_id, settled};

/// Stops during a delivery that hangs where `script` says, and checks that `copies` exist after the restart.
#[track_caller]
fn stop_at(script: &Script, copies: usize) {
    let mut setup = Setup::new();
    setup.peer.follow([script.clone(), Script::default()]);
    let mut running = setup.start();
    let cookie = cookie(&running.sign_up());
    setup.peer.held();
    let began = Instant::now();
    assert_eq!(running.terminate(), Some(0), "{}", running.log());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    setup.peer.disconnect();
    let running = setup.start();
    let log = settled(&running, &cookie, 1);
    assert_eq!(log.len(), 1);
    assert_eq!(
        setup.copies(),
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
    let mut setup = Setup::new();
    setup.peer.follow([holding(Step::Dot), Script::default()]);
    let mut running = setup.start();
    let cookie = cookie(&running.sign_up());
    setup.peer.held();
    assert_eq!(running.terminate(), Some(0), "{}", running.log());
    setup.peer.disconnect();
    let running = setup.start();
    let log = deliveries(&running, &cookie);
    assert_eq!(log[0]["state"], "waiting", "{log:?}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let wait = (log[0]["at"]["at"].as_i64().unwrap() - now) / 60_000;
    assert!((50..=60).contains(&wait), "{wait} min");
    assert_eq!(setup.peer.mails().len(), 1);
}

#[test]
fn a_stop_lets_a_delivery_end() {
    let mut setup = Setup::new();
    setup.peer.follow([holding(Step::Dot), Script::default()]);
    let mut running = setup.start();
    let cookie = cookie(&running.sign_up());
    setup.peer.held();
    std::thread::scope(|threads| {
        let stop = threads.spawn(|| running.terminate());
        setup.peer.release();
        assert_eq!(stop.join().unwrap(), Some(0));
    });
    let running = setup.start();
    assert_eq!(settled(&running, &cookie, 1)[0]["attempts"], 1);
    assert_eq!(setup.peer.mails().len(), 1, "it knows that this was sent");
}
