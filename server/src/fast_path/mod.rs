//! The fast path of a connection: plain requests to `/verify`, answered as they come from the socket.
//!
//! Most connections are a gateway's and carry nothing else, and for such a request hyper's general machinery costs more
//! than the decision does. The fast path makes nothing that the answer does not need: no map of headers, no timer per
//! request. A request is plain in a narrow sense ([`head`]): HTTP/1.1, no body, no change of the connection's further
//! course. At the first other request, and at the stop, a connection goes over to hyper for good, together with all
//! bytes that were read and not answered. So the fast path understands no request differently from hyper;
//! `serve/like_hyper.rs` and `tests/it/fast_path/` compare the two.

mod answer;
mod head;
mod idle_deadline;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::http::client_ip::Peer;
use crate::net::stream::Stream;
use crate::state::AppState;
use answer::{Date, answer};
use head::{Request, header_buf};
use idle_deadline::{IdleDeadline, Interrupt};

/// The initial capacity of the buffers in bytes: more than nearly every request has.
const CAPACITY: usize = 2 * 1024;
/// Bytes of a request after which the buffer is made small again.
const LARGE: usize = 4 * CAPACITY;
/// Bytes of answers in one write, or a little more, where many requests were read at once.
const BATCH: usize = 16 * 1024;

/// The limits of a request's length and of its time to arrive.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Bytes of the head; hyper rejects a longer one.
    pub head: usize,
    /// From the previous answer, or from the beginning of the connection, to the end of the head.
    pub head_timeout: Duration,
    /// Whether to end after the first answers instead of waiting for the next request.
    pub first_only: bool,
}

/// The end of the fast path of a connection.
pub enum Ending {
    /// The client closed the connection, or a request took too long.
    Gone,
    /// The next request has not come yet.
    Answered,
    /// The next request is hyper's. Its bytes are back in the stream.
    Other,
}

/// The input after the answered requests.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Rest {
    /// Nothing, or the beginning of a request.
    Unfinished,
    /// Perhaps more requests: the answers so far must be written first.
    Unread,
    /// A request for hyper.
    Other,
}

/// Answers requests until one is not plain, one arrives after `closing` is true, or `stop` completes.
pub async fn serve(
    stream: &mut Stream,
    state: &AppState,
    peer: Peer,
    limits: Limits,
    closing: &AtomicBool,
    stop: impl Future<Output = ()> + Send,
) -> Ending {
    let mut input = stream.take_back();
    match answers(stream, &mut input, state, peer, limits, closing, stop).await {
        Some(ending) => {
            stream.put_back(input);
            ending
        }
        None => Ending::Gone,
    }
}

#[expect(clippy::disallowed_methods, reason = "a request has a deadline")]
async fn answers(
    stream: &mut Stream,
    input: &mut Vec<u8>,
    state: &AppState,
    peer: Peer,
    limits: Limits,
    closing: &AtomicBool,
    stop: impl Future<Output = ()> + Send,
) -> Option<Ending> {
    input.reserve(CAPACITY);
    let begun = Instant::now();
    let mut deadline = IdleDeadline::new(begun + limits.head_timeout, stop);
    let mut date = Date::new(begun);
    let mut output = Vec::new();
    let mut rest = Rest::Unfinished;
    let mut saturated = false;
    loop {
        if saturated {
            // This client may send for ever: other tasks, the deadline and the stop go first.
            yield_now().await;
            match deadline.wait().now_or_never() {
                Some(Interrupt::Stop) => return Some(Ending::Other),
                Some(Interrupt::Expired) => return None,
                None => {}
            }
        }
        if rest == Rest::Unfinished {
            let known = input.len();
            tokio::select! {
                biased;
                read = stream.tcp.read_buf(input) => if read.ok()? == 0 {
                    return None;
                },
                interrupt = deadline.wait() => match interrupt {
                    Interrupt::Stop => return Some(Ending::Other),
                    Interrupt::Expired => return None,
                },
            }
            saturated = input.len() == input.capacity();
            // The head ends with a line break: a long head in small pieces is not parsed for each of them.
            if input.len() < limits.head && !input[known..].contains(&b'\n') {
                continue;
            }
        }
        let now = Instant::now();
        let date = date.at(now);
        let batch = answer_batch(state, peer, input, limits.head, closing, date, &mut output);
        rest = batch.rest;
        saturated |= rest == Rest::Unread;
        if batch.length > 0 {
            let waited = write(stream, &output, now).await?;
            output.clear();
            output.shrink_to(CAPACITY);
            input.drain(..batch.length);
            if batch.longest > LARGE {
                // The connection may live for days after it.
                input.shrink_to(CAPACITY);
            }
            deadline.reset(if waited { Instant::now() } else { now } + limits.head_timeout);
            if limits.first_only && rest == Rest::Unfinished {
                return Some(Ending::Answered);
            }
        }
        if rest == Rest::Other || input.len() >= limits.head {
            return Some(Ending::Other);
        }
    }
}

/// Requests that were answered together.
pub struct Batch {
    /// Bytes of all of them together.
    pub length: usize,
    /// Bytes of the longest.
    longest: usize,
    pub rest: Rest,
}

/// Appends the answers to the plain requests at the beginning of `input` to `output`, about [`BATCH`] bytes at most.
pub fn answer_batch(
    state: &AppState,
    peer: Peer,
    input: &[u8],
    max_head: usize,
    closing: &AtomicBool,
    date: &str,
    output: &mut Vec<u8>,
) -> Batch {
    let (mut length, mut longest) = (0, 0);
    let rest = loop {
        match Request::read(&input[length..], &mut header_buf()) {
            // hyper rejects it.
            Request::Plain(_, head) if head > max_head => break Rest::Other,
            // hyper announces the end of the connection; no answer of the fast path does.
            Request::Plain(..) if closing.load(Ordering::Relaxed) => break Rest::Other,
            Request::Plain(request, head) => {
                answer(state, &request, peer, date, output);
                length += head;
                longest = longest.max(head);
            }
            Request::Unfinished => break Rest::Unfinished,
            Request::Other => break Rest::Other,
        }
        if output.len() >= BATCH {
            break Rest::Unread;
        }
    };
    Batch {
        length,
        longest,
        rest,
    }
}

/// Writes all of `output`; returns whether that had to wait for the client. Nearly always it all fits at once.
async fn write(stream: &mut Stream, output: &[u8], now: Instant) -> Option<bool> {
    let written = stream.tcp.try_write(output).unwrap_or(0);
    if written == output.len() {
        stream.permit.idle_since(now);
        return Some(false);
    }
    stream.write_all(&output[written..]).await.ok()?;
    Some(true)
}
