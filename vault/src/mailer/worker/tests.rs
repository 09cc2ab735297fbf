//! The mail worker round by round, with a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use shared::{DAY_MS, HOUR_MS};

use super::*;
use crate::caller::Caller;
use crate::mail::transport::SendError;
use crate::test_support::{Fixture, Member, NOON, creation};

mod postgres;
mod stops;

struct WorkerFixture {
    fixture: Fixture,
    round: Round,
    mails: std::path::PathBuf,
    member: Member,
}

fn transport(mails: std::path::PathBuf) -> Transport {
    let from = "keyhold@example.com".parse().unwrap();
    Transport::folder(mails, from, "example.com")
}

impl WorkerFixture {
    /// An account with twenty keys that expire within the year, and a worker that has just started.
    async fn open() -> Self {
        let fixture = Fixture::new().await;
        let member = fixture.member("a@example.com").await;
        for days in 100..120 {
            fixture.key(&member, "key", &format!("{days}d")).await;
        }
        let mails = fixture.folder.path().join("mail");
        let transport = transport(mails.clone());
        Self {
            round: Round::new(fixture.vault.clone(), transport),
            fixture,
            mails,
            member,
        }
    }

    /// Returns a way for mails into another folder.
    fn transport(&self, name: &str) -> Transport {
        transport(self.fixture.folder.path().join(name))
    }

    /// Runs one round at so many seconds by the monotonic clock, and returns how many mails there are then.
    async fn mails_after(&mut self, seconds: u64) -> usize {
        self.round.look(Duration::from_secs(seconds)).await.unwrap();
        self.sent().await;
        self.mails()
    }
}

impl WorkerFixture {
    fn mails(&self) -> usize {
        std::fs::read_dir(&self.mails).map_or(0, Iterator::count)
    }

    /// Waits until all mails in progress are done.
    async fn sent(&mut self) {
        while let Some(ended) = self.round.sending.join_next_with_id().await {
            self.round.ended(ended);
        }
    }
}

/// D10: a jump causes no mail until it has held for a minute, and then one for all keys.
#[tokio::test]
async fn a_clock_that_leaps_ahead_makes_mail_wait() {
    for jump in [HOUR_MS, 400 * DAY_MS] {
        let mut worker = WorkerFixture::open().await;
        assert_eq!(worker.mails_after(0).await, 1, "the link of the sign-up");
        worker.fixture.clock.set(NOON + jump);
        assert_eq!(worker.mails_after(1).await, 1);
        assert_eq!(worker.mails_after(59).await, 1);
        worker.fixture.clock.set(NOON + 60_000);
        assert_eq!(worker.mails_after(60).await, 1, "it was put right");
        worker.fixture.clock.set(NOON + jump);
        assert_eq!(worker.mails_after(61).await, 1);
        worker.fixture.clock.set(NOON + jump + 61_000);
        let notice = usize::from(jump > DAY_MS);
        assert_eq!(worker.mails_after(122).await, 1 + notice);
        assert_eq!(worker.mails_after(123).await, 1 + notice);
    }
}

#[tokio::test]
async fn the_worker_sleeps_until_a_mail_is_due() {
    let mut worker = WorkerFixture::open().await;
    worker.mails_after(0).await;
    let look = Duration::from_mins(1);
    worker.fixture.clock.set(NOON + 1000);
    assert_eq!(
        worker.round.look(Duration::from_secs(1)).await.unwrap(),
        look
    );
    // The first warning is due 70 days ahead.
    let mut seconds = 1;
    for (to, expected) in [(10_000, 10_001), (1, 2)] {
        let wall = NOON + 70 * DAY_MS - to;
        seconds += 100;
        worker.fixture.clock.set(wall - 70_000);
        let _ = worker
            .round
            .look(Duration::from_secs(seconds))
            .await
            .unwrap();
        seconds += 70;
        worker.fixture.clock.set(wall);
        let wait = worker
            .round
            .look(Duration::from_secs(seconds))
            .await
            .unwrap();
        assert_eq!(wait, Duration::from_millis(expected));
    }
    worker.fixture.clock.set(NOON + 70 * DAY_MS + 1);
    assert_eq!(worker.mails_after(seconds).await, 2);
}

