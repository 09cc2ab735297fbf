//! The byte stream of a connection. Bytes that were put back are read again first, and a client that reads nothing of
//! its response is cut off.
//!
//! hyper limits how long a client may take to send, not how long it may take to receive: one that never reads would
//! hold its permit, its response and the system's memory for ever.

#![expect(clippy::disallowed_methods, reason = "a client has a deadline")]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use super::permits::Permit;

/// Bytes that hyper gets at a time. Its buffer stays as large as the largest chunk it got.
const CHUNK: usize = 4 * 1024;
/// The limits of reading on after the last response, so that it reaches the client: a connection that is closed with
/// unread bytes is reset, and the client sees an error instead.
#[derive(Clone, Copy, Debug)]
pub struct Linger {
    /// The longest in all.
    pub most: Duration,
    /// The longest between two chunks.
    pub gap: Duration,
    pub bytes: usize,
}

pub struct Stream {
    pub tcp: TcpStream,
    pub permit: Arc<Permit>,
    /// Bytes that were read and not answered, and how many of them have been read again.
    pushback: Vec<u8>,
    replayed: usize,
    /// The longest without a byte read by the client.
    stall: Duration,
    /// Runs while the client reads nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether the client has ended its half, or the connection has failed.
    ended: bool,
}

/// A stream between two runtimes.
pub struct Parked {
    tcp: std::net::TcpStream,
    permit: Arc<Permit>,
    pushback: Vec<u8>,
    stall: Duration,
}

impl Parked {
    /// Attaches the stream to the current runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn resume(self) -> io::Result<Stream> {
        let tcp = TcpStream::from_std(self.tcp)?;
        let mut stream = Stream::new(tcp, self.permit, self.stall);
        stream.pushback = self.pushback;
        Ok(stream)
    }
}

impl Stream {
    pub fn new(tcp: TcpStream, permit: Arc<Permit>, stall: Duration) -> Self {
        Self {
            tcp,
            permit,
            pushback: Vec::new(),
            replayed: 0,
            stall,
            stalled: None,
            ended: false,
        }
    }

    /// Detaches the stream from its runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn park(self) -> io::Result<Parked> {
        Ok(Parked {
            tcp: self.tcp.into_std()?,
            permit: self.permit,
            pushback: self.pushback,
            stall: self.stall,
        })
    }

    /// Returns the bytes that were put back.
    pub fn take_back(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pushback)
    }

    /// Puts bytes back, to be read again.
    pub fn put_back(&mut self, pushback: impl Into<Vec<u8>>) {
        self.pushback = without_spare_capacity(pushback);
        self.replayed = 0;
    }

    /// Reads and discards bytes until the client has closed its half too.
    pub async fn linger(&mut self, limits: Linger) {
        let deadline = Instant::now() + limits.most;
        let mut left = limits.bytes;
        let mut scratch = vec![0; 4 * CHUNK];
        while !self.ended && left > 0 {
            let next = deadline.min(Instant::now() + limits.gap);
            match timeout_at(next, self.tcp.read(&mut scratch)).await {
                Ok(Ok(read)) if read > 0 => left = left.saturating_sub(read),
                _ => return,
            }
        }
    }

    /// Tracks the outcome of a write. Returns an error once the client has read nothing for too long.
    fn track_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.stalled = None;
                self.ended |= written.is_err();
                self.permit.progressed();
                Poll::Ready(written)
            }
            Poll::Pending => {
                let stall = self.stall;
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
                ready!(stalled.as_mut().poll(cx));
                self.ended = true;
                // Unread bytes leave the system's memory together with the connection.
                let _ = self.tcp.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let capacity = buf.remaining().min(CHUNK);
        if self.replayed < self.pushback.len() {
            let end = self.pushback.len().min(self.replayed + capacity);
            buf.put_slice(&self.pushback[self.replayed..end]);
            self.replayed = end;
            if end == self.pushback.len() {
                self.put_back([]);
            }
            return Poll::Ready(Ok(()));
        }
        let mut chunk = ReadBuf::new(buf.initialize_unfilled_to(capacity));
        let outcome = Pin::new(&mut self.tcp).poll_read(cx, &mut chunk);
        if outcome.is_pending() {
            self.permit.waits_to_read();
        }
        let outcome = ready!(outcome);
        let read = chunk.filled().len();
        buf.advance(read);
        self.ended |= outcome.is_err() || read == 0 && capacity > 0;
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.track_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        chunks: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, chunks);
        self.track_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.permit.is_renewed() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// Returns the bytes without spare capacity: hyper's buffer is as large as the largest head was, even when empty.
fn without_spare_capacity(pushback: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut pushback = pushback.into();
    pushback.shrink_to_fit();
    pushback
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::without_spare_capacity;

    #[test]
    fn pushed_back_bytes_have_no_spare_capacity() {
        let mut buffer = Vec::with_capacity(64 * 1024);
        buffer.extend_from_slice(b"GET");
        let kept = without_spare_capacity(Bytes::from(buffer));
        assert_eq!((&*kept, kept.capacity()), (&b"GET"[..], 3));
    }
}
