//! Slows down whoever guesses passwords: per account, and per network that the guesses come from.
//!
//! Each has a number of free failures; after those every further one doubles the wait, up to a limit. While
//! somebody waits, attempts are refused without being looked at and do not lengthen the wait. An owner who
//! comes from an address of earlier sign-ins is counted by a subject of their own, which strangers elsewhere
//! do not touch.
//!
//! Kept in memory: a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use shared::notice::MailKind;

use crate::error::{Error, Result};

/// Failures are forgotten after this long without another, in milliseconds.
const FORGET_MS: i64 = 60 * 60 * 1000;
/// The longest wait in seconds.
const LONGEST_S: u64 = 15 * 60;
/// Subjects remembered; beyond it the stale ones are dropped, and if all are fresh, all are.
const MOST_SUBJECTS: usize = 100_000;

/// What is being slowed down.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// By e-mail address, whether there is such an account or not.
    Account(String),
    /// An IPv4 /24 or an IPv6 /56: what one customer commonly holds.
    Network(IpAddr),
    /// Mails to an address that somebody asked for, so that nobody can fill a mailbox; by what they are for, so
    /// that a sign-up does not show in what is answered to a forgotten password.
    Mailbox(MailKind, String),
    /// Mails that somebody from a network asked for, to whatever addresses.
    MailsFrom(IpAddr),
    /// An account, from an address where its owner has signed in before.
    Known(String, IpAddr),
}

impl Subject {
    pub fn network(address: IpAddr) -> Self {
        Self::Network(network(address))
    }

    /// What a mail counts against that `caller` asks for. An address with a tag (`ada+keys@…`) is the same
    /// mailbox.
    pub fn mail(kind: MailKind, address: &str, caller: Option<IpAddr>) -> Vec<Self> {
        let mailbox = match address.split_once('@') {
            Some((local, domain)) => {
                let local = local.split('+').next().unwrap_or(local);
                format!("{local}@{domain}")
            }
            None => address.to_owned(),
        };
        let mut subjects = vec![Self::Mailbox(kind, mailbox)];
        subjects.extend(caller.map(network).map(Self::MailsFrom));
        subjects
    }

    fn free_failures(&self) -> u32 {
        match self {
            Self::Account(_) | Self::Known(..) => 5,
            Self::Mailbox(..) => 3,
            Self::Network(_) | Self::MailsFrom(_) => 60,
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & !0xff).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 72)).into()),
    }
}

#[derive(Clone, Copy, Default)]
struct Record {
    failures: u32,
    last: i64,
    blocked_until: i64,
}

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Subject, Record>>);

impl Throttle {
    /// Begins an attempt that counts against all of these subjects. It counts as failed from the start, so
    /// that a hundred at once cannot slip through together; what came of it is said to the [`Attempt`].
    ///
    /// # Errors
    /// [`Error::Throttled`] while one of them must wait; the attempt is not to be looked at.
    pub fn attempt(&self, subjects: Vec<Subject>, now: i64) -> Result<Attempt<'_>> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= MOST_SUBJECTS {
            records.retain(|_, record| now - record.last < FORGET_MS);
            if records.len() >= MOST_SUBJECTS {
                records.clear();
            }
        }
        let waits = subjects.iter().filter_map(|subject| records.get(subject));
        if let Some(until) = waits
            .map(|record| record.blocked_until)
            .max()
            .filter(|until| now < *until)
        {
            let wait = u64::try_from(until - now).unwrap_or(0).div_ceil(1000);
            return Err(Error::Throttled { retry_after: wait });
        }
        for subject in &subjects {
            let record = records.entry(subject.clone()).or_default();
            if now - record.last >= FORGET_MS {
                *record = Record::default();
            }
            record.failures += 1;
            record.last = now;
            if let Some(doublings) = record.failures.checked_sub(subject.free_failures() + 1) {
                let wait = 1_u64
                    .checked_shl(doublings)
                    .unwrap_or(LONGEST_S)
                    .min(LONGEST_S);
                record.blocked_until = now + i64::try_from(wait * 1000).unwrap_or(i64::MAX / 2);
            }
        }
        Ok(Attempt {
            throttle: self,
            subjects,
            decided: false,
        })
    }

    /// Lets a subject start afresh.
    pub fn forget(&self, subject: &Subject) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.remove(subject);
    }

    fn give_back(&self, subject: &Subject) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = records.get_mut(subject) {
            record.failures = record.failures.saturating_sub(1);
            record.blocked_until = 0;
        }
    }
}

/// An attempt that was let through. Dropped without a word (the password was never looked at), it has not
/// counted.
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    subjects: Vec<Subject>,
    decided: bool,
}

