//! Listening sockets: bound, accepted from, and emptied at the end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use rlimit::Resource;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections at the same time. For a further one, the longest idle is closed.
const CONNECTIONS: u64 = 16 * 1024;
/// Open files other than client connections: database, log, metrics, connections just accepted.
const OTHER_FILES: u64 = 96;
/// Connections that the system keeps ready to be accepted.
const BACKLOG: u32 = 4096;
/// Bytes of responses that may wait in the system's send buffer. The rest stays with the server until the client reads.
const UNSENT: u32 = 16 * 1024;

/// Binds an address, and listens on it.
///
/// # Errors
/// Those of the system.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for the connections of the previous run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Bounds the unsent bytes in the system of all connections of a listener.
pub fn bound_unsent(listener: &TcpListener) {
    let socket = socket2::SockRef::from(listener);
    #[cfg(target_os = "linux")]
    let bounded = socket.set_tcp_notsent_lowat(UNSENT);
    #[cfg(not(target_os = "linux"))]
    let bounded = socket.set_send_buffer_size(4 * UNSENT as usize);
    if let Err(error) = bounded {
        tracing::debug!(%error, "the unsent data of a connection is not limited");
    }
}

/// Returns how many client connections the process may hold: as many as the system's limit on open files allows, once
/// it has been raised as far as possible.
pub fn connections() -> usize {
    let files = rlimit::increase_nofile_limit(CONNECTIONS + OTHER_FILES)
        .or_else(|_| Resource::NOFILE.get_soft())
        .unwrap_or(1024);
    usize::try_from(files.saturating_sub(OTHER_FILES).clamp(16, CONNECTIONS)).unwrap_or(16)
}

/// Accepts the next connection. None if accepting failed, which is temporary: the client has gone, or the system is
/// short of a resource.
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

/// Accepts the connections that wait in the backlog, and closes the listener: closed before, it would reset them with
/// their requests. At most one full backlog, so that new connections cannot hold up the stop.
pub fn backlog(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().ok();
    let accepted = std::iter::from_fn(move || {
        loop {
            match listener.as_ref()?.accept() {
                Ok(accepted) => return Some(accepted),
                // This client has gone; the next one may still be connected.
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
