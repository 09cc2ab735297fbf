//! `keyhold db copy`: the whole database into another one, with its progress on standard error.

#![expect(clippy::disallowed_methods, reason = "progress is shown by the second")]

use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

use vault::copy::{Copied, CopyError, Progress, Step, copy};

use crate::config::commands::DbCopy;
use crate::log;

/// The shortest time between two lines of a step.
const PACE: Duration = Duration::from_secs(1);

/// The reasons why the copy is not complete.
#[derive(Debug, thiserror::Error)]
pub enum DbCopyError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error("interrupted: the same command continues the copy")]
    Interrupted,
    #[error("interrupts cannot be caught: {0}")]
    Signal(io::Error),
}

/// Copies a database, and reports its tables.
///
/// # Errors
/// The obstacle, or an interrupt (SIGINT), after which the copy can be continued.
pub async fn run(command: &DbCopy) -> Result<String, DbCopyError> {
    let mut pace = Pace::default();
    let report = |progress: Progress<'_>| {
        if pace.is_due(progress.step, Instant::now()) {
            log::show_progress(&line(progress));
        }
    };
    let copied = tokio::select! {
        copied = copy(&command.from, &command.to, report) => copied.map_err(DbCopyError::from),
        interrupt = tokio::signal::ctrl_c() => {
            Err(interrupt.map_or_else(DbCopyError::Signal, |()| DbCopyError::Interrupted))
        }
    };
    if pace.shown.is_some() {
        log::end_progress();
    }
    copied.map(|copied| described(&copied))
}

/// The step and the time of the line that was shown last.
#[derive(Default)]
struct Pace {
    shown: Option<(Step, Instant)>,
}

impl Pace {
    fn is_due(&mut self, step: Step, now: Instant) -> bool {
        let is_due = self.shown.is_none_or(|(before, shown)| {
            before != step || now.saturating_duration_since(shown) >= PACE
        });
        if is_due {
            self.shown = Some((step, now));
        }
        is_due
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

fn described(copied: &Copied) -> String {
    let Copied {
        source,
        target,
        resumed,
        tables,
    } = copied;
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    let mut text = String::new();
    if *resumed {
        text.push_str("An interrupted copy was continued. ");
    }
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{source} was copied to {target}: {} tables, {rows} rows. Numbers of rows and checksums (SHA-256) are equal:",
        tables.len()
    );
    for table in tables {
        let _ = writeln!(
            text,
            "  {}  {:>10}  {}",
            table.checksum, table.rows, table.name
        );
    }
    text.push_str(
        "The pepper file was not copied: start Keyhold with the same one. Without it no key can be verified.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_step_is_shown_once_a_second_at_most() {
        let mut pace = Pace::default();
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
