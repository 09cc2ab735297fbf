//! The log: lines on standard error, filtered by `RUST_LOG`.
//!
//! No fault of standard error may reach the work that is logged. A thread of its own writes queued lines ([`queue`]),
//! each is bounded ([`lines`]), a kind of line that repeats is sampled ([`sample`]), and other output to standard error
//! goes to the same queue ([`stderr_capture`]).

mod error;
mod lines;
mod queue;
mod sample;
mod stderr_capture;

use std::any::Any;
use std::io::{IsTerminal, Write as _, stderr};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tracing_subscriber::EnvFilter;

pub use error::LogError;
use lines::{Bounded, Lines};
use queue::Queue;
use sample::Sample;

/// How long the process waits at its end for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The filter unless `RUST_LOG` sets one.
const USUAL: &str = "info,sqlx=warn,leptos=warn,hyper=warn";

static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    queue: Arc<Queue>,
    sample: Arc<Sample>,
    /// Whether standard error is a terminal.
    terminal: bool,
}

/// Starts logging for the whole process.
///
/// # Errors
/// A [`LogError`] if the system refuses a resource or `RUST_LOG` cannot be parsed.
pub fn start() -> Result<(), LogError> {
    let filter = filter(&std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default())?;
    let terminal = stderr().is_terminal();
    let real = stderr().as_fd().try_clone_to_owned()?;
    let log = LOG.get_or_init(|| Log {
        queue: Arc::new(Queue::default()),
        sample: Arc::new(Sample::default()),
        terminal,
    });
    let queue = Arc::clone(&log.queue);
    tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_ansi(terminal)
        .event_format(Lines::new(Arc::clone(&log.sample)))
        .fmt_fields(Bounded)
        .with_writer(move || queue::Line(Arc::clone(&queue)))
        .init();
    std::panic::set_hook(Box::new(report_panic));
    queue::start_writer(&log.queue, &log.sample, real.into())?;
    Ok(stderr_capture::start()?)
}

fn filter(wanted: &str) -> Result<EnvFilter, LogError> {
    let wanted = wanted.trim();
    EnvFilter::try_new(if wanted.is_empty() { USUAL } else { wanted }).map_err(|source| {
        LogError::Filter {
            wanted: wanted.to_owned(),
            source,
        }
    })
}

/// Writes a sentence for the person who runs a command, as it is.
pub fn say(sentence: &str) {
    push(|_| format!("{sentence}\n"));
}

/// Shows how far a command is: on a terminal in the place of what it showed before, elsewhere as a line.
pub fn show_progress(text: &str) {
    let line = |log: &Log| {
        if log.terminal {
            format!("\r{text}\x1b[K")
        } else {
            format!("{text}\n")
        }
    };
    push(line);
}

/// Ends the line on a terminal that shows how far a command is.
pub fn end_progress() {
    push(|log| if log.terminal { "\n" } else { "" }.to_owned());
}

fn push(text: impl Fn(&Log) -> String) {
    if let Some(log) = LOG.get() {
        // The queue takes or drops it.
        let _ = queue::Line(Arc::clone(&log.queue)).write(text(log).as_bytes());
    }
}

/// Writes the remaining lines, and after them the sentence that the process ends with. That sentence is for the person
/// or supervisor that started the process, so neither `RUST_LOG` nor the bound of a line applies. Gives up after a
/// second, because a stalled reader must not keep the process from ending.
pub fn finish(sentence: Option<&str>) {
    if let Some(log) = LOG.get() {
        sample::report(&log.sample.take_all());
        if let Some(sentence) = sentence {
            log.queue.push_last(last(sentence).as_bytes());
        }
        #[expect(clippy::disallowed_methods, reason = "the last lines have a deadline")]
        log.queue.finish(Instant::now() + LAST_LINES);
    }
}

/// Formats the last line or lines. Characters that could confuse a terminal are escaped.
fn last(sentence: &str) -> String {
    let mut text = "ERROR: ".to_owned();
    for character in sentence.chars() {
        if character.is_control() && character != '\n' {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text + "\n"
}

/// Returns how many lines were lost, because standard error could not be written or was not read fast enough.
pub fn dropped() -> u64 {
    LOG.get().map_or(0, |log| log.queue.dropped())
}

/// Returns how many lines were left out, because there were many of their kind.
pub fn left_out() -> u64 {
    LOG.get().map_or(0, |log| log.sample.left_out())
}

/// Logs a panic. The hook of the standard library writes to standard error itself, and blocks if it is not read.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string);
    tracing::error!(panic = message(panic.payload()), at, "a panic");
}

fn message(payload: &dyn Any) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_failed_start_is_written_whole() {
        let long = "x".repeat(5_000);
        let sentence = format!("not done: {long}\n  \u{1b}[31mred");
        let whole = format!("ERROR: not done: {long}\n  \\u{{1b}}[31mred\n");
        assert_eq!(last(&sentence), whole);
    }

    #[test]
    fn an_invalid_filter_is_named() {
        for good in ["", " ", "info", "warn,server=debug", "off"] {
            assert!(filter(good).is_ok(), "{good:?}");
        }
        for bad in ["info,server=loud", "server=debug=info", "=", "[", "a b=c"] {
            let error = filter(bad).err();
            assert!(
                error.is_some_and(|error| error.to_string().contains("RUST_LOG")),
                "{bad:?}"
            );
        }
    }
}
