//! A failing disk under the running process: writes are rejected, verification continues, and everything works again once
//! the disk does.

use std::time::{Duration, Instant};

use serde_json::Value;
use vault::test_support::PASSWORD;

use crate::fixture::failing_disk::Failing;
use crate::fixture::process::{Running, start};

/// A rejection takes two seconds at most, and writes work within two seconds of the repair: with one more for a busy
/// machine. Either usually takes less than half a second.
const SOON: Duration = Duration::from_secs(3);

/// Asserts that an answer is a rejection with the time of the next try, and that it came quickly.
fn refused(running: &Running, function: &str, cookie: &str, fields: &[(&str, &str)]) {
    let begun = Instant::now();
    let answer = running.call(function, cookie, fields).unwrap_err();
    assert!(answer.starts_with("HTTP/1.1 503"), "{function}: {answer}");
    assert!(
        answer.to_lowercase().contains("\r\nretry-after: "),
        "{answer}"
    );
    let took = begun.elapsed();
    assert!(took < SOON, "{function} took {took:?}");
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Whichever call fails, at the commit or at its sync: writes are rejected quickly and recover by themselves,
/// verification stays right and counted, and no rejected change is applied.
#[test]
fn a_failing_disk_rejects_changes_until_its_repair() {
    let mut failing = Failing::start();
    let running = &failing.running;
    let owner = running.sign_up();
    let cookie = text(&owner, "cookie").to_owned();
    let mut verified = 0;
    for (round, order) in ["write ENOSPC", "write EIO", "sync EIO"]
        .into_iter()
        .enumerate()
    {
        let key = running.create(&cookie, &format!("round {round}"));
        let access_key = [("access_key", text(&key, "access_key"))];
        failing.fail(order);
        let sign_in = [("email", "a@example.com"), ("password", PASSWORD)];
        for _ in 0..3 {
            let refused_name = [("name", "refused"), ("expiry", "90d")];
            refused(running, "keys/create", &cookie, &refused_name);
            refused(running, "keys/expire", &cookie, &access_key);
            refused(running, "account/sign-in", "", &sign_in);
            assert_eq!(running.verdict(&key), "200", "{order}");
            verified += 1;
        }
        let cause = running.get("/readyz");
        assert!(cause.starts_with("HTTP/1.1 503"), "{order}: {cause}");
        assert!(cause.contains("writes: the database"), "{order}: {cause}");
        let health = running.get("/healthz");
        assert!(health.ends_with("ok"), "{order}: {health}");

        failing.repair();
        ready(running, 200, "");
        running.call("keys/expire", &cookie, &access_key).unwrap();
        assert_eq!(running.verdict(&key), "401", "{order}");
        running.call("account/sign-in", "", &sign_in).unwrap();
    }
    // The rejected verification of each round counts too.
    verified += 3;
    let log = running.log_with("accepts changes again");
    let lines = log.matches("does not accept").count();
    assert!(lines <= 2, "a line a minute, and not one a request: {log}");

    assert_eq!(failing.running.terminate(), Some(0));
    let (accepted, refused) = failing.home.recorded_calls();
    assert_eq!(accepted + refused, verified);
    let again = start(&failing.home, &[]);
    let list = again
        .call("keys/list", &cookie, &[("q", "refused")])
        .unwrap();
    assert!(!list.to_string().contains("\"refused\""), "{list}");
    assert_eq!(again.verdict(&owner), "200");
}

/// A disk that cannot be read fails statements before any commit: verification continues, and afterwards so does
/// everything else.
#[test]
fn verification_continues_while_the_disk_cannot_be_read() {
    let failing = Failing::start();
    let running = &failing.running;
    let owner = running.sign_up();
    let cookie = text(&owner, "cookie");
    let access_key = [("access_key", text(&owner, "access_key"))];
    failing.fail("read EIO");
    for _ in 0..5 {
        refused(running, "keys/expire", cookie, &access_key);
        assert_eq!(running.verdict(&owner), "200");
        assert!(running.get("/healthz").ends_with("ok"));
    }
    failing.repair();
    let begun = Instant::now();
    while let Err(answer) = running.call("keys/expire", cookie, &access_key) {
        assert!(begun.elapsed() < SOON, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(running.verdict(&owner), "401");
}

/// A sync that hangs, as on a frozen volume, is reported although it gives no error, until it ends.
#[test]
fn a_hanging_commit_is_reported() {
    let failing = Failing::start();
    let running = &failing.running;
    let owner = running.sign_up();
    let cookie = text(&owner, "cookie");
    let access_key = [("access_key", text(&owner, "access_key"))];
    failing.fail("sync STALL");
    std::thread::scope(|scope| {
        let hung = scope.spawn(|| running.call("keys/expire", cookie, &access_key));
        ready(running, 503, "does not finish");
        let another = [("name", "refused"), ("expiry", "90d")];
        refused(running, "keys/create", cookie, &another);
        assert_eq!(running.verdict(&owner), "200");
        failing.repair();
        // Done, or rejected behind one of the server's own writes, such as that of a mail's outcome.
        let _ = hung.join().unwrap();
    });
    ready(running, 200, "");
    running.call("keys/expire", cookie, &access_key).unwrap();
    assert_eq!(running.verdict(&owner), "401");
}

/// Waits until `/readyz` has this status and text.
fn ready(running: &Running, status: u16, expected: &str) {
    let (begun, status) = (Instant::now(), format!("HTTP/1.1 {status}"));
    loop {
        let answer = running.get("/readyz");
        if answer.starts_with(&status) && answer.contains(expected) {
            return;
        }
        assert!(begun.elapsed() < SOON, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
