//! Which server a command asks, with which token, and where its address comes from: a refusal says it, because a command in
//! another folder or without its configuration file asks another server.

use std::fmt;
use std::path::PathBuf;

use axum::http::{HeaderValue, Uri};
use shared::loopback::is_loopback_host;
use shared::token::OperatorToken;

use super::error::ClientError;
use crate::config::client::{LISTEN, Target};
use crate::config::http::reached_here;

/// A server, and the token for it.
pub struct Access {
    pub server: Server,
    pub token_file: PathBuf,
    pub authorization: HeaderValue,
}

impl Access {
    /// Reads the token. Nothing is sent.
    ///
    /// # Errors
    /// [`ClientError::PlainHttp`], [`ClientError::TokenFile`], [`ClientError::NoToken`].
    pub fn of(target: &Target) -> Result<Self, ClientError> {
        let server = Server::of(target);
        let uri: Uri = server.url.parse().unwrap_or_default();
        let is_local = uri.host().is_some_and(is_loopback_host);
        if !server.with_tls() && !is_local {
            return Err(ClientError::PlainHttp { url: server.url });
        }
        let token_file = token_file(target);
        let text = match std::fs::read_to_string(&token_file) {
            Ok(text) => text,
            Err(source) => {
                let path = token_file;
                return Err(ClientError::TokenFile { path, source });
            }
        };
        let header = OperatorToken::parse(text.trim())
            .ok()
            .and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok());
        let Some(mut authorization) = header else {
            return Err(ClientError::NoToken { path: token_file });
        };
        authorization.set_sensitive(true);
        Ok(Self {
            server,
            token_file,
            authorization,
        })
    }
}

/// The address of an API, which prints with where it comes from.
pub struct Server {
    /// Without a trailing slash.
    pub url: String,
    origin: &'static str,
}

impl Server {
    /// The given one, or a server on this machine.
    fn of(target: &Target) -> Self {
        if let Some(url) = target.url.clone().filter(|url| !url.is_empty()) {
            let origin = "from --url or KEYHOLD_URL";
            return Self { url, origin };
        }
        let local = &target.local;
        let (address, origin) = match local.admin_listen.0 {
            Some(address) => (address, "from KEYHOLD_ADMIN_LISTEN"),
            None if local.listen == LISTEN => (LISTEN, "the default; give --url or --config"),
            None => (local.listen, "from KEYHOLD_LISTEN"),
        };
        let url = format!("http://{}", reached_here(address));
        Self { url, origin }
    }

    pub fn with_tls(&self) -> bool {
        self.url.starts_with("https:")
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.url, self.origin)
    }
}

fn token_file(target: &Target) -> PathBuf {
    let local = &target.local;
    let given = target.token_file.clone();
    given
        .or_else(|| local.operator_token_file.clone())
        .unwrap_or_else(|| local.pepper_file.with_file_name("operator-token"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        target: Target,
    }

    fn server_of(arguments: &[&str]) -> Result<String, clap::Error> {
        let line = Line::try_parse_from([&["keyhold"], arguments].concat())?;
        Ok(Server::of(&line.target).to_string())
    }

    #[test]
    fn the_address_follows_from_the_settings_of_the_server() -> Result<(), clap::Error> {
        for (arguments, expected) in [
            (
                &[][..],
                "http://127.0.0.1:3000 (the default; give --url or --config)",
            ),
            (
                &["--listen", "0.0.0.0:4000"],
                "http://127.0.0.1:4000 (from KEYHOLD_LISTEN)",
            ),
            (
                &["--listen", "[::]:4000"],
                "http://[::1]:4000 (from KEYHOLD_LISTEN)",
            ),
            (
                &["--listen", "0.0.0.0:4000", "--admin-listen", "127.0.0.1:1"],
                "http://127.0.0.1:1 (from KEYHOLD_ADMIN_LISTEN)",
            ),
            (
                &[
                    "--admin-listen",
                    "127.0.0.1:1",
                    "--url",
                    "https://A.example/",
                ],
                "https://a.example (from --url or KEYHOLD_URL)",
            ),
        ] {
            assert_eq!(server_of(arguments)?, expected);
        }
        assert!(server_of(&["--url", "https://a.example/path"]).is_err());
        Ok(())
    }

    #[test]
    fn a_token_goes_in_the_clear_to_this_machine_only() -> Result<(), clap::Error> {
        for url in ["http://keys.example.com", "http://10.0.0.1:3000"] {
            let line = Line::try_parse_from(["keyhold", "--url", url])?;
            let refused = Access::of(&line.target).err();
            assert!(matches!(refused, Some(ClientError::PlainHttp { .. })));
        }
        Ok(())
    }
}
