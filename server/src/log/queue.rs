//! The lines that wait to be written, and the thread that writes them.
//!
//! The queue is bounded in bytes. A line that does not fit is dropped and counted, as is a line that could not be
//! written, so a closed, stalled or full standard error holds up nothing. tracing-appender has a
//! queue like it, but bounds it in lines of any length, and prints to the stalled standard error when it ends.

#![expect(
    clippy::disallowed_methods,
    reason = "the log has a thread of its own and a deadline at a stop"
)]

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::sample::{self, Sample};

/// The most bytes that wait.
const CAPACITY: usize = 1024 * 1024;
/// The longest pause between two reports of lines that were left out, in a process that logs nothing.
const TICK: Duration = Duration::from_secs(10);
/// The pause before the next attempt while standard error is full and does not block.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The lines that wait to be written.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    /// A line waits to be written.
    more: Condvar,
    /// All lines are written.
    idle: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
}

impl Queue {
    /// Adds a line, or drops it if the queue is full.
    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.waiting.len() + line.len() > CAPACITY {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(line);
        self.more.notify_one();
    }

    /// Adds the last line of the process, even if the queue is full.
    pub fn push_last(&self, line: &[u8]) {
        self.state().waiting.extend_from_slice(line);
        self.more.notify_one();
    }

    /// Returns how many lines were lost.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written, or until `deadline`.
    pub fn finish(&self, deadline: Instant) {
        let mut state = self.state();
        while state.writing || !state.waiting.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.idle.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes all lines that wait; none if none came within `limit`.
    pub fn take(&self, limit: Duration) -> Vec<u8> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            let waited = self.more.wait_timeout(state, limit);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.writing = true;
        std::mem::take(&mut state.waiting)
    }

    fn written(&self) {
        self.state().writing = false;
        self.idle.notify_all();
    }

    /// No code that may panic runs while this is held.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line on its way into the queue, written in one piece.
pub struct Line(pub Arc<Queue>);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !line.is_empty() {
            self.0.push(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the thread that writes to `out`. It ends with the process, perhaps in the middle of a write.
pub fn start_writer(queue: &Arc<Queue>, sample: &Arc<Sample>, out: File) -> io::Result<()> {
    let (queue, sample) = (Arc::clone(queue), Arc::clone(sample));
    let mut out = Output { out, torn: false };
    let mut reported = 0;
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            loop {
                let lines = queue.take(TICK);
                let lost = out.write(&lines);
                queue.dropped.fetch_add(lost, Ordering::Relaxed);
                let dropped = queue.dropped();
                if lost == 0 && dropped > reported {
                    tracing::warn!(
                        lines = dropped - reported,
                        "log lines were lost: standard error was not read, or could not be written"
                    );
                    reported = dropped;
                }
                sample::report(&sample.take_expired(Instant::now()));
                queue.written();
            }
        })
        .map(drop)
}

/// Standard error, and whether its last line is whole.
struct Output<W> {
    out: W,
    torn: bool,
}

impl<W: Write> Output<W> {
    /// Writes lines, and returns how many of them were lost.
    fn write(&mut self, lines: &[u8]) -> u64 {
        if lines.is_empty() {
            return 0;
        }
        if self.torn && self.write_all(b"\n").is_err() {
            return count(lines);
        }
        let written = self.write_all(lines).err().unwrap_or(lines.len());
        self.torn = written > 0 && lines[written - 1] != b'\n';
        count(&lines[written..])
    }

    /// Like the trait's method, but waits while standard error is full, and reports how much was written before an
    /// error.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.out.write(&bytes[written..]) {
                Ok(0) => return Err(written),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_PAUSE),
                Err(_) => return Err(written),
            }
        }
        Ok(())
    }
}

fn count(lines: &[u8]) -> u64 {
    let ends = lines.split(|byte| *byte == b'\n').count() - 1;
    u64::try_from(ends).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Accepts bytes up to `capacity`, and then fails.
    struct Disk {
        held: Vec<u8>,
        capacity: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.capacity - self.held.len());
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.held.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let queue = Queue::default();
        let line = [b'x'; 1000];
        for _ in 0..CAPACITY / line.len() + 5 {
            queue.push(&line);
        }
        assert_eq!(queue.dropped(), 5);
        assert!(queue.take(Duration::ZERO).len() <= CAPACITY);
        queue.push(b"there is space again\n");
        assert_eq!(queue.dropped(), 5);
        assert_eq!(queue.take(Duration::ZERO), b"there is space again\n");
    }

    /// Lines that a full disk cut off are counted, and the next line begins at the left.
    #[test]
    fn a_full_disk_loses_only_the_lines_that_did_not_fit() {
        let disk = Disk {
            held: Vec::new(),
            capacity: 8,
        };
        let mut out = Output {
            out: disk,
            torn: false,
        };
        assert_eq!(out.write(b"first\nsecond\nthird\n"), 2);
        assert_eq!(out.write(b"fourth\n"), 1);
        out.out.capacity = 100;
        assert_eq!(out.write(b"fifth\n"), 0);
        assert_eq!(out.write(b"sixth\n"), 0);
        assert_eq!(
            String::from_utf8(out.out.held).unwrap(),
            "first\nse\nfifth\nsixth\n"
        );
    }

    #[test]
    fn the_end_does_not_wait_for_a_stalled_reader() {
        let queue = Queue::default();
        queue.push(b"this is not written\n");
        let begun = Instant::now();
        queue.finish(begun + Duration::from_millis(20));
        assert!(begun.elapsed() >= Duration::from_millis(20));
        drop(queue.take(Duration::ZERO));
        queue.written();
        queue.finish(begun + Duration::from_hours(1));
    }
}
