//! Backoff for attempts that only cost when they fail (guessed passwords) or that reach another person's mailbox (mails
//! on request): each subject has a number of free attempts; after those, each further one doubles the wait, up to a
//! limit. While a subject must wait, attempts are rejected unseen and do not lengthen the wait.
//!
//! Kept in memory: a restart resets it. Each kind of subject has a map of its own, so that a flood of one kind cannot
//! push out another.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use shared::mail::MailKind;

use crate::error::{Error, Result};
use crate::limits::bounded::Bounded;
use crate::limits::origin::{mailbox, network};

/// Failures are forgotten after this long without another, in milliseconds.
const FORGET_MS: i64 = 60 * 60 * 1000;
/// The longest wait in seconds.
const LONGEST_S: u64 = 15 * 60;

/// The subject that is slowed down.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// Sign-ins by email address, whether such an account exists or not.
    Account(String),
    /// Guesses at the current password of an account that is signed in, by the account's id.
    Screen(String),
    /// Failures of a network, at any account.
    Network(IpAddr),
    /// Mails to a mailbox on request, by its address or the id of its owner's account, and by their purpose, so that a
    /// sign-up does not show in the response to a forgotten password.
    Mailbox(MailKind, String),
    /// Mails that a network requested, to any address.
    MailsFrom(IpAddr),
    /// Mails that an account requested, by its id.
    MailsOf(String),
    /// Secret keys that an account pastes to learn which key they belong to, by its id.
    Pasted(String),
    /// Operators' tokens that a network signs in with on the operators' page.
    Operators(IpAddr),
    /// A browser on which the owner of an account has signed in, by the account's address and the browser's id.
    Device(String, String),
}

/// The kinds of [`Subject`].
const KINDS: usize = 9;

impl Subject {
    pub fn network(address: IpAddr) -> Self {
        Self::Network(network(address))
    }

    pub fn operators(address: IpAddr) -> Self {
        Self::Operators(network(address))
    }

    /// Returns the subjects that a mail requested by `caller` counts against.
    pub fn mail(kind: MailKind, address: &str, caller: Option<IpAddr>) -> Vec<Self> {
        let mut subjects = vec![Self::mailbox(kind, address)];
        subjects.extend(caller.map(Self::mails_from));
        subjects
    }

    /// Returns the network that requests a mail.
    pub fn mails_from(caller: IpAddr) -> Self {
        Self::MailsFrom(network(caller))
    }

    /// Returns the mailbox that a mail goes to.
    pub fn mailbox(kind: MailKind, address: &str) -> Self {
        Self::Mailbox(kind, mailbox(address))
    }

    /// Returns the mailbox of an account whose address is proved to be its owner's, by the account's id. Accounts of
    /// strangers under other spellings of the address use up none of its mails.
    pub fn owned_mailbox(kind: MailKind, account: &str) -> Self {
        Self::Mailbox(kind, account.to_owned())
    }

    fn kind(&self) -> usize {
        match self {
            Self::Account(_) => 0,
            Self::Screen(_) => 1,
            Self::Network(_) => 2,
            Self::Mailbox(..) => 3,
            Self::MailsFrom(_) => 4,
            Self::MailsOf(_) => 5,
            Self::Device(..) => 6,
            Self::Pasted(_) => 7,
            Self::Operators(_) => 8,
        }
    }

    fn free_failures(&self) -> u32 {
        match self {
            Self::Account(_)
            | Self::Screen(_)
            | Self::Device(..)
            | Self::MailsOf(_)
            | Self::Pasted(_) => 5,
            Self::Mailbox(..) => 3,
            // A company's operators share a network, and no guess at 256 random bits is likely.
            Self::Operators(_) => 20,
            Self::Network(_) | Self::MailsFrom(_) => 60,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Record {
    failures: u32,
    last: i64,
    blocked_until: i64,
}

#[derive(Default)]
pub struct Backoff(Mutex<[Bounded<Record>; KINDS]>);

impl Backoff {
    /// Begins an attempt that counts against all of these subjects. It counts as failed from the start, so that a
    /// hundred at once cannot slip through together; its outcome is reported to the [`Attempt`].
    ///
    /// # Errors
    /// [`Error::Throttled`] while one of them must wait; the attempt must not be examined then.
    pub fn attempt(&self, subjects: Vec<Subject>, now: i64) -> Result<Attempt<'_>> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocked_until = subjects
            .iter()
            .filter_map(|subject| records[subject.kind()].get(subject))
            .map(|record| record.blocked_until)
            .max();
        if let Some(until) = blocked_until.filter(|until| now < *until) {
            let wait = u64::try_from(until - now).unwrap_or(0).div_ceil(1000);
            return Err(Error::Throttled { retry_after: wait });
        }
        for subject in &subjects {
            // More failures matter more, then later ones.
            let weight = |record: &Record| {
                (now - record.last < FORGET_MS).then_some((record.failures, record.last))
            };
            let record = records[subject.kind()].entry(subject, weight);
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
            backoff: self,
            subjects,
            decided: false,
        })
    }

    /// Resets a subject.
    pub fn forget(&self, subject: &Subject) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records[subject.kind()].remove(subject);
    }

    fn give_back(&self, subject: &Subject) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = records[subject.kind()].get_mut(subject) {
            record.failures = record.failures.saturating_sub(1);
            record.blocked_until = 0;
        }
    }
}

