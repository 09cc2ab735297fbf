//! Limits by network, account and instance, so that one of them cannot take what the others need. All of them are
//! listed in `docs/limits.md`.
//!
//! Three kinds: [`backoff`] where only failures count, [`buckets`] for rates, and amounts, which the database knows. A
//! rejected operation changes nothing, costs no query and no hash, and is counted by limit.
//!
//! Waits and rates go by the monotonic clock: the vault's own stands still after a leap ahead of the machine's clock,
//! and a wait by it would not end.

pub mod backoff;
mod bounded;
mod buckets;
pub mod origin;
pub(crate) mod patience;
mod readers;

pub use crate::error::Limit;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::time::clock::Clock;
use backoff::{Attempt, Backoff, Subject};
use buckets::Buckets;
use patience::Patience;
pub use readers::{Readers, Reading};

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Notices per day to one mailbox from accounts without proof that mail arrives there; all may come at once. A single
/// account has fewer anyway.
const NOTICES_UNCONFIRMED: u32 = 40;
/// The minutes' worth of changes that may come at once: programs work in bursts.
const CHANGES_AT_ONCE: i64 = 20;

/// The operator's settings; 0 means no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Sign-ups per hour from one network, all at once or spread.
    pub sign_ups: u32,
    /// Accounts of the instance.
    pub accounts: u32,
    /// Keys of one account, good and expired, in addition to its default key.
    pub keys: u32,
    /// Changes per minute by one account, and sign-ins to it; twenty minutes' worth may come at once.
    pub changes: u32,
    /// Sessions of one account. A further one ends the session that was used longest ago.
    pub sessions: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sign_ups: 100,
            accounts: 0,
            keys: 1_000,
            changes: 6_000,
            sessions: 50,
        }
    }
}

/// The state behind the limits.
pub(crate) struct Limits {
    clock: Arc<dyn Clock>,
    backoff: Backoff,
    sign_ups: Buckets,
    changes: Buckets,
    notices: Buckets,
    pub settings: Settings,
    readers: Readers,
    rejections: [AtomicU64; Limit::ALL.len()],
}

impl Limits {
    /// `readers` manages the database connections for reading.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, readers: Readers) -> Self {
        Self {
            clock,
            backoff: Backoff::default(),
            sign_ups: Buckets::new(settings.sign_ups, HOUR_MS, 1),
            changes: Buckets::new(settings.changes, MINUTE_MS, CHANGES_AT_ONCE),
            notices: Buckets::new(NOTICES_UNCONFIRMED, shared::DAY_MS, 1),
            settings,
            readers,
            rejections: Default::default(),
        }
    }

    /// Begins an attempt at a password.
    ///
    /// # Errors
    /// [`Error::Throttled`] while one of the subjects must wait.
    pub fn password(&self, subjects: Vec<Subject>) -> Result<Attempt<'_>> {
        let attempt = self.backoff.attempt(subjects, self.clock.monotonic());
        self.counted(Limit::Passwords, attempt)
    }

    /// Counts a mail that was requested, whether it is sent or not.
    ///
    /// # Errors
    /// [`Error::Throttled`] while one of the subjects must wait.
    pub fn mail(&self, subjects: Vec<Subject>) -> Result<()> {
        let attempt = self.backoff.attempt(subjects, self.clock.monotonic());
        self.counted(Limit::Mails, attempt.map(Attempt::failed))
    }

    /// Counts a notice to an address that is not confirmed, whatever its account.
    ///
    /// # Errors
    /// [`Error::Throttled`] if its mailbox has had its share.
    pub fn notice(&self, address: &str) -> Result<()> {
        let mailbox = origin::mailbox(address);
        let taken = self.notices.take(&mailbox, self.clock.monotonic());
        self.counted(Limit::Mails, taken)
    }

    /// Counts a sign-up from a network. A successful one counts too.
    ///
    /// # Errors
    /// [`Error::Throttled`] if the network has created its share of accounts.
    pub fn sign_up(&self, address: Option<IpAddr>) -> Result<()> {
        let Some(address) = address else {
            return Ok(());
        };
        let network = origin::network(address);
        let taken = self.sign_ups.take(&network, self.clock.monotonic());
        self.counted(Limit::SignUps, taken)
    }

    /// Takes back a sign-up that did not happen.
    pub fn take_back_sign_up(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.sign_ups.give_back(&origin::network(address));
        }
    }

    /// Counts a change of an account, before it waits for the writer.
    ///
    /// # Errors
    /// [`Error::Throttled`] if the account changes too much.
    pub fn change(&self, account: &str) -> Result<()> {
        self.changes(account, 1)
    }

    /// Counts a change of many keys as that many changes.
    ///
    /// # Errors
    /// As [`Limits::change`].
    pub fn changes(&self, account: &str, keys: i64) -> Result<()> {
        let now = self.clock.monotonic();
        let taken = self.changes.take_many(&account, keys, now);
        self.counted(Limit::Changes, taken)
    }

    /// Waits for the account's turn to read data that grows with it.
    pub async fn reading(&self, account: &str, patience: &Patience) -> Result<Reading> {
        let turn = self.readers.turn(account, patience).await;
        self.counted(Limit::Reading, turn)
    }

    /// Checks that `count` things leave space for one more.
    ///
    /// # Errors
    /// [`Error::Quota`] if there are already `most`.
    pub fn one_more(&self, limit: Limit, count: i64, most: u32) -> Result<()> {
        let full = count >= i64::from(most);
        self.counted(
            limit,
            if full {
                Err(Error::Quota(limit, most))
            } else {
                Ok(())
            },
        )
    }

    /// Resets a subject.
    pub fn forget(&self, subject: &Subject) {
        self.backoff.forget(subject);
    }

    /// Counts a rejection by a limit.
    pub fn counted<T>(&self, limit: Limit, result: Result<T>) -> Result<T> {
        if matches!(
            result,
            Err(Error::Throttled { .. } | Error::Busy | Error::Quota(..))
        ) {
            self.rejections[limit as usize].fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Returns the number of rejections by each limit since the start.
    pub fn rejections(&self) -> Vec<(Limit, u64)> {
        Limit::ALL
            .map(|limit| {
                let count = self.rejections[limit as usize].load(Ordering::Relaxed);
                (limit, count)
            })
            .into()
    }
}
