//! The mail worker: sweeps when something is due, and sends what is in the outbox. It is one task, woken by the next
//! due instant and by every change of the database; a few sends run beside it, so that a slow mail server delays
//! neither the sweep nor the other mails, and never a page or a verification.

#![expect(
    clippy::disallowed_methods,
    reason = "the worker task, and the duration of its rounds"
)]

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::error::{Error, Result};
use crate::mail::transport::{Progress, Transport};
use crate::mailer::delivery::InFlight;
use crate::outbox::{self, LeaseId, Wanted};
use crate::time::jump_guard::ClockJumpGuard;
use crate::vault::Vault;

/// Maximum number of mails in flight, without slow ones.
const MAX_IN_FLIGHT: usize = 16;
/// Maximum number of mails in flight, including slow ones.
const CONNECTIONS: usize = 64;
/// How many of either are reserved for links, which a user waits for.
const RESERVED_FOR_LINKS: usize = 4;
/// The time after which a mail is slow, and does not count against [`MAX_IN_FLIGHT`]: RFC 5321 gives a receiver half an
/// hour in all, and the others do not wait that long.
const SLOW: Duration = Duration::from_secs(30);
/// The time limit of one attempt, more than all of its steps should take.
const ATTEMPT: Duration = Duration::from_hours(1);
/// How long a stop waits for the attempts in progress.
const GRACE: Duration = Duration::from_millis(5_500);
/// Interval at which the worker checks whether the clock has jumped, even if nothing is due.
const CHECK_EVERY: Duration = Duration::from_mins(1);
/// The wait after a change, so that changes in quick succession cause one look, and none delays the answer to its change.
const TOGETHER: Duration = Duration::from_millis(100);
/// The shortest time between two sweeps: each change of a key may make something due, and a sweep is a change itself.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// The wait after a failed sweep, in milliseconds.
const RESWEEP_MS: i64 = 5_000;
/// The shortest wait while the clock does not move.
const STILL: Duration = Duration::from_millis(100);
/// The wait while the clock is doubted, or the database does not respond.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// A running mail worker.
pub struct MailWorker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl MailWorker {
    /// Waits for the attempts in progress, for a few seconds at most, and returns the leases of the rest.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(fault) = self.task.await {
            tracing::error!(%fault, "the mail worker failed");
        }
    }
}

impl Vault {
    /// Starts to sweep and to send.
    pub fn start_mailer(&self, transport: Transport) -> MailWorker {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Round::new(self.clone(), transport).run(stopped));
        MailWorker { stop, task }
    }

    /// Records everything that fell due before now, and returns how many mails it put into the outbox.
    pub async fn sweep(&self) -> Result<usize> {
        self.sweep_to(self.now()).await
    }
}

/// The state of the worker.
struct Round {
    vault: Vault,
    transport: Arc<Transport>,
    jump_guard: ClockJumpGuard,
    started: Instant,
    sending: JoinSet<()>,
    under_way: HashMap<Id, UnderWay>,
    in_flight: InFlight,
    /// The instant of the last round.
    last: Option<i64>,
    /// The time of the last sweep since the worker started.
    swept: Option<Duration>,
    /// When the log last reported that no reader was free.
    busy_told: Option<Instant>,
}

/// A mail that is being sent.
struct UnderWay {
    lease: LeaseId,
    since: Instant,
    progress: Arc<Progress>,
}

