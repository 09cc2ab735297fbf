//! The conversation with a mail server, command by command, each within the time limit of RFC 5321, section
//! 4.5.3.2.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::super::send_error::LEASE_OVER;
use super::reply::Reply;

/// How long one address of the server may take to accept a connection, before the next is tried.
const CONNECT: Duration = Duration::from_secs(10);
/// The greeting, and the replies to all commands but DATA.
pub const COMMAND: Duration = Duration::from_mins(5);
/// The reply to DATA.
pub const DATA: Duration = Duration::from_mins(2);
/// One piece of the message.
pub const BLOCK: Duration = Duration::from_mins(3);
/// The reply to the final dot: the server may deliver the mail before it answers.
pub const END: Duration = Duration::from_mins(10);
/// Bytes of one piece.
const PIECE: usize = 8 * 1024;

/// The reason why a conversation failed.
#[derive(Debug)]
pub enum Fault {
    /// The server rejected a command.
    Refused(Reply),
    NoConnection(io::Error),
    Tls(io::Error),
    /// The server closed the connection, or sent something other than SMTP.
    BrokenOff(String),
    NoAnswer(Duration),
    /// The server lacks a required feature.
    Lacks(&'static str),
    /// The connection on which the password would travel is not encrypted.
    InTheClear,
    /// Another node may be about to send the mail.
    LeaseOver,
}

impl Fault {
    /// Returns a description of the fault: the server's response if there is one.
    pub fn description(&self) -> String {
        match self {
            Self::Refused(reply) => reply.text(),
            Self::NoConnection(error) => format!("no connection to the mail server: {error}"),
            Self::Tls(error) => format!("TLS with the mail server failed: {error}"),
            Self::BrokenOff(how) => {
                format!("the mail server closed the connection or does not speak SMTP: {how}")
            }
            Self::NoAnswer(limit) => format!("no answer within {} s", limit.as_secs()),
            Self::Lacks(what) => format!("the mail server does not offer {what}"),
            Self::InTheClear => {
                "the mail server does not offer STARTTLS, and Keyhold sends the password in \
                 KEYHOLD_SMTP_URL in the clear only with ?tls=none"
                    .to_owned()
            }
            Self::LeaseOver => LEASE_OVER.to_owned(),
        }
    }
}

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to a mail server.
pub struct Conversation(BufReader<Box<dyn Stream>>);

/// Connects to the first address of a server that accepts.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let addresses = lookup_host((host, port))
        .await
        .map_err(Fault::NoConnection)?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // The final dot is written by itself, and does not wait for the acknowledgement of the text.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(Fault::NoConnection(last))
}

impl Conversation {
    pub fn new(stream: impl Stream + 'static) -> Self {
        Self(BufReader::new(Box::new(stream)))
    }

    /// Returns the connection itself, to be encrypted. Rejects data sent ahead of that, which cannot be trusted.
    pub fn into_inner(self) -> Result<Box<dyn Stream>, Fault> {
        if self.0.buffer().is_empty() {
            Ok(self.0.into_inner())
        } else {
            Err(Fault::BrokenOff(
                "a response before it was asked for".to_owned(),
            ))
        }
    }

    /// Sends a command and reads the reply.
    pub async fn command(&mut self, command: &str, limit: Duration) -> Result<Reply, Fault> {
        let line = format!("{command}\r\n");
        self.write(line.as_bytes(), limit).await?;
        self.reply(limit).await
    }

    /// Sends a command, and fails unless the reply reports success.
    pub async fn done(&mut self, command: &str) -> Result<Reply, Fault> {
        let reply = self.command(command, COMMAND).await?;
        if reply.is_done() {
            Ok(reply)
        } else {
            Err(Fault::Refused(reply))
        }
    }

    /// Reads a reply.
    pub async fn reply(&mut self, limit: Duration) -> Result<Reply, Fault> {
        timeout(limit, Reply::read(&mut self.0))
            .await
            .map_err(|_| Fault::NoAnswer(limit))?
            .map_err(Fault::BrokenOff)
    }

    /// Sends a message and the dot that ends it. Calls `may_end` when only the dot is left: if it returns false, the server
    /// does not get it, and drops the message with the connection.
    pub async fn message(
        &mut self,
        message: &[u8],
        may_end: impl FnOnce() -> bool,
    ) -> Result<(), Fault> {
        for piece in stuffed(message).chunks(PIECE) {
            self.write(piece, BLOCK).await?;
        }
        if !may_end() {
            return Err(Fault::LeaseOver);
        }
        self.write(b".\r\n", BLOCK).await
    }

    async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Fault> {
        let stream = self.0.get_mut();
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        timeout(limit, written)
            .await
            .map_err(|_| Fault::NoAnswer(limit))?
            .map_err(|error| Fault::BrokenOff(error.to_string()))
    }
}

/// Returns a message with dots at the beginning of a line doubled, and its last line ended.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            text.push(b'.');
        }
        text.extend_from_slice(line);
    }
    if !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}
