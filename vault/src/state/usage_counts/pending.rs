//! The calls of one key since the last flush.

use std::net::IpAddr;
use std::sync::Arc;

use shared::HOUR_MS;
use shared::prefix::Prefix;
use shared::status::Status;
use shared::token::find_secret;
use shared::usage::KNOWN_CALLERS;

use crate::state::directory::AccountEntry;

/// The origin of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The prefix of the company's keys, which no agent may show.
    pub prefix: Prefix,
    pub address: Option<IpAddr>,
    /// The User-Agent header as it was sent.
    pub agent: &'a [u8],
}

/// The number of distinct callers kept for a key: the last ones.
#[expect(clippy::cast_possible_truncation, reason = "there are five")]
pub(crate) const CALLERS: usize = KNOWN_CALLERS as usize;
/// The number of bytes kept of a user agent.
const AGENT_BYTES: usize = 200;

pub(crate) struct Pending {
    pub account: Arc<AccountEntry>,
    /// Usually one, two around the full hour, more only while the database is away.
    pub hours: Vec<Hour>,
    /// The last accepted call, UTC epoch milliseconds.
    pub used_at: Option<i64>,
    /// At most [`CALLERS`].
    pub callers: Vec<Caller>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hour {
    /// Since the UTC epoch.
    pub number: i64,
    pub accepted: i64,
    pub rejected: i64,
}

impl Hour {
    /// Counts the calls of another one here too.
    pub fn count(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Caller {
    pub address: Option<IpAddr>,
    /// Printable ASCII.
    pub agent: Box<[u8]>,
    /// The last call, UTC epoch milliseconds.
    pub seen_at: i64,
    /// The last call that was rejected because the key had expired.
    pub rejected_at: Option<i64>,
}

impl Pending {
    /// Returns the number of these calls.
    pub fn calls(&self) -> u64 {
        let calls = self.hours.iter().map(|hour| hour.accepted + hour.rejected);
        calls.sum::<i64>().unsigned_abs()
    }

    pub fn new(account: &Arc<AccountEntry>) -> Self {
        Self {
            account: Arc::clone(account),
            hours: Vec::with_capacity(1),
            used_at: None,
            callers: Vec::with_capacity(1),
        }
    }

    pub fn count(&mut self, now: i64, status: Status, source: Source<'_>) {
        let rejected = status == Status::Expired;
        self.add_hour(Hour {
            number: now.div_euclid(HOUR_MS),
            accepted: i64::from(!rejected),
            rejected: i64::from(rejected),
        });
        if !rejected {
            self.used_at = self.used_at.max(Some(now));
        }
        let rejected_at = rejected.then_some(now);
        // Nearly always the agent is stored as it was sent.
        if let Some(caller) = self.caller(source.address, source.agent) {
            caller.seen(now, rejected_at);
            return;
        }
        self.note_caller(Caller {
            address: source.address,
            agent: clean(source.agent, source.prefix),
            seen_at: now,
            rejected_at,
        });
    }

    /// Adds calls that another thread counted, or that could not be written earlier.
    pub fn add(&mut self, other: Self) {
        for hour in other.hours {
            self.add_hour(hour);
        }
        self.used_at = self.used_at.max(other.used_at);
        for caller in other.callers {
            self.note_caller(caller);
        }
    }

    fn caller(&mut self, address: Option<IpAddr>, agent: &[u8]) -> Option<&mut Caller> {
        self.callers
            .iter_mut()
            .find(|caller| caller.address == address && *caller.agent == *agent)
    }

    fn add_hour(&mut self, more: Hour) {
        // The newest is the last.
        match self
            .hours
            .iter_mut()
            .rev()
            .find(|hour| hour.number == more.number)
        {
            Some(hour) => {
                hour.accepted += more.accepted;
                hour.rejected += more.rejected;
            }
            None => self.hours.push(more),
        }
    }

    fn note_caller(&mut self, caller: Caller) {
        if let Some(known) = self.caller(caller.address, &caller.agent) {
            known.seen(caller.seen_at, caller.rejected_at);
        } else if self.callers.len() < CALLERS {
            self.callers.push(caller);
        } else if let Some(oldest) = self.callers.iter_mut().min_by_key(|known| known.seen_at)
            && oldest.seen_at <= caller.seen_at
        {
            *oldest = caller;
        }
    }
}

impl Caller {
    fn seen(&mut self, at: i64, rejected_at: Option<i64>) {
        self.seen_at = self.seen_at.max(at);
        self.rejected_at = self.rejected_at.max(rejected_at);
    }
}

/// Returns the start of a user agent, printable and with possible secrets masked, also those of the company's `own` prefix.
pub(crate) fn clean(agent: &[u8], own: Prefix) -> Box<[u8]> {
    let mut agent: Box<[u8]> = agent[..agent.len().min(AGENT_BYTES)].into();
    while let Some(secret) = find_secret(&agent, own) {
        agent[secret].fill(b'*');
    }
    for byte in &mut agent {
        *byte = printable(*byte);
    }
    agent
}

/// Replaces a byte that is not printable ASCII: it is of no use to a reader, and may be meant to deceive.
fn printable(byte: u8) -> u8 {
    match byte {
        b' '..=b'~' => byte,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::token::SecretKey;

    fn pending() -> Pending {
        Pending::new(&Arc::new(AccountEntry::new("acc_1", 0)))
    }

    fn from(last: u8, agent: &[u8]) -> Source<'_> {
        Source {
            prefix: Prefix::KEYHOLD,
            address: Some(IpAddr::from([192, 0, 2, last])),
            agent,
        }
    }

    #[test]
    fn calls_are_counted_by_the_hour_and_the_outcome() {
        let mut pending = pending();
        pending.count(HOUR_MS - 1, Status::Active, from(1, b"curl"));
        pending.count(HOUR_MS, Status::Active, from(1, b"curl"));
        pending.count(HOUR_MS + 5, Status::Expired, from(1, b"curl"));
        let expected = [(0, 1, 0), (1, 1, 1)].map(|(hour, accepted, rejected)| Hour {
            number: hour,
            accepted,
            rejected,
        });
        assert_eq!(pending.hours, expected);
        assert_eq!(pending.used_at, Some(HOUR_MS));
        assert_eq!(pending.callers.len(), 1);
        assert_eq!(pending.callers[0].seen_at, HOUR_MS + 5);
        assert_eq!(pending.callers[0].rejected_at, Some(HOUR_MS + 5));
    }

    /// However many callers there are, the last five are kept; hostile agents are made harmless and short.
    #[test]
    fn the_last_five_callers_are_kept() {
        let mut pending = pending();
        for number in 0..20 {
            pending.count(i64::from(number), Status::Active, from(number, b"curl"));
        }
        let mut kept: Vec<i64> = pending
            .callers
            .iter()
            .map(|caller| caller.seen_at)
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, [15, 16, 17, 18, 19]);

        let hostile = [b"\xe2\x80\xae<b>\t".as_slice(), &[b'x'; 500]].concat();
        for at in [30, 31] {
            pending.count(at, Status::Active, from(1, &hostile));
        }
        let last: Vec<&Caller> = pending
            .callers
            .iter()
            .filter(|caller| caller.seen_at >= 30)
            .collect();
        assert_eq!(last.len(), 1, "it is known the second time");
        assert_eq!(&last[0].agent[..10], b"???<b>?xxx");
        assert_eq!(last[0].agent.len(), AGENT_BYTES);
    }

    /// Promise 4: a secret that a client puts into its User-Agent is not kept.
    #[test]
    fn what_may_be_a_secret_is_not_kept() {
        let secret = SecretKey::from_entropy([9; 32]);
        let (secret, begun) = (secret.expose(), "khs_abc");
        for (agent, kept) in [
            (
                format!("sync/1 ({secret})"),
                format!("sync/1 ({})", "*".repeat(53)),
            ),
            (
                format!("{secret}{begun} {begun}"),
                format!("{} {}", "*".repeat(60), "*".repeat(7)),
            ),
            (
                "sync/1 Basic a2hfMDEyOmtoc18/+A==".to_owned(),
                format!("sync/1 Basic {}", "*".repeat(20)),
            ),
        ] {
            let mut pending = pending();
            pending.count(1, Status::Active, from(1, agent.as_bytes()));
            pending.count(2, Status::Active, from(1, agent.as_bytes()));
            assert_eq!(pending.callers.len(), 1);
            assert_eq!(String::from_utf8_lossy(&pending.callers[0].agent), kept);
        }
    }

    /// Adding parts up gives the same result as counting in one.
    #[test]
    fn parts_add_up() {
        let calls = |number: i64| {
            let status = if number % 3 == 0 {
                Status::Expired
            } else {
                Status::Active
            };
            (
                number * HOUR_MS / 4,
                status,
                from(u8::try_from(number % 4).unwrap_or(0), b"curl"),
            )
        };
        let (mut whole, mut even, mut odd) = (pending(), pending(), pending());
        for number in 0..40 {
            let (at, status, source) = calls(number);
            whole.count(at, status, source);
            if number % 2 == 0 { &mut even } else { &mut odd }.count(at, status, source);
        }
        odd.add(even);
        let sorted = |mut pending: Pending| {
            pending.hours.sort_by_key(|hour| hour.number);
            pending.callers.sort_by_key(|caller| caller.seen_at);
            (pending.hours, pending.used_at, pending.callers)
        };
        assert_eq!(sorted(odd), sorted(whole));
    }
}
