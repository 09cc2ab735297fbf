//! The postman: sweeps when something is due, and sends what is in the outbox. One task, woken by the next
//! due instant and by every change of the database; a few sends go on beside it, so that a slow mail server
//! holds up neither the sweep nor the other mails, and never a page or a verification.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::delivery::{Hands, attempt, settle};
use crate::error::Result;
use crate::mail::transport::Transport;
use crate::outbox;
use crate::steady::Steady;
use crate::{Vault, sweep};

/// Mails on their way at the same time.
const AT_ONCE: usize = 4;
/// The longest that one attempt may take in all.
const ATTEMPT: Duration = Duration::from_mins(1);
/// How long a stop waits for the attempts under way.
const GRACE: Duration = Duration::from_secs(5);
/// The postman looks up this often even if nothing is due, to see whether the clock has jumped.
const LOOK: Duration = Duration::from_mins(1);
/// The wait while the clock is doubted, or does not move, or the database does not answer.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// A postman at work.
pub struct Postman {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Postman {
    /// Lets the attempts under way come to an end, for a few seconds at most, and gives the rest back.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(fault) = self.task.await {
            tracing::error!(%fault, "the postman failed");
        }
    }
}

impl Vault {
    /// Begins to sweep and to send.
    pub fn start_postman(&self, transport: Transport) -> Postman {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Round::new(self.clone(), transport).run(stopped));
        Postman { stop, task }
    }

    /// Takes down what became due before now, and says how many mails it put into the outbox.
    pub async fn sweep(&self) -> Result<usize> {
        sweep::sweep(&self.0.database, self.now()).await
    }
}

/// The postman's state.
struct Round {
    vault: Vault,
    transport: Arc<Transport>,
    steady: Steady,
    started: Instant,
    sending: JoinSet<()>,
    hands: Hands,
    /// The instant of the last round.
    last: Option<i64>,
}

