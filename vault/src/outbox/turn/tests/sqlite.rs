//! Clocks that jump ahead and back. PostgreSQL refuses changes by such a clock: its own bounds them.

use super::*;
use crate::mail::transport::{Progress, Transport};
use crate::time::clock::{Clock, ManualClock};

/// A notice waits for others by the machine's clock while the vault's stands still.
#[tokio::test]
async fn a_notice_waits_for_others_while_time_stands_still() {
    let (fixture, member) = open().await;
    let (vault, clock) = (&fixture.vault, &fixture.clock);
    clock.leap(DAY_MS);
    vault.now();
    clock.leap(-DAY_MS);
    expire_one(&fixture, &member).await;
    assert!(!take(vault, clock.wall()).await);
    clock.advance(MINUTE - 1);
    assert!(!take(vault, clock.wall()).await);
    clock.advance(1);
    assert!(take(vault, clock.wall()).await);
}

/// Makes the machine's clock jump, and the vault read it.
fn leap(vault: &Vault, clock: &ManualClock, milliseconds: i64) {
    clock.leap(milliseconds);
    vault.now();
}

/// A mailbox reaches its daily limit of notices while the clock runs ahead: the next one is postponed once, by the time
/// that has really passed, and not taken again and again.
#[tokio::test]
async fn a_full_mailbox_waits_by_the_time_really_passed() {
    /// The time until the mailbox may get one more.
    const WAIT: i64 = DAY_MS / 40;
    for ahead in [10 * MINUTE, DAY_MS] {
        for put_off_ahead in [false, true] {
            let (fixture, member) = open().await;
            let (vault, clock) = (&fixture.vault, &fixture.clock);
            leap(vault, clock, ahead);
            while vault.0.limits.notice("a@example.com").is_ok() {}
            expire_one(&fixture, &member).await;
            if put_off_ahead {
                clock.advance(MINUTE);
                assert!(!take(vault, clock.wall()).await);
            }
            clock.leap(-ahead);
            let taken = take(vault, clock.wall());
            let taken = tokio::time::timeout(Duration::from_secs(20), taken).await;
            assert_eq!(taken, Ok(false), "{ahead} ms");
            clock.advance(WAIT - 2 * MINUTE);
            assert!(!take(vault, clock.wall()).await, "{ahead} ms");
            clock.advance(2 * MINUTE);
            assert!(take(vault, clock.wall()).await, "{ahead} ms");
        }
    }
}

/// Takes the next mail and fails to send it, optionally with a clock that moves meanwhile.
async fn fail(vault: &Vault, clock: &ManualClock, meanwhile: i64) {
    let in_flight = InFlight::default();
    let mail = vault.take(Wanted::Any, clock.wall(), &in_flight).await;
    clock.leap(meanwhile);
    let transport = Transport::panicking("keyhold@example.com".parse().unwrap());
    let (mail, progress) = (mail.unwrap().unwrap(), Progress::default());
    mail.send(vault, &transport, Duration::from_mins(1), &progress)
        .await;
}

/// A mail that failed temporarily while the clock ran ahead is retried when the clock is right, whenever its first
/// attempt was.
#[tokio::test]
async fn a_mail_is_not_tried_again_by_a_clock_that_was_ahead() {
    for tried_before in [false, true] {
        for put_right_meanwhile in [false, true] {
            let (fixture, member) = open().await;
            let (vault, clock) = (&fixture.vault, &fixture.clock);
            let asked = vault.resend_confirmation(&member.actor, "account").await;
            asked.unwrap();
            if tried_before {
                fail(vault, clock, 0).await;
                clock.advance(MINUTE);
            }
            leap(vault, clock, DAY_MS);
            if put_right_meanwhile {
                fail(vault, clock, -DAY_MS).await;
                assert!(!take(vault, clock.wall()).await, "not at once");
                clock.advance(2 * MINUTE);
            } else {
                fail(vault, clock, 0).await;
                clock.leap(-DAY_MS);
            }
            let case = (tried_before, put_right_meanwhile);
            assert!(take(vault, clock.wall()).await, "{case:?}");
            assert!(!take(vault, clock.wall()).await, "leased: {case:?}");
        }
    }
}