/// A sweep is a change itself, so that changes in quick succession do not cause one each.
#[tokio::test]
async fn sweeps_are_a_second_apart() {
    let mut worker = WorkerFixture::open().await;
    worker.mails_after(0).await;
    for expires in [61_000, 61_500] {
        let expiry = crate::time::format::rfc3339(NOON + expires);
        worker.fixture.key(&worker.member, "key", &expiry).await;
    }
    let mut waits = Vec::new();
    for (time, mails) in [(61_100, 2), (61_600, 2), (62_100, 3)] {
        worker.fixture.clock.set(NOON + time);
        let monotonic = Duration::from_millis(u64::try_from(time).unwrap());
        waits.push(worker.round.look(monotonic).await.unwrap());
        worker.sent().await;
        assert_eq!(worker.mails(), mails, "after {time} ms");
    }
    assert_eq!(
        waits[1],
        Duration::from_millis(501),
        "the millisecond of the second is over"
    );
}

/// On a machine that starts with a wrong clock, a notice due by then waits until the clock has held.
#[tokio::test]
async fn a_clock_that_is_ahead_at_the_start_makes_mail_wait() {
    let mut worker = WorkerFixture::open().await;
    worker.fixture.clock.set(NOON + 400 * DAY_MS);
    assert_eq!(worker.mails_after(0).await, 0);
    worker.fixture.clock.set(NOON + 30_000);
    assert_eq!(
        worker.mails_after(30).await,
        1,
        "put right: the link of the sign-up"
    );
}

/// A clock goes ahead a little, and back: a key that is due in between is still reported.
#[tokio::test]
async fn a_small_step_ahead_and_back_loses_nothing() {
    let mut worker = WorkerFixture::open().await;
    assert_eq!(worker.mails_after(0).await, 1);
    // Something is due, so that the sweep catches up with the clock.
    let actor = worker.member.actor.clone();
    let vault = worker.round.vault.clone();
    let create = |expiry: i64| {
        let (vault, actor) = (vault.clone(), actor.clone());
        async move {
            let expiry = crate::time::format::rfc3339(expiry);
            let key = vault.create_key(&actor, creation("k", "", &expiry)).await;
            key.map(|key| key.access_key.to_string())
        }
    };
    create(NOON + 60_000).await.unwrap();
    worker.fixture.clock.set(NOON + 96_000);
    assert_eq!(worker.mails_after(1).await, 2);
    worker.fixture.clock.set(NOON + 2_000);
    assert!(create(NOON + 50_000).await.is_err(), "that is past by now");
    let manual = create(NOON + 90 * DAY_MS).await.unwrap();
    vault.expire_key(&actor, &manual).await.unwrap();
    assert_eq!(worker.mails_after(2).await, 3, "expired manually: at once");
    create(NOON + 97_000).await.unwrap();
    worker.fixture.clock.set(NOON + 97_001);
    assert_eq!(worker.mails_after(97).await, 4);
}

/// Receivers that never respond delay neither links nor, while they are few, notices.
#[tokio::test]
async fn a_link_is_sent_while_notices_hang() {
    let mut worker = WorkerFixture::open().await;
    worker.fixture.leave_mail();
    worker.mails_after(0).await;
    for _ in 0..MAX_IN_FLIGHT - RESERVED_FOR_LINKS {
        worker
            .round
            .start((String::new(), NOON), |_| std::future::pending());
    }
    assert_eq!(worker.round.free_permits(), Some(Wanted::Links));
    let key = "UPDATE outbox SET kind = 'notice', outcome = NULL, next_at = 0";
    crate::test_support::execute(&worker.round.vault, key).await;
    let (vault, caller) = (worker.round.vault.clone(), Caller::default());
    let work = vault.request_reset(&caller, "a@example.com").await.unwrap();
    work.await.unwrap();
    worker.round.look(Duration::from_millis(1)).await.unwrap();
    worker.round.sending.join_next().await;
    assert_eq!(std::fs::read_dir(&worker.mails).unwrap().count(), 2);
    let turn = vault.turn(Wanted::Any, NOON);
    let waiting = outbox::next_try(&vault.0.database, turn).await.unwrap();
    assert_eq!(waiting, Some(0), "the notice waits for a permit");
}

