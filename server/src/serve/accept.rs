//! The accept loop: it bounds connections, and lets them finish at the stop.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers, so a few thousand slow ones
//! would hold the server; this loop over hyper does. HTTP/1.1 only: the proxies before Keyhold speak it, and
//! telling the versions apart on one port waits for a client without any limit.

#![expect(
    clippy::disallowed_methods,
    reason = "each connection is a task, and a stop has deadlines"
)]

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, HEADER_BYTES, HEADER_TIMEOUT};
use super::service::HttpService;
use crate::net::listener::{accept, backlog, bound_unsent};
use crate::net::permits::{Permit, Permits};
use crate::net::stream::Stream;

/// The longest that a client may read nothing of its response, as far as the server can tell: the client's system
/// acknowledges in pieces as large as its receive buffer. `docs/limits.md` says how slow a reader may be.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long connections stay open after the stop, so that the next request on each is answered with
/// `Connection: close` rather than lost. Connections from the backlog get as long again.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest that requests in flight may take after the first of these.
const DRAIN: Duration = Duration::from_secs(5);

/// The limits of a listener's connections, and the runtime that serves verification.
#[derive(Clone, Debug)]
pub struct Limits {
    /// At the same time.
    pub connections: usize,
    /// Of one address, when all are taken; those beyond are closed first. None: a quarter.
    pub per_address: Option<usize>,
    /// Proxies, which have many clients behind them and no share.
    pub trusted: Vec<IpNet>,
    /// The longest without a byte of a response read by the client.
    pub stall: Duration,
    /// The runtime of the connections that carry verifications only. On threads of its own, a burst of other requests
    /// does not hold them up.
    pub verifying: Handle,
}

impl From<usize> for Limits {
    fn from(connections: usize) -> Self {
        Self {
            connections,
            per_address: None,
            trusted: Vec::new(),
            stall: STALL_TIMEOUT,
            verifying: Handle::current(),
        }
    }
}

/// Serves connections within the limits until `stop` comes, then lets what is in flight finish.
pub async fn serve(
    listener: TcpListener,
    service: HttpService,
    limits: impl Into<Limits>,
    stop: impl Future<Output = ()>,
) {
    let limits = limits.into();
    let builder = builder();
    let count = limits.connections;
    let share = limits.per_address.unwrap_or(count / 4);
    let permits = Permits::new(count, share, limits.trusted);
    bound_unsent(&listener);
    let (stopping, stopped) = watch::channel(());
    let closing = Arc::new(AtomicBool::new(false));
    let mut stop = pin!(async {
        stop.await;
        closing.store(true, Ordering::Relaxed);
        // New connections are answered too meanwhile.
        let _ = tokio::time::timeout(FAREWELL, permits.empty()).await;
    });
    let admit = |tcp, peer, permit: Permit| {
        let index = permit.index();
        let stream = Stream::new(tcp, Arc::new(permit), limits.stall);
        let connection = Connection {
            peer,
            service: service.clone(),
            closing: Arc::clone(&closing),
            stopped: stopped.clone(),
        };
        let task = connection.serve(stream, builder.clone(), limits.verifying.clone());
        permits.serve(index, tokio::spawn(task).abort_handle());
    };
    let waiting = loop {
        let accepted = tokio::select! {
            () = &mut stop => break None,
            accepted = accept(&listener) => accepted,
        };
        let Some((tcp, peer)) = accepted else {
            continue;
        };
        let permit = tokio::select! {
            () = &mut stop => break Some((tcp, peer)),
            permit = permits.take(peer.ip()) => permit,
        };
        admit(tcp, peer, permit);
    };
    let begun = Instant::now();
    let deadline = begun + FAREWELL;
    for (tcp, peer) in waiting.into_iter().chain(backlog(listener)) {
        let Ok(permit) = timeout_at(deadline, permits.take(peer.ip())).await else {
            break;
        };
        admit(tcp, peer, permit);
    }
    let _ = timeout_at(deadline, permits.empty()).await;
    drop(stopping);
    if timeout_at(begun + DRAIN, permits.empty()).await.is_err() {
        tracing::warn!(
            "some requests did not finish in {} s and were cut off",
            DRAIN.as_secs()
        );
    }
}

/// Returns hyper's settings.
pub(super) fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(HEADER_BYTES)
        // A client that closes its half after a request still gets the response (RFC 9112, section 9.6). A client that
        // has gone looks the same until then, because hyper reads nothing meanwhile: its request runs to its end or
        // limit.
        .half_close(true);
    builder
}

#[cfg(test)]
mod tests;