impl Round {
    fn new(vault: Vault, transport: Transport) -> Self {
        Self {
            jump_guard: ClockJumpGuard::since(vault.0.known, "mail"),
            vault,
            transport: Arc::new(transport),
            started: Instant::now(),
            sending: JoinSet::new(),
            under_way: HashMap::new(),
            in_flight: InFlight::default(),
            last: None,
            swept: None,
            busy_told: None,
        }
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let database = &self.vault.0.database;
        let changed = Arc::clone(&database.changed);
        let now = self.vault.0.clock.wall();
        if let Err(error) = outbox::take_back_leases(database, now).await {
            tracing::warn!(%error, "leases of an earlier run could not be released; they expire on their own");
        }
        loop {
            let monotonic = self.started.elapsed();
            // A panic over one mail must not end all mail.
            let pause = match AssertUnwindSafe(self.look(monotonic)).catch_unwind().await {
                Ok(Ok(pause)) => pause,
                Ok(Err(error)) => {
                    if self.is_news(&error) {
                        tracing::warn!(%error, "mail waits");
                    }
                    TRY_AGAIN
                }
                Err(_) => {
                    tracing::error!("the mail worker panicked, continuing");
                    TRY_AGAIN
                }
            };
            tokio::select! {
                _ = &mut stopped => break,
                () = changed.notified().then(|()| sleep(TOGETHER)) => {}
                Some(ended) = self.sending.join_next_with_id(), if !self.sending.is_empty() => self.ended(ended),
                () = sleep(pause) => {}
            }
        }
        self.finish().await;
    }

    /// Does the work that is due, and returns how long there will be none. `monotonic` is the time since the worker
    /// started.
    async fn look(&mut self, monotonic: Duration) -> Result<Duration> {
        let begun = Instant::now();
        let Some(now) = self.jump_guard.now(self.vault.0.clock.wall(), monotonic) else {
            return Ok(TRY_AGAIN);
        };
        // From here on, no change is dated before the instant of the sweep.
        self.vault.0.clock.raise(now);
        let mut due = self.vault.next_due().await?;
        if due.is_some_and(|due| due < now) {
            let rest = self.swept.map_or(Duration::ZERO, |swept| {
                SWEEP_EVERY.saturating_sub(monotonic.saturating_sub(swept))
            });
            due = if rest.is_zero() {
                self.swept = Some(monotonic);
                self.sweep(now).await?
            } else {
                let rest = i64::try_from(rest.as_millis()).unwrap_or(0);
                Some(now.saturating_add(rest))
            };
        }
        while let Some(wanted) = self.free_permits() {
            // The clock is read for each mail, because sixty of them take a while.
            let Some(at) = self.believed(monotonic + begun.elapsed()) else {
                return Ok(TRY_AGAIN);
            };
            let taken = self.vault.take(wanted, at, &self.in_flight).await;
            let Some(mail) = self.vault.0.database.noted(taken)? else {
                break;
            };
            let (vault, transport) = (self.vault.clone(), Arc::clone(&self.transport));
            self.start(mail.lease.lease(), async move |progress| {
                mail.send(&vault, &transport, ATTEMPT, &progress).await;
            });
        }
        // With no permit free, the next wake is when one is released, or a mail in flight becomes slow.
        let (next_try, next_slow) = match self.free_permits() {
            Some(Wanted::Any) => {
                let at = now.min(self.vault.0.clock.wall());
                let turn = self.vault.turn(Wanted::Any, at);
                let next = outbox::next_try(&self.vault.0.database, turn).await?;
                // Relative to the instant of the sweep, which may stand still.
                (next.map(|next| next.saturating_add(now - at)), None)
            }
            _ => (
                None,
                self.quick().max().map(|time| SLOW.saturating_sub(time)),
            ),
        };
        // A key that is due in a millisecond is swept when that millisecond is over.
        let next = [due.map(|due| due.saturating_add(1)), next_try];
        let wait = next
            .into_iter()
            .flatten()
            .min()
            .map_or(CHECK_EVERY, |next| {
                Duration::from_millis(u64::try_from(next - now).unwrap_or(0)).min(CHECK_EVERY)
            });
        let wait = wait.min(next_slow.unwrap_or(CHECK_EVERY));
        // After a jump back the clock stands still, perhaps exactly when something is due.
        let stands_still = self.last.replace(now) == Some(now);
        Ok(if stands_still { wait.max(STILL) } else { wait })
    }