/// A key that is expired during a round is reported as expired, not as about to expire.
#[tokio::test]
async fn a_mail_describes_the_moment_when_it_leaves() {
    let worker = WorkerFixture::open().await;
    let vault = &worker.round.vault;
    let key = vault
        .create_key(&worker.member.actor, creation("k", "", "never"))
        .await
        .unwrap();
    worker.fixture.clock.set(NOON + 5);
    let access_key = key.access_key.to_string();
    vault
        .expire_key(&worker.member.actor, &access_key)
        .await
        .unwrap();
    let mut subjects = Vec::new();
    while let Some(mail) = vault
        .take(Wanted::Any, NOON, &InFlight::default())
        .await
        .unwrap()
    {
        subjects.push(mail.content.subject.clone());
    }
    assert!(
        subjects.contains(&"1 API key has expired: k".to_owned()),
        "{subjects:?}"
    );
}

/// While the outcome of a mail cannot be stored, its lease ends; the mail is not sent a second time.
#[tokio::test]
async fn a_mail_in_flight_is_not_sent_twice() {
    let worker = WorkerFixture::open().await;
    let (vault, in_flight) = (&worker.round.vault, &worker.round.in_flight);
    let take = |now| vault.take(Wanted::Any, now, in_flight);
    let mail = take(NOON).await.unwrap().unwrap();
    let id = mail.lease.id.clone();
    let lease_over = NOON + outbox::LEASE_MS + 1;
    assert!(take(lease_over).await.unwrap().is_none());
    drop(mail);
    let lease_over = lease_over + outbox::LEASE_MS + 1;
    let mail = take(lease_over).await.unwrap().unwrap();
    assert_eq!((&mail.lease.id, mail.lease.attempts), (&id, 2));

    // Nor is its outcome lost: a second lease of the same process is the first one's.
    let now = lease_over + outbox::LEASE_MS + 1;
    assert!(take(now).await.unwrap().is_none());
    let unknown = Err(SendError::Unknown("no reply".to_owned()));
    mail.settle(vault, &unknown, now).await.unwrap();
    drop(mail);
    let next = outbox::next_try(&vault.0.database, vault.turn(Wanted::Any, now)).await;
    assert!(next.unwrap() >= Some(now + outbox::backoff::UNKNOWN_MS));
}

/// A process that stood still for longer than its lease overwrites nothing that the next holder of the mail did.
#[tokio::test]
async fn a_late_outcome_counts_only_if_the_mail_was_sent() {
    let worker = WorkerFixture::open().await;
    let vault = &worker.round.vault;
    let take = async |now| {
        let taken = vault.take(Wanted::Any, now, &InFlight::default()).await;
        taken.unwrap().unwrap()
    };
    let stored = async || {
        sqlx::query_as::<_, (Option<String>, Option<i64>)>("SELECT outcome, leased_at FROM outbox")
            .fetch_one(&vault.0.database.readers)
            .await
            .unwrap()
    };
    let late = take(NOON).await;
    let over = NOON + outbox::lease_duration(&vault.0.database);
    let next = take(over).await;
    assert_eq!(next.lease.id, late.lease.id);
    let response = || "reply".to_owned();
    for fault in [
        SendError::Permanent(response()),
        SendError::Temporary(response()),
        SendError::Unknown(response()),
    ] {
        late.settle(vault, &Err(fault), over + 1).await.unwrap();
        assert_eq!(stored().await, (None, Some(over)), "the next holder's");
    }
    late.settle(vault, &Ok(response()), over + 1).await.unwrap();
    let sent = (Some("sent".to_owned()), None);
    assert_eq!(stored().await, sent);
    let failed = Err(SendError::Permanent(response()));
    next.settle(vault, &failed, over + 2).await.unwrap();
    assert_eq!(stored().await, sent);
}

