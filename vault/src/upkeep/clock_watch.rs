//! The report of standing time. When the machine's clock is behind an instant that was shown or recorded, the vault's
//! clock stands still until the machine catches up, and keys that expire in between are rejected. If a leap ahead was
//! the cause, that is wrong for as long as the leap was, and only the operator can tell. So it is reported: as not
//! ready, in the metrics, and in the log once a minute.

#![expect(clippy::disallowed_methods, reason = "the log gets one line a minute")]

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::state::readiness::Cause;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// Less than this is an ordinary correction of the clock, in milliseconds.
const TOLERATED_MS: i64 = 5_000;
const CHECK_EVERY: Duration = Duration::from_secs(1);
const WARN_EVERY: Duration = Duration::from_mins(1);

/// A line for the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    StandsStill,
    GoesOn,
}

/// The schedule of the log lines.
#[derive(Debug, Default)]
struct Watch {
    /// The time of the last warning, by the monotonic clock, while time stands still.
    warned: Option<Duration>,
}

impl Watch {
    fn look(&mut self, stands_still: bool, monotonic: Duration) -> Option<Line> {
        if !stands_still {
            return self.warned.take().map(|_| Line::GoesOn);
        }
        if self
            .warned
            .is_some_and(|warned| monotonic.saturating_sub(warned) < WARN_EVERY)
        {
            return None;
        }
        self.warned = Some(monotonic);
        Some(Line::StandsStill)
    }
}

impl Vault {
    /// Returns how far the vault's clock is ahead of the machine's; zero unless time stands still.
    pub fn clock_ahead(&self) -> Duration {
        let ahead = self.0.clock.now().saturating_sub(self.0.clock.wall());
        Duration::from_millis(u64::try_from(ahead).unwrap_or(0))
    }

    /// Reports standing time until `stopped` completes.
    pub async fn watch_clock(&self, stopped: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = self.watch() => {}
            () = stopped => {}
        }
    }

    async fn watch(&self) {
        let (mut watch, started) = (Watch::default(), Instant::now());
        loop {
            let fault = self.report_clock();
            match watch.look(fault.is_some(), started.elapsed()) {
                Some(Line::StandsStill) => tracing::warn!("{}", fault.unwrap_or_default()),
                Some(Line::GoesOn) => {
                    tracing::info!("the machine's clock has caught up: time continues");
                }
                None => {}
            }
            sleep(CHECK_EVERY).await;
        }
    }

    /// Updates the readiness, and returns the fault.
    pub(crate) fn report_clock(&self) -> Option<String> {
        let (now, wall) = (self.0.clock.now(), self.0.clock.wall());
        if now.saturating_sub(wall) <= TOLERATED_MS {
            self.readiness().recover(Cause::Clock);
            return None;
        }
        let sentence = format!(
            "the machine's clock says {}, which is {} s behind the latest time shown or recorded: time stands still at {}, \
             and keys that expire earlier are rejected. If the later instant was wrong, stop keyhold, run `keyhold clock \
             accept` and start it again",
            rfc3339(wall),
            (now - wall) / 1000,
            rfc3339(now)
        );
        self.readiness().fail(Cause::Clock, sentence.clone());
        Some(sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_is_logged_once_a_minute_and_its_end_once() {
        let mut watch = Watch::default();
        let mut said = Vec::new();
        for second in 0..200 {
            let stands_still = (10..150).contains(&second);
            if let Some(line) = watch.look(stands_still, Duration::from_secs(second)) {
                said.push((second, line));
            }
        }
        let expected = [
            (10, Line::StandsStill),
            (70, Line::StandsStill),
            (130, Line::StandsStill),
            (150, Line::GoesOn),
        ];
        assert_eq!(said, expected);
    }
}
