//! The fast path of a connection: plain requests to `/verify`, answered as they come from the socket.
//!
//! Most connections are a gateway's and carry nothing else, and to such a request hyper's general machinery costs
//! more than the decision does. Here nothing is made that the answer does not need: no map of headers, no task, no
//! timer a request. What is plain is decided narrowly ([`head`](self::head)): HTTP/1.1, no body, nothing that changes how the
//! connection goes on. With the first request that is not, and with the stop, a connection goes over to hyper for good,
//! together with all that was read of it and not answered. So nothing about HTTP is decided here that hyper would
//! decide otherwise; `tests/it/fast_path.rs` holds the two together.

mod answer;
mod head;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::address::Peer;
use crate::state::AppState;
use answer::{Date, answer};
use head::{Request, room};

/// Bytes that there is room for at first: more than nearly every request has.
const ROOM: usize = 2 * 1024;
/// Bytes of a request that are waited for; longer ones are hyper's.
const MOST: usize = 8 * 1024;

/// What interrupts the wait for a client.
enum Interrupt {
    /// It may have waited too long.
    Late,
    /// The server stops.
    Stop,
}

/// Answers requests until one is not plain or `stop` comes, and gives what hyper is to begin with: what was read and
/// is not answered. None: the connection has ended, by its client or because a request took longer than `patience`.
pub async fn serve(
    stream: &mut TcpStream,
    state: &AppState,
    peer: Peer,
    patience: Duration,
    stop: impl Future<Output = ()> + Send,
) -> Option<Vec<u8>> {
    let mut input = Vec::with_capacity(ROOM);
    let mut output = Vec::new();
    let mut date = Date::new(Instant::now());
    let mut deadline = Instant::now() + patience;
    // Looked at only when one of them has woken this task, which a request does not pay for. The timer is left to run;
    // when it goes off it is looked whether the deadline has moved on.
    let mut interrupts: FuturesUnordered<BoxFuture<'_, Interrupt>> = FuturesUnordered::new();
    let late = |at| sleep_until(at).map(|()| Interrupt::Late).boxed();
    interrupts.push(late(deadline));
    interrupts.push(stop.map(|()| Interrupt::Stop).boxed());
    loop {
        tokio::select! {
            biased;
            read = stream.read_buf(&mut input) => if read.ok()? == 0 {
                return None;
            },
            Some(interrupt) = interrupts.next() => match interrupt {
                Interrupt::Stop => return Some(input),
                Interrupt::Late if Instant::now() >= deadline => return None,
                Interrupt::Late => {
                    interrupts.push(late(deadline));
                    continue;
                }
            },
        }
        let now = Instant::now();
        let mut answered = 0;
        let plain = loop {
            match Request::read(&input[answered..], &mut room()) {
                Request::Plain(head, length) => {
                    answer(state, &head, peer, date.at(now), &mut output);
                    answered += length;
                }
                Request::Unfinished => break true,
                Request::Other => break false,
            }
        };
        if answered > 0 {
            write(stream, &output, patience).await?;
            output.clear();
            input.drain(..answered);
            deadline = now + patience;
        }
        if !plain || input.len() >= MOST {
            return Some(input);
        }
    }
}

/// Nearly always there is room for all of it at once.
async fn write(stream: &mut TcpStream, output: &[u8], patience: Duration) -> Option<()> {
    let written = stream.try_write(output).unwrap_or(0);
    if written < output.len() {
        let rest = stream.write_all(&output[written..]);
        timeout(patience, rest).await.ok()?.ok()?;
    }
    Some(())
}
