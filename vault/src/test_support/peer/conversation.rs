//! One conversation with a client. The peer reads strictly: it rejects everything that is not plain SMTP.

use std::io;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::sleep;

use super::script::{Action, Script, Step};
use super::{Delivery, Event, Shared};
use crate::test_support::Mail;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub struct Conversation {
    shared: Arc<Shared>,
    script: Script,
    /// The number of the connection.
    number: usize,
    stream: BufReader<Box<dyn Stream>>,
    encrypted: bool,
    logged_in: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Conversation {
    pub fn new(shared: Arc<Shared>, stream: impl Stream + 'static) -> Self {
        let (number, script) = shared.begin();
        Self {
            logged_in: shared.login.is_none(),
            shared,
            script,
            number,
            stream: BufReader::new(Box::new(stream)),
            encrypted: false,
            from: None,
            to: Vec::new(),
        }
    }

    /// Speaks until either side closes the connection.
    pub async fn run(mut self) -> io::Result<()> {
        if !self.reply(Step::Connect, "220 peer.test ESMTP").await? {
            return Ok(());
        }
        while let Some(command) = self.command().await? {
            let (verb, argument) = command.split_once(' ').unwrap_or((&command, ""));
            match verb {
                "EHLO" => {
                    let offer = self.offer();
                    self.reply(Step::Ehlo, &offer).await?;
                }
                "HELO" => {
                    self.reply(Step::Helo, "250 peer.test").await?;
                }
                "STARTTLS" => self.start_tls().await?,
                "AUTH" => self.auth(argument).await?,
                "MAIL" => self.mail(argument).await?,
                "RCPT" => self.rcpt(argument).await?,
                "DATA" => self.data().await?,
                "QUIT" => {
                    if self.reply(Step::Quit, "221 2.0.0 Bye").await? {
                        return Ok(());
                    }
                }
                _ => self.write("500 5.5.1 Unknown command").await?,
            }
        }
        Ok(())
    }

    fn offer(&self) -> String {
        let tls = self.shared.offers_tls && !self.encrypted;
        let tls = if tls { "250-STARTTLS\r\n" } else { "" };
        format!("250-peer.test\r\n{tls}250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        if !self.reply(Step::StartTls, "220 2.0.0 Go on").await? {
            return Ok(());
        }
        // The old reader drops everything that the client sent ahead of TLS.
        let nothing: Box<dyn Stream> = Box::new(tokio::io::empty());
        let clear = std::mem::replace(&mut self.stream, BufReader::new(nothing));
        let tls = self.shared.tls.accept(clear.into_inner()).await?;
        self.stream = BufReader::new(Box::new(tls));
        self.encrypted = true;
        self.shared.record(Event::Encrypted);
        Ok(())
    }

    async fn auth(&mut self, argument: &str) -> io::Result<()> {
        if let Some(reply) = self.act(Step::Auth).await? {
            self.logged_in |= says_yes(&reply);
            return self.write(&reply).await;
        }
        let (user, password) = match argument.split_once(' ').unwrap_or((argument, "")) {
            ("PLAIN", response) => {
                let response = decoded(response)?;
                let mut fields = response.split('\0').skip(1).map(str::to_owned);
                (fields.next(), fields.next())
            }
            ("LOGIN", "") => {
                // The first challenge has no text: a client goes by the code.
                self.write("334").await?;
                let user = self.command().await?;
                self.write("334 UGFzc3dvcmQ6").await?;
                let password = self.command().await?;
                let text = |line: Option<String>| line.map(|line| decoded(&line)).transpose();
                (text(user)?, text(password)?)
            }
            _ => return self.write("504 5.5.4 Unknown mechanism").await,
        };
        let login = (user.unwrap_or_default(), password.unwrap_or_default());
        self.logged_in = self
            .shared
            .login
            .as_ref()
            .is_none_or(|right| *right == login);
        self.shared.record(Event::Login(login.0, login.1));
        self.write(if self.logged_in {
            "235 2.7.0 Welcome"
        } else {
            "535 5.7.8 Authentication credentials invalid"
        })
        .await
    }

    async fn mail(&mut self, argument: &str) -> io::Result<()> {
        let from = path(argument, "FROM:");
        let usual = match from {
            None => "501 5.5.4 Syntax: MAIL FROM:<address>",
            Some(_) if !self.logged_in => "530 5.7.0 Authentication required",
            Some(_) if self.from.is_some() => "503 5.5.1 One sender only",
            Some(_) => "250 2.1.0 OK",
        };
        if self.reply(Step::Mail, usual).await? {
            self.from = from.map(str::to_owned);
        }
        Ok(())
    }

    async fn rcpt(&mut self, argument: &str) -> io::Result<()> {
        let to = path(argument, "TO:");
        let usual = match to {
            None => "501 5.5.4 Syntax: RCPT TO:<address>",
            Some(_) if self.from.is_none() => "503 5.5.1 MAIL comes first",
            Some(_) => "250 2.1.5 OK",
        };
        if self.reply(Step::Rcpt, usual).await? {
            self.to.extend(to.map(str::to_owned));
        }
        Ok(())
    }

    async fn data(&mut self) -> io::Result<()> {
        let usual = if self.to.is_empty() {
            "503 5.5.1 RCPT comes first"
        } else {
            "354 End with a dot"
        };
        if !self.reply(Step::Data, usual).await? {
            return Ok(());
        }
        if self.script.action(Step::Body).is_some() {
            self.line().await?;
            self.act(Step::Body).await?;
            return Err(closed());
        }
        let mut message = Vec::new();
        loop {
            let line = self.line().await?.ok_or_else(closed)?;
            if line == b".\r\n" {
                break;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        // Only a reply that rejects the mail leaves no doubt that the peer does not have it.
        let taken = match self.script.action(Step::Dot) {
            Some(Action::Reply(reply)) => says_yes(reply),
            _ => true,
        };
        self.shared.record(Event::Dot(Box::new(Delivery {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            taken,
            mail: Mail::read(&message),
        })));
        let usual = format!("250 2.0.0 Taken as {}", self.number);
        let reply = self.act(Step::Dot).await?.unwrap_or(usual);
        // Before the bytes leave, so that the event precedes every reaction of the client.
        self.shared.record(Event::Answered);
        self.write(&reply).await?;
        match self.act(Step::Taken).await? {
            Some(reply) => self.write(&reply).await,
            None => Ok(()),
        }
    }

    /// Sends the reply of the script or else the usual one. Returns whether it is positive.
    async fn reply(&mut self, step: Step, usual: &str) -> io::Result<bool> {
        let reply = self.act(step).await?;
        let reply = reply.as_deref().unwrap_or(usual);
        self.write(reply).await?;
        Ok(says_yes(reply))
    }

    /// Performs the script's action for a step. Returns its reply, if the action is one.
    async fn act(&mut self, step: Step) -> io::Result<Option<String>> {
        match self.script.action(step).cloned() {
            None => {}
            Some(Action::Reply(reply)) => return Ok(Some(reply)),
            Some(Action::Hold) => {
                // Registered before the event, so that no release is missed.
                let released = self.shared.released.notified();
                self.shared.record(Event::Held);
                released.await;
            }
            Some(Action::Delay(time)) => sleep(time).await,
            Some(Action::Drop) => return Err(closed()),
        }
        Ok(None)
    }

    async fn write(&mut self, reply: &str) -> io::Result<()> {
        let line = format!("{reply}\r\n");
        if let Some(pause) = self.script.drip {
            for byte in line.bytes() {
                self.stream.write_u8(byte).await?;
                self.stream.flush().await?;
                sleep(pause).await;
            }
        } else {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await?;
        }
        // RFC 5321, section 3.8: the server closes after this one.
        if reply.starts_with("421") {
            return Err(closed());
        }
        Ok(())
    }

    async fn command(&mut self) -> io::Result<Option<String>> {
        let Some(line) = self.line().await? else {
            return Ok(None);
        };
        let line = line.strip_suffix(b"\r\n").ok_or_else(not_smtp)?;
        let command = String::from_utf8(line.to_owned()).map_err(|_| not_smtp())?;
        self.shared.record(Event::Command(command.clone()));
        Ok(Some(command))
    }

    /// Returns a line with its end, or nothing if the client has closed the connection.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await?;
        Ok((!line.is_empty()).then_some(line))
    }
}

fn says_yes(reply: &str) -> bool {
    reply.starts_with(['2', '3'])
}

/// Returns the address of `FROM:<address>`, without parameters.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let address = argument
        .strip_prefix(keyword)?
        .strip_prefix('<')?
        .strip_suffix('>')?;
    let plain = |character: char| character.is_ascii_graphic() && !"<>".contains(character);
    address.chars().all(plain).then_some(address)
}

fn decoded(text: &str) -> io::Result<String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| not_smtp())?;
    String::from_utf8(bytes).map_err(|_| not_smtp())
}

fn not_smtp() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn closed() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}
