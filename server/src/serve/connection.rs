//! One connection, from its first request to its end.
//!
//! A connection begins among all the others, on the [fast path](fast_path). After a plain request for verification
//! it most likely belongs to a gateway, and moves to the runtime for verification, where only other verifications wait
//! ahead of it: no burst of sign-ins, and no thousands of clients that send a byte a second. The first request that
//! is not plain moves it back, and hyper serves it from then on.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::request;
use super::service::HttpService;
use crate::fast_path::{self, Ending};
use crate::http::client_ip::Peer;
use crate::net::stream::{Linger, Parked, Stream};

/// The longest that a client may take to send a request's headers, and to begin the next request.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of headers; more is answered 431.
pub const HEADER_BYTES: usize = 64 * 1024;
/// After a response to a request whose body was not read. A few megabytes take seconds on a slow line.
const LINGER: Linger = Linger {
    most: Duration::from_secs(10),
    gap: Duration::from_secs(2),
    bytes: 16 * 1024 * 1024,
};

/// The state that every stage of a connection needs.
#[derive(Clone)]
pub struct Connection {
    pub peer: SocketAddr,
    pub service: HttpService,
    /// Once true, the next response is the last.
    pub closing: Arc<AtomicBool>,
    pub stopped: watch::Receiver<()>,
}

impl Connection {
    /// Serves the connection to its end. Dropping the future ends it too, on whichever runtime it is.
    pub async fn serve(self, mut stream: Stream, builder: http1::Builder, verifying: Handle) {
        if self.service.verify().is_some() {
            // Boxed, as what follows is, so that a kept connection does not hold memory for every stage.
            match Box::pin(self.fast(&mut stream, true)).await {
                Ending::Gone => return,
                Ending::Other => {}
                Ending::Answered => match self.verify_only(stream, &verifying).await {
                    Some(back) => stream = back,
                    None => return,
                },
            }
            tracing::debug!("a connection goes over to hyper");
        }
        Box::pin(self.by_hyper(stream, builder)).await;
    }

    async fn fast(&self, stream: &mut Stream, first_only: bool) -> Ending {
        let Some(state) = self.service.verify() else {
            return Ending::Other;
        };
        let limits = fast_path::Limits {
            head: HEADER_BYTES,
            head_timeout: HEADER_TIMEOUT,
            first_only,
        };
        let mut stopped = self.stopped.clone();
        // An error means that the sender is gone, which is a stop too.
        let stop = async { drop(stopped.changed().await) };
        fast_path::serve(stream, state, Peer(self.peer), limits, &self.closing, stop).await
    }

    /// Serves the fast path on the runtime for verification. Returns the stream unless it has ended.
    async fn verify_only(&self, stream: Stream, verifying: &Handle) -> Option<Stream> {
        let (connection, parked) = (self.clone(), stream.park().ok()?);
        let mut moved = JoinSet::new();
        moved.spawn_on(
            async move {
                let mut stream = parked.resume().ok()?;
                match connection.fast(&mut stream, false).await {
                    Ending::Gone => None,
                    Ending::Answered | Ending::Other => stream.park().ok(),
                }
            },
            verifying,
        );
        let back: Option<Parked> = moved.join_next().await?.ok()?;
        back?.resume().ok()
    }

    /// Serves everything else, to the end of the connection.
    async fn by_hyper(self, mut stream: Stream, builder: http1::Builder) {
        let Self {
            peer,
            service,
            closing,
            mut stopped,
        } = self;
        let permit = Arc::clone(&stream.permit);
        let ended = loop {
            let answer =
                service_fn(|request| request::answer(&service, request, peer, &permit, &closing));
            let mut connection = builder.serve_connection(TokioIo::new(&mut stream), answer);
            let until_renewal = poll_fn(|cx| {
                let ended = Pin::new(&mut connection).poll(cx);
                if ended.is_pending() && permit.begins_renewal() {
                    // An idle connection ends without a byte to the client.
                    Pin::new(&mut connection).graceful_shutdown();
                    return Pin::new(&mut connection).poll(cx);
                }
                ended
            });
            let ended = tokio::select! {
                // Polled first: once hyper has half a request, it waits for the other half even at the stop.
                biased;
                _ = stopped.changed() => {
                    Pin::new(&mut connection).graceful_shutdown();
                    break connection.await;
                }
                ended = until_renewal => ended,
            };
            if !permit.ends_renewal() || ended.is_err() {
                break ended;
            }
            // A new hyper takes over: the old one's buffers are as large as the largest head was, and a connection may
            // live for days.
            let unread = connection.into_parts().read_buf;
            stream.put_back(unread);
        };
        if let Err(error) = &ended {
            tracing::debug!(%error, "a connection ended early");
        }
        // hyper answers requests that it cannot read, too.
        if ended.is_ok() || ended.is_err_and(|error| error.is_parse()) {
            tokio::select! {
                () = stream.linger(LINGER) => {}
                _ = stopped.changed() => {}
            }
        }
    }
}