impl Attempt<'_> {
    /// The password was wrong.
    pub fn failed(mut self) {
        self.decided = true;
    }

    /// The password was right. An account starts afresh; a network gets only this attempt back, or one good
    /// account would let it guess at all others.
    pub fn succeeded(mut self) {
        self.decided = true;
        for subject in &self.subjects {
            if matches!(subject, Subject::Network(_)) {
                self.throttle.give_back(subject);
            } else {
                self.throttle.forget(subject);
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.decided {
            self.subjects
                .iter()
                .for_each(|subject| self.throttle.give_back(subject));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an attempt that fails; how many seconds it must wait instead, 0 if none.
    fn wait(throttle: &Throttle, subject: &Subject, now: i64) -> u64 {
        match throttle.attempt(vec![subject.clone()], now) {
            Ok(attempt) => {
                attempt.failed();
                0
            }
            Err(Error::Throttled { retry_after }) => retry_after,
            Err(_) => u64::MAX,
        }
    }

    fn succeed(throttle: &Throttle, subject: &Subject, now: i64) -> bool {
        throttle
            .attempt(vec![subject.clone()], now)
            .map(Attempt::succeeded)
            .is_ok()
    }

    #[test]
    fn waits_double_up_to_a_limit_and_never_lock_for_ever() {
        let throttle = Throttle::default();
        let subject = Subject::Account("a@example.com".to_owned());
        let mut now = 1_000_000;
        for _ in 0..5 {
            assert_eq!(
                wait(&throttle, &subject, now),
                0,
                "the first failures are free"
            );
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            assert_eq!(
                wait(&throttle, &subject, now),
                0,
                "a wait that is over is over"
            );
            assert_eq!(wait(&throttle, &subject, now), expected);
            assert_eq!(
                wait(&throttle, &subject, now),
                expected,
                "refused attempts lengthen nothing"
            );
            now += i64::try_from(expected).unwrap_or(0) * 1000;
        }
    }

    #[test]
    fn success_clears_an_account_but_only_its_own_attempt_of_a_network() {
        let throttle = Throttle::default();
        let account = Subject::Account("a@example.com".to_owned());
        let network = Subject::network(IpAddr::from([192, 0, 2, 7]));
        for _ in 0..5 {
            assert_eq!(wait(&throttle, &account, 0), 0);
        }
        assert!(succeed(&throttle, &account, 0));
        for _ in 0..6 {
            assert_eq!(wait(&throttle, &account, 0), 0, "all are free again");
        }
        for _ in 0..network.free_failures() {
            assert_eq!(wait(&throttle, &network, 0), 0);
        }
        assert!(succeed(&throttle, &network, 0));
        assert_eq!(
            wait(&throttle, &network, 0),
            0,
            "one over the free ones starts the wait"
        );
        assert_eq!(wait(&throttle, &network, 0), 1);
    }

    #[test]
    fn what_was_never_looked_at_does_not_count() {
        let throttle = Throttle::default();
        let subject = Subject::Account("a@example.com".to_owned());
        for _ in 0..100 {
            assert!(
                throttle.attempt(vec![subject.clone()], 0).is_ok(),
                "dropped at once: the server was busy"
            );
        }
        for _ in 0..6 {
            assert_eq!(wait(&throttle, &subject, 0), 0);
        }
        assert_eq!(wait(&throttle, &subject, 0), 1);
    }

    #[test]
    fn many_at_once_are_counted_before_they_are_decided() {
        let throttle = Throttle::default();
        let subject = Subject::Account("a@example.com".to_owned());
        let under_way: Vec<_> = (0..100)
            .filter_map(|_| throttle.attempt(vec![subject.clone()], 0).ok())
            .collect();
        assert_eq!(under_way.len(), 6);
    }

    #[test]
    fn neighbours_are_one_network() {
        let network = |text: &str| text.parse().map(Subject::network);
        assert_eq!(network("192.0.2.1"), network("192.0.2.200"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:ff::9"));
        assert_ne!(network("2001:db8:0:100::1"), network("2001:db8:0:200::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.9"));
    }

    #[test]
    fn old_failures_are_forgotten() {
        let throttle = Throttle::default();
        let subject = Subject::Account("a@example.com".to_owned());
        for _ in 0..6 {
            assert_eq!(wait(&throttle, &subject, 0), 0);
        }
        assert_eq!(wait(&throttle, &subject, 0), 1);
        assert_eq!(wait(&throttle, &subject, FORGET_MS), 0);
        assert_eq!(wait(&throttle, &subject, FORGET_MS), 0);
    }
}