    /// Sweeps, and returns when to sweep again.
    async fn sweep(&mut self, now: i64) -> Result<Option<i64>> {
        let database = &self.vault.0.database;
        // Mails already in the outbox are sent whether or not this works.
        if let Err(error) = database.noted(self.vault.sweep_to(now).await) {
            if self.is_news(&error) {
                tracing::error!(%error, "the sweep failed and is retried");
            }
            return Ok(Some(now.saturating_add(RESWEEP_MS)));
        }
        // Nothing is due any more, unless this reader lags behind another node's sweep.
        let next = self.vault.next_due().await?;
        Ok(next.map(|due| {
            if due < now {
                now.saturating_add(RESWEEP_MS)
            } else {
                due
            }
        }))
    }

    /// Returns whether an error is worth logging. A lack of free readers is logged nowhere else, and here once a
    /// minute.
    fn is_news(&mut self, error: &Error) -> bool {
        if !matches!(error, Error::Busy) {
            return error.is_news();
        }
        let news = self
            .busy_told
            .is_none_or(|told| told.elapsed() >= CHECK_EVERY);
        if news {
            self.busy_told = Some(Instant::now());
        }
        news
    }

    /// Returns the instant by which mails are due: the machine's clock, which goes on while [`ClockJumpGuard`] stands
    /// still after a jump back. None while the clock is doubted.
    fn believed(&mut self, monotonic: Duration) -> Option<i64> {
        let wall = self.vault.0.clock.wall();
        self.jump_guard
            .now(wall, monotonic)
            .map(|now| now.min(wall))
    }

    /// Starts to send a mail.
    fn start<F>(&mut self, lease: LeaseId, send: impl FnOnce(Arc<Progress>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let progress = Arc::<Progress>::default();
        let task = self.sending.spawn(send(Arc::clone(&progress)));
        let since = Instant::now();
        let under_way = UnderWay {
            lease,
            since,
            progress,
        };
        self.under_way.insert(task.id(), under_way);
    }

    fn ended(&mut self, ended: std::result::Result<(Id, ()), JoinError>) {
        let task = ended.map_or_else(|fault| fault.id(), |(task, ())| task);
        self.under_way.remove(&task);
    }

    /// Returns the mails that the free permits may send.
    fn free_permits(&self) -> Option<Wanted> {
        let quick = self.quick().count();
        let all = self.under_way.len();
        if quick < MAX_IN_FLIGHT - RESERVED_FOR_LINKS && all < CONNECTIONS - RESERVED_FOR_LINKS {
            Some(Wanted::Any)
        } else if quick < MAX_IN_FLIGHT && all < CONNECTIONS {
            Some(Wanted::Links)
        } else {
            None
        }
    }

    /// Returns how long the mails that are not slow have been in progress.
    fn quick(&self) -> impl Iterator<Item = Duration> {
        let times = self.under_way.values().map(|mail| mail.since.elapsed());
        times.filter(|time| *time < SLOW)
    }

    async fn finish(mut self) {
        let all = async {
            while let Some(ended) = self.sending.join_next_with_id().await {
                self.ended(ended);
            }
        };
        if timeout(GRACE, all).await.is_err() {
            self.give_back().await;
        }
    }

    /// Cancels the attempts in progress. A mail that the server may have, or has accepted without the database
    /// recording it, waits before it is sent a second time.
    async fn give_back(mut self) {
        self.sending.shutdown().await;
        let (mut unknown, mut other) = (Vec::new(), Vec::new());
        for UnderWay {
            lease, progress, ..
        } in self.under_way.into_values()
        {
            if progress.is_unknown() {
                unknown.push(lease);
            } else {
                other.push(lease);
            }
        }
        let now = self.vault.0.clock.wall();
        match outbox::return_leases(&self.vault.0.database, &unknown, &other, now).await {
            Ok(()) => tracing::info!("emails in flight wait for the next start"),
            Err(error) => {
                tracing::warn!(%error, "leases of emails in flight could not be released");
            }
        }
    }
}

#[cfg(test)]
mod tests;
