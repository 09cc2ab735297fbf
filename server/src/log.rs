//! The log: lines on standard error, `RUST_LOG` chooses how much.
//!
//! Nothing that happens to standard error may reach the work that is logged. Lines are queued and written by a
//! thread of their own ([`queue`]), each is bounded ([`lines`]), a kind of line that repeats is sampled
//! ([`sample`]), and whatever else prints to standard error ends up in the same queue ([`strays`]).

mod lines;
mod queue;
mod sample;
mod strays;

use std::any::Any;
use std::io::{IsTerminal, stderr};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tracing_subscriber::EnvFilter;

use lines::{Bounded, Lines};
use queue::Queue;
use sample::Sample;

/// How long the end of the process waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    queue: Arc<Queue>,
    sample: Arc<Sample>,
}

/// Starts logging for the whole process.
///
/// # Errors
/// A sentence, where the system refuses what the log needs.
pub fn start() -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("the log cannot be started: {error}");
    let terminal = stderr().is_terminal();
    let real = stderr().as_fd().try_clone_to_owned().map_err(cannot)?;
    let log = LOG.get_or_init(|| Log {
        queue: Arc::new(Queue::default()),
        sample: Arc::new(Sample::default()),
    });
    let queue = Arc::clone(&log.queue);
    tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter())
        .with_ansi(terminal)
        .event_format(Lines::new(Arc::clone(&log.sample)))
        .fmt_fields(Bounded)
        .with_writer(move || queue::Line(Arc::clone(&queue)))
        .init();
    std::panic::set_hook(Box::new(report_panic));
    queue::start_writer(&log.queue, &log.sample, real.into()).map_err(cannot)?;
    strays::catch().map_err(cannot)
}

fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,leptos=warn,hyper=warn"))
}

/// Writes what is left, unless that takes longer than a second: a reader that has stalled must not keep the
/// process from ending.
pub fn finish() {
    if let Some(log) = LOG.get() {
        sample::report(&log.sample.take_all());
        log.queue.finish(Instant::now() + LAST_LINES);
    }
}

/// How many lines were lost, because standard error could not be written or was not read fast enough.
pub fn dropped() -> u64 {
    LOG.get().map_or(0, |log| log.queue.dropped())
}

/// How many lines were left out, because there were many of their kind.
pub fn left_out() -> u64 {
    LOG.get().map_or(0, |log| log.sample.left_out())
}

/// Logs a panic. The hook of the standard library writes to standard error itself, and blocks where nobody reads.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string);
    tracing::error!(panic = words(panic.payload()), at, "a panic");
}

fn words(payload: &dyn Any) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}
