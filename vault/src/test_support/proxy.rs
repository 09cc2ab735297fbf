//! Proxy in front of a PostgreSQL server that falls silent like a stopped server or a cut network: connections stay
//! open, and nothing passes any more.

#![expect(
    clippy::disallowed_methods,
    reason = "the tasks end with the proxy's runtime"
)]

use std::path::Path;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use url::Url;

/// A proxy on loopback. Dropping it closes its connections.
pub struct Proxy {
    runtime: Option<Runtime>,
    silent: watch::Sender<bool>,
    /// The address of the database through the proxy.
    url: Url,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Proxy {
    /// Starts a proxy in front of the server of a database.
    pub fn start(database_url: &str) -> Self {
        let server: Url = database_url.parse().unwrap();
        // A thread of its own: the test may block.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut url = server.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let (silent, silence) = watch::channel(false);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                tokio::task::spawn(forward(client, server.clone(), silence.clone()));
            }
        });
        Self {
            runtime: Some(runtime),
            silent,
            url,
        }
    }

    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// Lets nothing pass any more, on any connection.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
    }

    /// Forwards new connections again. The others stay silent.
    pub fn speak(&self) {
        self.silent.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Forwards one connection until either side closes it, or for as long as nothing falls silent.
async fn forward(mut client: TcpStream, server: Url, mut silence: watch::Receiver<bool>) {
    let forwarded = async {
        let mut server = connect(&server).await;
        let _ = copy_bidirectional(&mut client, &mut server).await;
    };
    tokio::select! {
        biased;
        _ = silence.wait_for(|silent| *silent) => {}
        () = forwarded => return,
    }
    // Open, like a connection whose other end is gone without a trace.
    std::future::pending::<()>().await;
    drop(client);
}

/// Connects to the server itself. A host that is a path is the folder of its socket.
async fn connect(server: &Url) -> Box<dyn Stream> {
    let host = percent_decode_str(server.host_str().unwrap()).decode_utf8_lossy();
    let port = server.port().unwrap_or(5432);
    if host.starts_with('/') {
        let socket = Path::new(&*host).join(format!(".s.PGSQL.{port}"));
        Box::new(UnixStream::connect(socket).await.unwrap())
    } else {
        Box::new(TcpStream::connect((&*host, port)).await.unwrap())
    }
}