impl Round {
    fn new(vault: Vault, transport: Transport) -> Self {
        Self {
            vault,
            transport: Arc::new(transport),
            steady: Steady::default(),
            started: Instant::now(),
            sending: JoinSet::new(),
            hands: Hands::default(),
            last: None,
        }
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let database = &self.vault.0.database;
        let changed = Arc::clone(&database.changed);
        if let Err(error) = outbox::return_leases(database, self.vault.now()).await {
            tracing::warn!(%error, "leases of an earlier run could not be given back; they end by themselves");
        }
        loop {
            let monotonic = self.started.elapsed();
            // A panic over one mail must not be the end of all mail.
            let pause = match AssertUnwindSafe(self.look(monotonic)).catch_unwind().await {
                Ok(Ok(pause)) => pause,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "mail waits");
                    TRY_AGAIN
                }
                Err(_) => {
                    tracing::error!("the postman stumbled and goes on");
                    TRY_AGAIN
                }
            };
            tokio::select! {
                _ = &mut stopped => break,
                () = changed.notified() => {}
                Some(_) = self.sending.join_next(), if !self.sending.is_empty() => {}
                () = sleep(pause) => {}
            }
        }
        self.finish().await;
    }

    /// Does what there is to do, and says how long there will be nothing. `monotonic` is the time since the
    /// postman began.
    async fn look(&mut self, monotonic: Duration) -> Result<Duration> {
        let Some(now) = self.steady.now(self.vault.0.clock.wall(), monotonic) else {
            return Ok(TRY_AGAIN);
        };
        let database = &self.vault.0.database;
        let mut due = sweep::next_due(database).await?;
        if due.is_some_and(|due| due < now) {
            sweep::sweep(database, now).await?;
            due = sweep::next_due(database).await?;
        }
        while self.sending.len() < AT_ONCE {
            let Some((mail, content)) = self.vault.take(now, &self.hands).await? else {
                break;
            };
            let (vault, transport) = (self.vault.clone(), Arc::clone(&self.transport));
            let held = self.hands.take(&mail.id);
            self.sending.spawn(async move {
                let begun = Instant::now();
                let outcome = attempt(&transport, &mail, content, ATTEMPT).await;
                settle(&vault, &mail, &outcome, begun).await;
                drop(held);
            });
        }
        // With all hands full, the next wake is when one of them is free.
        let next_try = if self.sending.len() < AT_ONCE {
            outbox::next_try(&self.vault.0.database, now).await?
        } else {
            None
        };
        // What is due in a millisecond is swept when that millisecond is over.
        let next = [due.map(|due| due.saturating_add(1)), next_try];
        let wait = next.into_iter().flatten().min().map_or(LOOK, |next| {
            Duration::from_millis(u64::try_from(next - now).unwrap_or(0)).min(LOOK)
        });
        let stands_still = self.last.replace(now) == Some(now);
        Ok(if stands_still {
            wait.max(TRY_AGAIN)
        } else {
            wait
        })
    }

    async fn finish(mut self) {
        let all = async { while self.sending.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_ok() {
            return;
        }
        self.sending.shutdown().await;
        let now = self.vault.now();
        match outbox::return_leases(&self.vault.0.database, now).await {
            Ok(()) => tracing::info!("mails under way wait for the next start"),
            Err(error) => tracing::warn!(%error, "mails under way could not be given back"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use shared::DAY_MS;

    use super::*;
    use crate::clock::ManualClock;
    use crate::{Caller, Options};

    const NOON: i64 = 1_795_435_200_000;
    const HOUR_MS: i64 = 3_600_000;

    struct Office {
        clock: Arc<ManualClock>,
        round: Round,
        mails: std::path::PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Office {
        /// An account with twenty keys that expire within the year, and a postman who has just begun.
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(ManualClock::at(NOON));
            let options = Options {
                database_url: format!("sqlite://{}", folder.path().join("keyhold.db").display()),
                pepper_file: folder.path().join("pepper"),
                base_url: "https://keys.example.com".to_owned(),
            };
            let vault = Vault::open(&options, clock.clone()).await.unwrap();
            let caller = Caller::default();
            let signed_up = vault
                .sign_up("a@example.com", "a calm lake at dawn", "UTC", &caller)
                .await
                .unwrap();
            let session = vault
                .session(signed_up.session.expose())
                .await
                .unwrap()
                .unwrap();
            for days in 100..120 {
                let expiry = format!("{days}d");
                vault
                    .create_key(&session, "key", "", &expiry, &caller)
                    .await
                    .unwrap();
            }
            let mails = folder.path().join("mail");
            let from = "keyhold@example.com".parse().unwrap();
            Self {
                clock,
                round: Round::new(vault, Transport::folder(mails.clone(), from, "example.com")),
                mails,
                _folder: folder,
            }
        }

        /// One round, at so many seconds by the monotonic clock; how many mails there are then.
        async fn mails_after(&mut self, seconds: u64) -> usize {
            self.round.look(Duration::from_secs(seconds)).await.unwrap();
            while self.round.sending.join_next().await.is_some() {}
            std::fs::read_dir(&self.mails).unwrap().count()
        }
    }

    /// D10: a jump makes no mail until it has held for a minute, and then one for all keys.
    #[tokio::test]
    async fn a_clock_that_leaps_ahead_makes_mail_wait() {
        for jump in [HOUR_MS, 400 * DAY_MS] {
            let mut office = Office::open().await;
            assert_eq!(office.mails_after(0).await, 1, "the link of the sign-up");
            office.clock.set(NOON + jump);
            assert_eq!(office.mails_after(1).await, 1);
            assert_eq!(office.mails_after(59).await, 1);
            office.clock.set(NOON + 60_000);
            assert_eq!(office.mails_after(60).await, 1, "it was put right");
            office.clock.set(NOON + jump);
            assert_eq!(office.mails_after(61).await, 1);
            office.clock.set(NOON + jump + 61_000);
            let notice = usize::from(jump > DAY_MS);
            assert_eq!(office.mails_after(122).await, 1 + notice);
            assert_eq!(office.mails_after(123).await, 1 + notice);
        }
    }

    #[tokio::test]
    async fn the_postman_sleeps_until_something_is_due() {
        let mut office = Office::open().await;
        office.mails_after(0).await;
        let look = Duration::from_mins(1);
        office.clock.set(NOON + 1000);
        assert_eq!(
            office.round.look(Duration::from_secs(1)).await.unwrap(),
            look
        );
        // The first of the warnings is due 70 days ahead.
        let mut seconds = 1;
        for (to, expected) in [(10_000, 10_001), (1, 2)] {
            let wall = NOON + 70 * DAY_MS - to;
            seconds += 100;
            office.clock.set(wall - 70_000);
            let _ = office
                .round
                .look(Duration::from_secs(seconds))
                .await
                .unwrap();
            seconds += 70;
            office.clock.set(wall);
            let wait = office
                .round
                .look(Duration::from_secs(seconds))
                .await
                .unwrap();
            assert_eq!(wait, Duration::from_millis(expected));
        }
        office.clock.set(NOON + 70 * DAY_MS + 1);
        assert_eq!(office.mails_after(seconds).await, 2);
    }

    /// While what came of a mail cannot be written down, its lease ends; it is not sent a second time.
    #[tokio::test]
    async fn a_mail_in_hand_is_not_sent_twice() {
        let office = Office::open().await;
        let (vault, hands) = (&office.round.vault, &office.round.hands);
        let (mail, _) = vault.take(NOON, hands).await.unwrap().unwrap();
        let held = hands.take(&mail.id);
        let lease_over = NOON + 301_000;
        assert!(vault.take(lease_over, hands).await.unwrap().is_none());
        drop(held);
        let again = vault.take(lease_over + 301_000, hands).await.unwrap();
        assert_eq!(again.map(|(again, _)| again.id), Some(mail.id));
    }
}
