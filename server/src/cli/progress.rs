//! Progress of a command on standard error, and its interruption (SIGINT).

#![expect(clippy::disallowed_methods, reason = "progress is shown by the second")]

use std::io;
use std::time::{Duration, Instant};

use vault::copy::{Progress, Step};

use crate::log;

/// The shortest time between two lines of a step.
const PACE: Duration = Duration::from_secs(1);

/// Shows how far a command is. Dropping it ends the line.
#[derive(Default)]
pub struct Shown {
    /// The step and the time of the line that was shown last.
    last: Option<(Step, Instant)>,
}

impl Shown {
    pub fn show(&mut self, progress: Progress<'_>) {
        if self.is_due(progress.step, Instant::now()) {
            log::show_progress(&line(progress));
        }
    }

    fn is_due(&mut self, step: Step, now: Instant) -> bool {
        let is_due = self.last.is_none_or(|(before, shown)| {
            before != step || now.saturating_duration_since(shown) >= PACE
        });
        if is_due {
            self.last = Some((step, now));
        }
        is_due
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if self.last.is_some() {
            log::end_progress();
        }
    }
}

/// The end of a command that can be interrupted.
pub enum Ended<T> {
    Done(T),
    Interrupted,
}

/// Runs a command until it is done or interrupted. An interrupt drops it.
///
/// # Errors
/// Interrupts cannot be caught.
pub async fn until_interrupted<T>(command: impl Future<Output = T>) -> io::Result<Ended<T>> {
    tokio::select! {
        done = command => Ok(Ended::Done(done)),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| Ended::Interrupted),
    }
}

fn line(progress: Progress<'_>) -> String {
    let Progress {
        step,
        table,
        rows,
        of,
    } = progress;
    let step = match step {
        Step::Reading => "Reading",
        Step::Copying => "Copying",
        Step::Comparing => "Comparing",
    };
    format!("{step} {table}: {rows} of {of} rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_step_is_shown_once_a_second_at_most() {
        let mut pace = Shown::default();
        let start = Instant::now();
        let shown: Vec<u64> = (0..30)
            .map(|tenths| tenths * 100)
            .filter(|after| {
                let step = if *after < 1_500 {
                    Step::Reading
                } else {
                    Step::Copying
                };
                pace.is_due(step, start + Duration::from_millis(*after))
            })
            .collect();
        assert_eq!(shown, [0, 1_000, 1_500, 2_500]);
    }

    #[test]
    fn a_line_names_step_table_and_rows() {
        let progress = Progress {
            step: Step::Copying,
            table: "api_keys",
            rows: 5_000,
            of: 20_000,
        };
        assert_eq!(line(progress), "Copying api_keys: 5000 of 20000 rows");
    }
}
