//! One mail, one connection, one talk with an SMTP server. The talk is led here, step by step, rather than
//! by lettre's transport, which says QUIT and waits for the answer before it tells what became of the mail: a
//! server that keeps silent then would have it sent twice.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use futures_util::FutureExt as _;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, CertificateStore, Tls, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use super::SmtpUrl;
use super::smtp_url::Encryption;
use super::transport::{SendFault, words};

/// How long one address of the server may take to accept a connection, before the next is tried.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a server may take over its goodbye; nobody waits for it.
const QUIT_LIMIT: Duration = Duration::from_secs(5);

/// Refusals of the login, or of those without one: 530 and 538 (RFC 4954, also RFC 3207), 534, 535. They say
/// nothing of the mail, and end when the operator has mended the settings.
const LOGIN_REFUSALS: [u16; 4] = [530, 534, 535, 538];

/// An SMTP server, and how to talk to it.
#[derive(Clone)]
pub struct Smtp {
    url: SmtpUrl,
    /// What we call ourselves.
    hello: ClientId,
    tls: Tls,
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
    /// # Errors
    /// A sentence, where TLS cannot be set up.
    pub fn new(url: &SmtpUrl, domain: &str) -> Result<Self, String> {
        let checked = || parameters(&url.host, true);
        let tls = match url.encryption {
            Encryption::None => Tls::None,
            // The certificate is not looked at: whoever could show a false one could as well hide that the
            // server offers TLS at all, and refusing it would only mean sending in the clear (RFC 7435).
            Encryption::Opportunistic => Tls::Opportunistic(parameters(&url.host, false)?),
            Encryption::Required => Tls::Required(checked()?),
            Encryption::Wrapper => Tls::Wrapper(checked()?),
        };
        Ok(Self {
            url: url.clone(),
            hello: ClientId::Domain(domain.to_owned()),
            tls,
        })
    }

    pub async fn send(
        &self,
        from: &Address,
        to: &Address,
        mail: &[u8],
    ) -> Result<String, SendFault> {
        // Until here nothing was said of the mail, so no refusal can be about it.
        let mut connection = self
            .connect()
            .await
            .map_err(|error| SendFault::temporary(&said(&error)))?;
        let outcome = hand_over(&mut connection, from, to, mail).await;
        let mut goodbye = Box::pin(async move {
            let _ = tokio::time::timeout(QUIT_LIMIT, connection.quit()).await;
        });
        // The first step says it; only the answer is left to others.
        if (&mut goodbye).now_or_never().is_none() {
            tokio::spawn(goodbye);
        }
        match outcome {
            Ok(response) => {
                let lines: Vec<_> = response.message().collect();
                Ok(words(&format!("{} {}", response.code(), lines.join(" "))))
            }
            Err(error) if is_permanent(&error) => Err(SendFault::permanent(&said(&error))),
            Err(error) => Err(SendFault::temporary(&said(&error))),
        }
    }

    /// From the first packet to the point where a mail can be handed over.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.url.host.as_str(), self.url.port),
            Some(CONNECT_LIMIT),
            &self.hello,
            wrapper,
            None,
        )
        .await?;
        match &self.tls {
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::Required(parameters) => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(login) = &self.url.login {
            let login = Credentials::new(login.user.clone(), login.password.clone());
            connection.auth(DEFAULT_MECHANISMS, &login).await?;
        }
        Ok(connection)
    }
}

/// Up to the answer to the final dot, which is the one that counts. All of a message is ASCII, so that no
/// extension is needed.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    to: &Address,
    mail: &[u8],
) -> Result<Response, Error> {
    connection
        .command(Mail::new(Some(from.clone()), Vec::new()))
        .await?;
    connection
        .command(Rcpt::new(to.clone(), Vec::new()))
        .await?;
    connection.command(Data).await?;
    connection.message(mail).await
}

fn parameters(host: &str, checked: bool) -> Result<TlsParameters, String> {
    let store = if checked {
        // The system's, or what SSL_CERT_FILE names: an operator's own authority is believed.
        CertificateStore::Default
    } else {
        CertificateStore::None
    };
    TlsParametersBuilder::new(host.to_owned())
        .certificate_store(store)
        .dangerous_accept_invalid_certs(!checked)
        .dangerous_accept_invalid_hostnames(!checked)
        .build()
        .map_err(|error| format!("KEYHOLD_SMTP_URL: TLS cannot be set up: {error}"))
}

/// Whether the mail was refused for good.
fn is_permanent(error: &Error) -> bool {
    error
        .status()
        .map(u16::from)
        .is_some_and(|code| (500..600).contains(&code) && !LOGIN_REFUSALS.contains(&code))
}

/// The server's own words, or what kept it from having any.
fn said(error: &Error) -> String {
    let mut cause = error.source();
    if let Some(code) = error.status() {
        return format!(
            "{code} {}",
            cause.map(ToString::to_string).unwrap_or_default()
        );
    }
    // The innermost says it best: the others repeat it with their own names before it.
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let cause = cause.map(ToString::to_string).unwrap_or_default();
    let what = if error.is_tls() {
        "TLS with the mail server failed"
    } else if error.is_response() {
        "the mail server broke off or answered something else than SMTP"
    } else if error.is_client() {
        "the mail server does not offer what is needed"
    } else {
        "no connection to the mail server"
    };
    format!("{what}: {cause}")
}

#[cfg(test)]
mod tests;