/// Mail that waits for a free reader is logged, and not in every round.
#[tokio::test]
async fn a_worker_without_a_reader_logs_once_a_minute() {
    let mut worker = WorkerFixture::open().await;
    let mut held = Vec::new();
    for _ in 0..crate::storage::READERS {
        let reader = worker.round.vault.0.database.readers.acquire().await;
        held.push(reader.unwrap());
    }
    tokio::time::pause();
    let mut told = Vec::new();
    for rest in [0, 2, 60] {
        tokio::time::advance(Duration::from_secs(rest)).await;
        let error = worker.round.look(Duration::ZERO).await.unwrap_err();
        told.push(worker.round.is_news(&error));
    }
    assert_eq!(told, [true, false, true]);
}

/// A mail whose sending panics backs off like one that fails temporarily, and is given up in the end.
#[tokio::test]
async fn a_panic_is_an_attempt_like_any_other() {
    let mut worker = WorkerFixture::open().await;
    let from = "keyhold@example.com".parse().unwrap();
    worker.round.transport = Arc::new(Transport::panicking(from));
    assert_eq!(worker.mails_after(0).await, 0);
    assert_eq!(waits_for(&worker, NOON).await, (1, 20..=40));
    worker.fixture.clock.set(NOON + 50_000);
    assert_eq!(worker.mails_after(50).await, 0);
    assert_eq!(waits_for(&worker, NOON + 50_000).await, (2, 40..=80));
}

/// A mail that cannot be composed backs off too, and the others continue.
#[tokio::test]
async fn a_mail_that_cannot_be_composed_backs_off() {
    let mut worker = WorkerFixture::open().await;
    let newer = "UPDATE outbox SET kind = 'of a newer version'";
    crate::test_support::execute(&worker.round.vault, newer).await;
    let (vault, caller) = (worker.round.vault.clone(), Caller::default());
    let work = vault.request_reset(&caller, "a@example.com").await.unwrap();
    work.await.unwrap();
    assert_eq!(worker.mails_after(0).await, 1, "the other one");
    assert_eq!(waits_for(&worker, NOON).await, (1, 20..=40));
}

/// Returns how often the one waiting mail was tried, and about how many seconds after `now` it is retried.
async fn waits_for(worker: &WorkerFixture, now: i64) -> (i64, std::ops::RangeInclusive<i64>) {
    let (attempts, next_at, leased_at): (i64, i64, Option<i64>) =
        sqlx::query_as("SELECT attempts, next_at, leased_at FROM outbox WHERE outcome IS NULL")
            .fetch_one(&worker.round.vault.0.database.readers)
            .await
            .unwrap();
    assert_eq!(leased_at, None, "it is not leased");
    let wait = (next_at - now) / 1000;
    let expected = [20..=40, 40..=80]
        .into_iter()
        .find(|expected| expected.contains(&wait));
    (attempts, expected.unwrap_or(wait..=wait))
}

/// A mail that has waited since the clock ran ahead does not wait until that time comes again.
#[tokio::test]
async fn a_notice_does_not_wait_for_a_clock_that_was_ahead() {
    let mut worker = WorkerFixture::open().await;
    assert_eq!(worker.mails_after(0).await, 1, "the link of the sign-up");
    let vault = worker.round.vault.clone();
    vault.set_notice_wait(Duration::from_mins(1));
    let key = vault
        .create_key(&worker.member.actor, creation("k", "", "never"))
        .await
        .unwrap();
    worker.fixture.clock.set(NOON + 400 * DAY_MS);
    worker.fixture.sign_in_again(&worker.member).await;
    let access_key = key.access_key.to_string();
    vault
        .expire_key(&worker.member.actor, &access_key)
        .await
        .unwrap();
    assert_eq!(worker.mails_after(1).await, 1, "the clock is doubted");
    worker.fixture.clock.set(NOON + 2_000);
    assert_eq!(worker.mails_after(2).await, 2);
}
