//! SMTP client: one mail, one connection, one conversation with a server, step by step. The code of each reply decides,
//! each step has the time that RFC 5321 gives it, and the client knows whether the server may have the mail.
//!
//! It is Keyhold's own, because lettre's requires text, UTF-8 and capitals in replies, and mail-send has one time limit
//! for all steps and its own list of authorities; neither reports how far a mail has come.

#![expect(
    clippy::disallowed_methods,
    reason = "QUIT must not delay the next mail"
)]

mod conversation;
mod reply;
mod tls;

use std::fmt;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use futures_util::FutureExt as _;
use lettre::Address;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::SmtpUrl;
use super::send_error::{Progress, SendError, response_line};
use super::smtp_url::{Encryption, Login};
use conversation::{COMMAND, Conversation, DATA, END, Fault};
use reply::Reply;

/// How long a server may take to reply to QUIT, in the background.
const QUIT: Duration = Duration::from_secs(5);

/// Rejections of the login, or of clients without one: 530 and 538 (RFC 4954, also RFC 3207), 534, 535. They are not
/// about the mail, and end when the operator has corrected the settings.
const LOGIN_REFUSALS: [u16; 4] = [530, 534, 535, 538];

/// An SMTP server, and how to talk to it.
#[derive(Clone)]
pub struct Smtp {
    url: SmtpUrl,
    /// The name that the client sends in EHLO.
    hello: String,
    /// None if nothing is to be encrypted.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Used instead if the connection leaves this machine: see [`SmtpUrl::verified_elsewhere`].
    tls_elsewhere: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Display for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Smtp {
    /// Prepares a client that greets servers as `domain`.
    ///
    /// # Errors
    /// A message if TLS cannot be set up.
    pub fn new(url: &SmtpUrl, domain: &str) -> Result<Self, String> {
        let tls = match url.encryption {
            Encryption::None => None,
            // The certificate is not checked: an attacker with a false one could as well hide that the server offers
            // TLS at all, and rejecting it would only mean sending in the clear (RFC 7435).
            Encryption::Opportunistic => Some(tls::connector(&url.host, false)?),
            Encryption::Required | Encryption::Wrapper => Some(tls::connector(&url.host, true)?),
        };
        let tls_elsewhere = url
            .verified_elsewhere
            .then(|| tls::connector(&url.host, true))
            .transpose()?;
        Ok(Self {
            url: url.clone(),
            hello: domain.to_owned(),
            tls,
            tls_elsewhere,
        })
    }

    pub async fn send(
        &self,
        from: &Address,
        to: &Address,
        mail: &[u8],
        progress: &Progress,
    ) -> Result<String, SendError> {
        // While the client connects, nothing is sent about the mail, so no rejection can be about it.
        let mut conversation = self
            .connect()
            .await
            .map_err(|fault| SendError::temporary(&fault.description()))?;
        let outcome = hand_over(&mut conversation, from, to, mail, progress).await;
        if matches!(outcome, Ok(_) | Err(Fault::Refused(_))) {
            let mut goodbye = Box::pin(async move {
                let _ = timeout(QUIT, conversation.command("QUIT", QUIT)).await;
            });
            // The first poll sends QUIT; only the reply is left to a task.
            if (&mut goodbye).now_or_never().is_none() {
                tokio::spawn(goodbye);
            }
        }
        match outcome {
            Ok(reply) => Ok(response_line(&reply.text())),
            Err(Fault::Refused(reply)) => {
                let permanent = reply.is_permanent() && !LOGIN_REFUSALS.contains(&reply.code);
                Err(if permanent {
                    SendError::permanent(&reply.text())
                } else {
                    SendError::temporary(&reply.text())
                })
            }
            Err(fault) => Err(progress.error(&fault.description())),
        }
    }

    /// Connects, greets the server and logs in, as for a mail, and says goodbye. Each step has a time limit, but all of
    /// them together have none.
    ///
    /// # Errors
    /// The server's response, or what is wrong with the connection.
    pub async fn probe(&self) -> Result<(), String> {
        let connected = self.connect().await;
        let mut conversation = connected.map_err(|fault| response_line(&fault.description()))?;
        let _ = timeout(QUIT, conversation.command("QUIT", QUIT)).await;
        Ok(())
    }

    /// Opens a connection, up to the point where a mail can be sent.
    async fn connect(&self) -> Result<Conversation, Fault> {
        let stream = conversation::connect(&self.url.host, self.url.port).await?;
        // By address, because names of this machine can lead to another one.
        let local = stream
            .peer_addr()
            .is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        self.prepare(stream, local).await
    }

    /// Prepares a connection that stays on this machine (`local`), or leaves it.
    async fn prepare(&self, stream: TcpStream, local: bool) -> Result<Conversation, Fault> {
        let mut private = local || self.url.encryption == Encryption::Wrapper;
        let elsewhere = self.tls_elsewhere.as_ref().filter(|_| !local);
        let tls = elsewhere.or(self.tls.as_ref());
        let mut conversation = match tls {
            Some(tls) if self.url.encryption == Encryption::Wrapper => {
                Conversation::new(encrypted(tls, stream).await?)
            }
            _ => Conversation::new(stream),
        };
        let greeting = conversation.reply(COMMAND).await?;
        if !greeting.is_done() {
            return Err(Fault::Refused(greeting));
        }
        let mut offer = self.greet(&mut conversation).await?;
        if let Some(tls) = tls
            && self.url.encryption != Encryption::Wrapper
        {
            if offer.keyword("STARTTLS").is_some() {
                conversation.done("STARTTLS").await?;
                conversation = Conversation::new(encrypted(tls, conversation.into_inner()?).await?);
                private = true;
                offer = self.greet(&mut conversation).await?;
            } else if self.url.encryption == Encryption::Required {
                return Err(Fault::Lacks("STARTTLS"));
            }
        }
        if let Some(login) = &self.url.login {
            // An attacker on the way can remove STARTTLS from the offer. Only `?tls=none` accepts that.
            if !private && self.url.encryption != Encryption::None {
                return Err(Fault::InTheClear);
            }
            log_in(&mut conversation, &offer, login).await?;
        }
        Ok(conversation)
    }

    /// Greets the server and returns what it offers. A server that does not know EHLO gets HELO, and offers nothing
    /// (RFC 5321, section 3.2).
    async fn greet(&self, conversation: &mut Conversation) -> Result<Reply, Fault> {
        let reply = conversation
            .command(&format!("EHLO {}", self.hello), COMMAND)
            .await?;
        if reply.is_done() {
            return Ok(reply);
        }
        if reply.is_permanent()
            && let Ok(old) = conversation
                .command(&format!("HELO {}", self.hello), COMMAND)
                .await
            && old.is_done()
        {
            return Ok(Reply {
                lines: Vec::new(),
                ..old
            });
        }
        Err(Fault::Refused(reply))
    }
}

async fn encrypted(
    (connector, name): &(TlsConnector, ServerName<'static>),
    stream: impl conversation::Stream + 'static,
) -> Result<impl conversation::Stream + 'static, Fault> {
    timeout(COMMAND, connector.connect(name.clone(), stream))
        .await
        .map_err(|_| Fault::NoAnswer(COMMAND))?
        .map_err(Fault::Tls)
}

/// Logs in by PLAIN (RFC 4616) or, if the server offers nothing else, by LOGIN. A server asks for the name first and
/// then for the password, whatever it calls them.
async fn log_in(
    conversation: &mut Conversation,
    offer: &Reply,
    login: &Login,
) -> Result<(), Fault> {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let mechanisms = offer.keyword("AUTH").unwrap_or_default();
    let offers = |mechanism: &str| mechanisms.iter().any(|offered| offered == mechanism);
    let plain = encode(&format!("\0{}\0{}", login.user, login.password));
    let (mut reply, answers) = if offers("PLAIN") {
        let command = format!("AUTH PLAIN {plain}");
        (conversation.command(&command, COMMAND).await?, vec![plain])
    } else if offers("LOGIN") {
        let answers = vec![encode(&login.user), encode(&login.password)];
        (conversation.command("AUTH LOGIN", COMMAND).await?, answers)
    } else {
        return Err(Fault::Lacks("a login with PLAIN or LOGIN"));
    };
    for answer in answers {
        if reply.code != 334 {
            break;
        }
        reply = conversation.command(&answer, COMMAND).await?;
    }
    if reply.is_done() {
        Ok(())
    } else {
        Err(Fault::Refused(reply))
    }
}

/// Sends the mail and returns the reply to the final dot, which is the one that counts. The whole message is ASCII, so
/// that no extension is needed.
async fn hand_over(
    conversation: &mut Conversation,
    from: &Address,
    to: &Address,
    mail: &[u8],
    progress: &Progress,
) -> Result<Reply, Fault> {
    conversation.done(&format!("MAIL FROM:<{from}>")).await?;
    conversation.done(&format!("RCPT TO:<{to}>")).await?;
    let ready = conversation.command("DATA", DATA).await?;
    if !ready.is_intermediate() {
        return Err(Fault::Refused(ready));
    }
    conversation.message(mail, || progress.ending()).await?;
    let reply = conversation.reply(END).await?;
    progress.answered();
    if reply.is_done() {
        Ok(reply)
    } else {
        Err(Fault::Refused(reply))
    }
}

#[cfg(test)]
mod tests;
