//! A proxy before the PostgreSQL server that ends a connection at a commit.

use std::io::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use url::Url;

/// The way in which a connection ends at the next commit of a change.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// The COMMIT does not reach the server.
    Before,
    /// The COMMIT reaches the server, and the answer does not come back.
    After,
}

/// The proxy, which serves as long as the runtime of its test.
#[derive(Clone)]
pub struct Proxy {
    server: Arc<Url>,
    cut: Arc<Mutex<Option<Cut>>>,
    /// Whether the server is away for new connections once a connection has been cut.
    away: Arc<AtomicBool>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Proxy {
    /// Puts a proxy before the server of a database. Returns the address of the database behind the proxy, too.
    pub fn before(database: &str) -> (Self, String) {
        let mut url: Url = database.parse().unwrap();
        let proxy = Self {
            server: Arc::new(url.clone()),
            cut: Arc::default(),
            away: Arc::default(),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let serving = proxy.clone();
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if !serving.away.load(Ordering::Acquire) {
                    let serving = serving.clone();
                    // An error ends the connection, as the peers see.
                    tokio::spawn(async move { serving.serve(client).await });
                }
            }
        });
        (proxy, url.into())
    }

    /// Ends a connection at the next commit of a change.
    pub fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    /// Accepts no new connections, or accepts them again.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Release);
    }

    async fn connect(&self) -> Result<Box<dyn Stream>> {
        let host = percent_decode_str(self.server.host_str().unwrap()).decode_utf8_lossy();
        let port = self.server.port().unwrap_or(5432);
        Ok(if host.starts_with('/') {
            Box::new(UnixStream::connect(format!("{host}/.s.PGSQL.{port}")).await?)
        } else {
            Box::new(TcpStream::connect((&*host, port)).await?)
        })
    }

    async fn serve(&self, client: TcpStream) -> Result<()> {
        let (mut requests, mut answers) = client.into_split();
        let (mut from_server, mut to_server) = split(self.connect().await?);
        let lost = Arc::new(AtomicBool::new(false));
        let are_lost = Arc::clone(&lost);
        tokio::spawn(async move {
            let mut buffer = [0; 16 * 1024];
            loop {
                let read = from_server.read(&mut buffer).await?;
                if read == 0 || are_lost.load(Ordering::Acquire) {
                    return Ok::<(), Error>(());
                }
                answers.write_all(&buffer[..read]).await?;
            }
        });
        let mut started = false;
        loop {
            let message = message(&mut requests, started).await?;
            // The question for TLS, which is as long as this, comes before the message that starts the connection.
            started |= message.len() != 8;
            let cut = if commits(&message) {
                self.cut.lock().unwrap().take()
            } else {
                None
            };
            match cut {
                None => to_server.write_all(&message).await?,
                Some(Cut::Before) => return to_server.shutdown().await,
                Some(Cut::After) => {
                    lost.store(true, Ordering::Release);
                    return to_server.write_all(&message).await;
                }
            }
        }
    }
}

/// Reads a message: its type, unless the connection starts, its length, and its content.
async fn message(from: &mut (impl AsyncRead + Unpin), started: bool) -> Result<Vec<u8>> {
    let mut message = vec![0; if started { 5 } else { 4 }];
    from.read_exact(&mut message).await?;
    let length = &message[message.len() - 4..];
    let length = u32::from_be_bytes(length.try_into().unwrap());
    let read = message.len();
    message.resize(read + length as usize - 4, 0);
    from.read_exact(&mut message[read..]).await?;
    Ok(message)
}

/// Returns whether a message commits a change. The commit of a probe bears no number.
fn commits(message: &[u8]) -> bool {
    let note = b"INSERT INTO commits";
    message.first() == Some(&b'Q') && message.windows(note.len()).any(|part| part == note)
}
