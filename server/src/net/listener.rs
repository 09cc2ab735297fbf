//! Listening sockets: bound, accepted from, and emptied at the end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use rlimit::Resource;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections at the same time; for a further one the longest idle makes way.
const CONNECTIONS: u64 = 16 * 1024;
/// Files that are not connections of people and gateways: database, log, metrics, what has just been accepted.
const OTHER_FILES: u64 = 96;
/// Connections that the system has ready for us to accept.
const BACKLOG: u32 = 4096;
/// Bytes of answers that may wait in the system to be sent. More than a client takes of them is not even handed over.
const UNSENT: u32 = 16 * 1024;

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

/// Bounds what waits in the system to be sent on the connections of a listener.
pub fn bound_unsent(listener: &TcpListener) {
    let socket = socket2::SockRef::from(listener);
    #[cfg(target_os = "linux")]
    let bounded = socket.set_tcp_notsent_lowat(UNSENT);
    #[cfg(not(target_os = "linux"))]
    let bounded = socket.set_send_buffer_size(4 * UNSENT as usize);
    if let Err(error) = bounded {
        tracing::debug!(%error, "what waits to be sent is not bounded");
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
pub async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
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
pub fn backlog(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
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
