//! The signals that stop Keyhold, all alike, from a supervisor, a terminal or a closed session.
//!
//! SIGHUP stays ignored if it was ignored at the start, because that is how `nohup` keeps a program beyond its session.

use std::future::pending;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// None if it is ignored.
    hangup: Option<Signal>,
    quit: Signal,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if is_ignored(SignalKind::hangup()) {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for a signal, and returns its name.
    pub async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = hangup => "SIGHUP",
            _ = self.quit.recv() => "SIGQUIT",
        }
    }
}

/// Returns whether a signal is ignored. Linux tells; on other systems it counts as not ignored.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_in_mask(&status, kind.as_raw_value())
}

/// Returns whether the text of `/proc/self/status` lists a signal as ignored, in a mask in hexadecimal digits.
fn is_in_mask(status: &str, signal: i32) -> bool {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::is_in_mask;

    #[test]
    fn the_first_bit_is_the_first_signal() {
        let status =
            "SigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        let ignored: Vec<i32> = (1..=31)
            .filter(|signal| is_in_mask(status, *signal))
            .collect();
        assert_eq!(ignored, [1, 13]);
        assert!(!is_in_mask("", 1));
    }
}
