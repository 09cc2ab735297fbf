//! Accepts connections, bounds them, and lets them finish at the end.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers, so a few thousand slow ones
//! would hold the server; this loop over hyper does. HTTP/1.1 only: the proxies before Keyhold speak it, and
//! telling the versions apart on one port waits for a client without any limit.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rlimit::Resource;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::address::Peer;
use crate::fast_path::{self, Limits};
use crate::front::Front;

/// The longest a client may take to send a request's headers, and to begin with the next request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of headers; more is answered 431.
const HEADER_BYTES: usize = 64 * 1024;
const LIMITS: Limits = Limits {
    head: HEADER_BYTES,
    patience: HEADER_TIMEOUT,
};
/// Connections at the same time; a further one waits to be accepted.
const CONNECTIONS: u64 = 16 * 1024;
/// Files that are not connections of people and gateways: database, log, site, metrics.
const OTHER_FILES: u64 = 96;
/// The longest that requests in flight may take after the stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves at most `connections` at a time until `stop` comes, then lets what is in flight finish.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    connections: usize,
    stop: impl Future<Output = ()>,
) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES);
    let places = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let (stopping, stopped) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((mut stream, peer, place)) = accepted else {
            continue;
        };
        let (front, builder) = (front.clone(), builder.clone());
        let (watcher, mut stopped) = (graceful.watcher(), stopped.clone());
        tokio::spawn(async move {
            let _place = place;
            let mut begun = Vec::new();
            if let Some(state) = front.verify() {
                // An error is a sender that is gone: that is the stop too.
                let stop = async { drop(stopped.changed().await) };
                match fast_path::serve(&mut stream, state, peer, LIMITS, stop).await {
                    Some(rest) => begun = rest,
                    None => return,
                }
                tracing::debug!("a connection goes over to hyper");
            }
            let (reader, writer) = stream.into_split();
            let begun = Cursor::new(begun.into_boxed_slice());
            let stream = tokio::io::join(begun.chain(reader), writer);
            let service = service_fn(move |request| front.answer(request, Some(peer)));
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(stopping);
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
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

/// The next connection, once there is a place for it; none if accepting failed, which is not the end: the
/// client may have gone, or the system may be short of something for a moment.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, Peer(peer), place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(500)).await;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    /// Whoever connects and then says nothing, or not enough, is let go. Time runs by itself while everybody
    /// waits, so ten seconds pass at once.
    #[tokio::test(start_paused = true)]
    async fn silent_clients_are_let_go() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(serve(
            listener,
            Router::new().into(),
            16,
            std::future::pending(),
        ));
        for said in [
            "",
            "P",
            "PRI * HTTP/2.0\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n",
        ] {
            let mut client = TcpStream::connect(address).await?;
            client.write_all(said.as_bytes()).await?;
            let mut answer = Vec::new();
            let gone =
                tokio::time::timeout(HEADER_TIMEOUT * 2, client.read_to_end(&mut answer)).await;
            assert!(gone.is_ok(), "still connected after {said:?}");
        }
        server.abort();
        Ok(())
    }

    /// The ten seconds begin anew with each answer, and end ten seconds after the last, however the timer of
    /// the connection was set before; and a slow answer is no silence.
    #[tokio::test(start_paused = true)]
    async fn patience_begins_anew_with_each_answer() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let slow = || async {
            tokio::time::sleep(HEADER_TIMEOUT * 2).await;
            "late"
        };
        let router = Router::new()
            .route("/", get(|| async { "soon" }))
            .route("/slow", get(slow));
        let server = tokio::spawn(serve(listener, router.into(), 16, std::future::pending()));
        let mut client = TcpStream::connect(address).await?;
        let nearly = HEADER_TIMEOUT.mul_f64(0.9);
        let mut answer = [0; 500];
        for path in ["/", "/", "/slow", "/", "/slow", "/"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            client.write_all(request.as_bytes()).await?;
            let length = client.read(&mut answer).await?;
            assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{path}");
            tokio::time::sleep(nearly).await;
        }
        let silent = Instant::now();
        assert_eq!(client.read(&mut answer).await?, 0, "it is let go");
        let waited = silent.elapsed();
        assert!(waited > Duration::ZERO, "too early");
        assert!(waited <= Duration::from_secs(2), "after {waited:?}");
        server.abort();
        Ok(())
    }
}
