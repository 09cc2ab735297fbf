//! Usage of the running process: the counts are exact after a graceful stop, and lack at most the last second after a
//! kill (promise 7).

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::home::Home;
use crate::fixture::process::start;
use crate::fixture::raw_http::Client;

#[test]
fn totals_are_exact_after_sigterm() {
    let home = Home::new();
    let mut expected = (0, 0);
    for round in 0..2_i64 {
        let mut running = start(&home, &[]);
        let key = running.sign_up_as(&format!("{round}@example.com"));
        let mut client = Client::new(&running, "/verify", &key);
        for _ in 0..300 {
            assert_eq!(client.ask().unwrap().status(), 200);
        }
        running.expire(key["cookie"].as_str().unwrap(), &key);
        for _ in 0..200 {
            assert_eq!(client.ask().unwrap().status(), 401);
        }
        // Calls answered during the stop count too.
        let calls = thread::spawn(move || {
            let mut refused = 0;
            while client.ask().is_ok_and(|answer| answer.status() == 401) {
                refused += 1;
            }
            refused
        });
        assert_eq!(running.terminate(), Some(0));
        expected = (expected.0 + 300, expected.1 + 200 + calls.join().unwrap());
        assert_eq!(home.recorded_calls(), expected);
    }
}

/// A kill loses only calls of the last second, and the database has no call that was not made.
#[test]
fn a_kill_loses_at_most_one_second_of_usage() {
    const ROUNDS: usize = 3;
    let home = Home::new();
    let mut running = start(&home, &[]);
    let key = running.sign_up();
    // Calls of earlier rounds: the least and the most that can be in the database.
    let (mut least, mut most) = (0, 0);
    for round in 0..ROUNDS {
        let (told, answered) = mpsc::channel();
        let mut client = Client::new(&running, "/verify", &key);
        let calls = thread::spawn(move || {
            let mut asked = 0_i64;
            loop {
                asked += 1;
                if client.ask().is_err() || told.send(Instant::now()).is_err() {
                    return asked;
                }
            }
        });
        // Long enough for several flushes, with a different moment between two of them each time.
        let begun = answered.recv().unwrap();
        let kill_at = begun + Duration::from_millis(1700 + 230 * round as u64);
        let mut times = vec![begun];
        let killed = loop {
            let time = answered.recv().unwrap();
            times.push(time);
            if time >= kill_at {
                break Instant::now();
            }
        };
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        home.forget_killed();
        times.extend(answered);
        let asked = calls.join().unwrap();
        let safe = times
            .iter()
            .filter(|time| killed.duration_since(**time) >= Duration::from_secs(1));
        least += i64::try_from(safe.count()).unwrap();
        most += asked;
        let (accepted, refused) = home.recorded_calls();
        assert!(
            (least..=most).contains(&accepted) && refused == 0,
            "round {round}: {accepted} written, {least} to {most} expected"
        );
        assert!(least > 0 && accepted > 0);
        // Lost calls stay lost; the next round is judged on its own.
        (least, most) = (accepted, accepted);
        running = start(&home, &[]);
    }
}
