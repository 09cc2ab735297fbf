//! Accepts connections, bounds them, and lets them finish at the end.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers, so a few thousand slow ones
//! would hold the server; this loop over hyper does. HTTP/1.1 only: the proxies before Keyhold speak it, and
//! telling the versions apart on one port waits for a client without any limit.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use rlimit::Resource;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::service::Front;
use crate::net::permits::{Place, Places};
use crate::net::stream::{Stream, bound_unsent};

/// The longest a client may take to send a request's headers, and to begin with the next request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a client may take nothing of its answer, as far as that can be seen: its system acknowledges what its
/// program reads in pieces as large as its receive buffer. `docs/limits.md` says how slow a reader may be.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of headers; more is answered 431.
pub const HEADER_BYTES: usize = 64 * 1024;
/// Connections at the same time; for a further one the longest idle makes way.
const CONNECTIONS: u64 = 16 * 1024;
/// Files that are not connections of people and gateways: database, log, metrics, what has just been accepted.
const OTHER_FILES: u64 = 96;
/// Connections that the system has ready for us to accept.
const BACKLOG: u32 = 4096;
/// How long connections stay open after the stop, so that the next request on each is answered with
/// `Connection: close` rather than lost; as long again those that waited in the backlog then.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest that requests in flight may take after the first of these.
const DRAIN: Duration = Duration::from_secs(5);

/// Takes an address.
///
/// # Errors
/// Those of the system.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for the connections of the run before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How many connections a listener has, of whom, and what serves them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// At the same time.
    pub connections: usize,
    /// Of one address, when all are taken; those over it make way first. None: a quarter.
    pub per_address: Option<usize>,
    /// Proxies, which have many clients behind them and no share.
    pub trusted: Vec<IpNet>,
    /// The longest without a byte of an answer taken by the client.
    pub stall: Duration,
    /// The runtime of the connections that ask for verification only. Where it has threads of its own, a burst of
    /// other requests does not hold them up.
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
    front: Front,
    limits: impl Into<Limits>,
    stop: impl Future<Output = ()>,
) {
    let limits = limits.into();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(HEADER_BYTES)
        // A client that ends its half after a request still gets the answer (RFC 9112, section 9.6). One that is gone
        // looks the same until then, and hyper reads nothing meanwhile: its request goes on to its end or its limit.
        .half_close(true);
    let count = limits.connections;
    let share = limits.per_address.unwrap_or(count / 4);
    let places = Places::new(count, share, limits.trusted);
    bound_unsent(&listener);
    let (stopping, stopped) = watch::channel(());
    let closing = Arc::new(AtomicBool::new(false));
    let mut stop = pin!(async {
        stop.await;
        closing.store(true, Ordering::Relaxed);
        // Those who come meanwhile are answered too.
        let _ = tokio::time::timeout(FAREWELL, places.empty()).await;
    });
    let admit = |tcp, peer, place: Place| {
        let index = place.index();
        let stream = Stream::new(tcp, Arc::new(place), limits.stall);
        let connection = Connection {
            peer,
            front: front.clone(),
            closing: Arc::clone(&closing),
            stopped: stopped.clone(),
        };
        let task = connection.serve(stream, builder.clone(), limits.verifying.clone());
        places.serve(index, tokio::spawn(task).abort_handle());
    };
    let waiting = loop {
        let accepted = tokio::select! {
            () = &mut stop => break None,
            accepted = accept(&listener) => accepted,
        };
        let Some((tcp, peer)) = accepted else {
            continue;
        };
        let place = tokio::select! {
            () = &mut stop => break Some((tcp, peer)),
            place = places.take(peer.ip()) => place,
        };
        admit(tcp, peer, place);
    };
    let begun = Instant::now();
    let deadline = begun + FAREWELL;
    for (tcp, peer) in waiting.into_iter().chain(backlog(listener)) {
        let Ok(place) = timeout_at(deadline, places.take(peer.ip())).await else {
            break;
        };
        admit(tcp, peer, place);
    }
    let _ = timeout_at(deadline, places.empty()).await;
    drop(stopping);
    if timeout_at(begun + DRAIN, places.empty()).await.is_err() {
        tracing::warn!(
            "some requests did not finish in {} s and were cut off",
            DRAIN.as_secs()
        );
    }
}

/// How many connections of people and gateways there is room for: as many as the system lets this process have
/// open, once it has asked for all it may have.
pub fn connections() -> usize {
    let files = rlimit::increase_nofile_limit(CONNECTIONS + OTHER_FILES)
        .or_else(|_| Resource::NOFILE.get_soft())
        .unwrap_or(1024);
    usize::try_from(files.saturating_sub(OTHER_FILES).clamp(16, CONNECTIONS)).unwrap_or(16)
}

/// The next connection; none if accepting failed, which is not the end: the client may have gone, or the system may
/// be short of something for a moment.
async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, peer))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(500)).await;
            None
        }
    }
}

/// The connections that the system has ready for a listener, which it closes then: closed before, it would reset them,
/// requests and all. No more than fit into the backlog, so that newcomers cannot hold up the stop.
fn backlog(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().ok();
    let accepted = std::iter::from_fn(move || {
        loop {
            match listener.as_ref()?.accept() {
                Ok(accepted) => return Some(accepted),
                // This client has gone; the next one may be there.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => return None,
            }
        }
    });
    accepted
        .take(BACKLOG as usize)
        .filter_map(|(stream, peer)| {
            stream.set_nonblocking(true).ok()?;
            let _ = stream.set_nodelay(true);
            Some((TcpStream::from_std(stream).ok()?, peer))
        })
}

#[cfg(test)]
mod tests;