/// An attempt that was admitted. Dropped undecided (its password was never checked), it does not count.
pub struct Attempt<'a> {
    backoff: &'a Backoff,
    subjects: Vec<Subject>,
    decided: bool,
}

impl Attempt<'_> {
    /// Records that the password was wrong.
    pub fn failed(mut self) {
        self.decided = true;
    }

    /// Records that the password was right. An account is reset; a network only gets this attempt back, or one good
    /// account would let it guess at all others.
    pub fn succeeded(mut self) {
        self.decided = true;
        for subject in &self.subjects {
            if matches!(subject, Subject::Network(_) | Subject::Operators(_)) {
                self.backoff.give_back(subject);
            } else {
                self.backoff.forget(subject);
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.decided {
            self.subjects
                .iter()
                .for_each(|subject| self.backoff.give_back(subject));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an attempt that fails. Returns the seconds that it must wait instead, 0 if none.
    fn wait(backoff: &Backoff, subject: &Subject, now: i64) -> u64 {
        match backoff.attempt(vec![subject.clone()], now) {
            Ok(attempt) => {
                attempt.failed();
                0
            }
            Err(Error::Throttled { retry_after }) => retry_after,
            Err(_) => u64::MAX,
        }
    }

    fn succeed(backoff: &Backoff, subject: &Subject, now: i64) -> bool {
        backoff
            .attempt(vec![subject.clone()], now)
            .map(Attempt::succeeded)
            .is_ok()
    }

    #[test]
    fn waits_double_up_to_a_limit_and_never_lock_for_ever() {
        let backoff = Backoff::default();
        let subject = Subject::Account("a@example.com".to_owned());
        let mut now = 1_000_000;
        for _ in 0..5 {
            assert_eq!(
                wait(&backoff, &subject, now),
                0,
                "the first failures are free"
            );
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            assert_eq!(
                wait(&backoff, &subject, now),
                0,
                "a wait that is over is over"
            );
            assert_eq!(wait(&backoff, &subject, now), expected);
            assert_eq!(
                wait(&backoff, &subject, now),
                expected,
                "rejected attempts lengthen nothing"
            );
            now += i64::try_from(expected).unwrap_or(0) * 1000;
        }
    }

    #[test]
    fn success_clears_an_account_but_only_its_own_attempt_of_a_network() {
        let backoff = Backoff::default();
        let account = Subject::Account("a@example.com".to_owned());
        let network = Subject::network(IpAddr::from([192, 0, 2, 7]));
        for _ in 0..5 {
            assert_eq!(wait(&backoff, &account, 0), 0);
        }
        assert!(succeed(&backoff, &account, 0));
        for _ in 0..6 {
            assert_eq!(wait(&backoff, &account, 0), 0, "all are free again");
        }
        for _ in 0..network.free_failures() {
            assert_eq!(wait(&backoff, &network, 0), 0);
        }
        assert!(succeed(&backoff, &network, 0));
        assert_eq!(
            wait(&backoff, &network, 0),
            0,
            "one over the free ones starts the wait"
        );
        assert_eq!(wait(&backoff, &network, 0), 1);
    }

    #[test]
    fn an_abandoned_attempt_does_not_count() {
        let backoff = Backoff::default();
        let subject = Subject::Account("a@example.com".to_owned());
        for _ in 0..100 {
            assert!(
                backoff.attempt(vec![subject.clone()], 0).is_ok(),
                "dropped at once: the server was busy"
            );
        }
        for _ in 0..6 {
            assert_eq!(wait(&backoff, &subject, 0), 0);
        }
        assert_eq!(wait(&backoff, &subject, 0), 1);
    }

    #[test]
    fn concurrent_attempts_are_counted_before_they_are_decided() {
        let backoff = Backoff::default();
        let subject = Subject::Account("a@example.com".to_owned());
        let under_way: Vec<_> = (0..100)
            .filter_map(|_| backoff.attempt(vec![subject.clone()], 0).ok())
            .collect();
        assert_eq!(under_way.len(), 6);
    }

    #[test]
    fn old_failures_are_forgotten() {
        let backoff = Backoff::default();
        let subject = Subject::Account("a@example.com".to_owned());
        for _ in 0..6 {
            assert_eq!(wait(&backoff, &subject, 0), 0);
        }
        assert_eq!(wait(&backoff, &subject, 0), 1);
        assert_eq!(wait(&backoff, &subject, FORGET_MS), 0);
        assert_eq!(wait(&backoff, &subject, FORGET_MS), 0);
    }

    /// A flood of other subjects does not reset one with more failures.
    #[test]
    fn a_flood_of_other_subjects_forgives_no_failure() {
        let backoff = Backoff::default();
        let victim = Subject::Account("owner@example.com".to_owned());
        for _ in 0..6 {
            assert_eq!(wait(&backoff, &victim, 0), 0);
        }
        for stranger in 0..60_000 {
            let stranger = Subject::Account(format!("{stranger}@example.com"));
            assert_eq!(wait(&backoff, &stranger, 1), 0);
            let mails = Subject::Mailbox(MailKind::ResetPassword, "a@example.com".to_owned());
            let _ = wait(&backoff, &mails, 1);
        }
        assert_eq!(wait(&backoff, &victim, 2), 1);
    }
}
