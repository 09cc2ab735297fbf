//! The capture of standard error, for code that does not log: `eprintln!` in a dependency panics when standard error is closed and
//! blocks when it is not read. So standard error becomes a pipe that is always read, and its output is logged.
//!
//! The cost: the message that the runtime prints while it aborts the process (a stack overflow, out of memory) is lost
//! with the process. The exit status shows the abort.

use std::io::{self, PipeReader, Read};
use std::thread;

use rustix::stdio::dup2_stderr;

/// The most bytes that are logged as one line.
const CHUNK: usize = 4096;

/// Replaces standard error by the pipe.
pub fn start() -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    thread::Builder::new()
        .name("stderr".to_owned())
        .spawn(move || log(reader))?;
    dup2_stderr(writer)?;
    Ok(())
}

fn log(mut reader: PipeReader) {
    let mut chunk = [0; CHUNK];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                for line in String::from_utf8_lossy(&chunk[..length]).lines() {
                    tracing::warn!(words = line, "printed to standard error");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
