//! The addresses that Keyhold listens on, each of which is a listener's own.

use std::net::SocketAddr;
use std::str::FromStr;

use super::Config;
use super::error::{ConfigError, ValueError};

/// An address to listen on, or nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaybeAddress(pub Option<SocketAddr>);

impl FromStr for MaybeAddress {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        text.parse()
            .map(|address| Self(Some(address)))
            .map_err(|_| ValueError::Address(text.to_owned()))
    }
}

impl Config {
    /// Checks that each listener has an address of its own.
    ///
    /// # Errors
    /// [`ConfigError::SameAddress`].
    pub fn listeners_apart(&self) -> Result<(), ConfigError> {
        let listeners = [
            ("KEYHOLD_LISTEN", Some(self.http.listen)),
            ("KEYHOLD_ADMIN_LISTEN", self.admin_listen.0),
            ("KEYHOLD_METRICS_LISTEN", self.metrics_listen.0),
        ];
        let taken: Vec<_> = listeners
            .into_iter()
            .filter_map(|(name, address)| Some((name, address?)))
            .collect();
        for (place, &(second, address)) in taken.iter().enumerate() {
            let same = taken[..place]
                .iter()
                .find(|(_, other)| overlap(address, *other));
            if let Some(&(first, other)) = same {
                return Err(ConfigError::SameAddress {
                    first,
                    other,
                    second,
                    address,
                });
            }
        }
        Ok(())
    }
}

/// Returns whether two listeners would take the same address. A port 0 is any free one.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    // The address for all of IPv6 takes IPv4 too.
    let covers = |all: SocketAddr, single: SocketAddr| {
        all.ip().is_unspecified() && (all.is_ipv6() || single.is_ipv4())
    };
    one.port() != 0
        && one.port() == other.port()
        && (one.ip() == other.ip() || covers(one, other) || covers(other, one))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::commands::{Command, CommandLine};

    fn config(flags: &[&str]) -> Result<Config, clap::Error> {
        let line = CommandLine::try_parse_from([&["keyhold", "serve"], flags].concat())?;
        match line.command {
            Command::Serve(config) => Ok(*config),
            other => panic!("{other:?} is not serve"),
        }
    }

    #[test]
    fn listeners_overlap_on_one_port() -> Result<(), std::net::AddrParseError> {
        for (one, other, expected) in [
            ("127.0.0.1:3000", "127.0.0.1:3000", true),
            ("127.0.0.1:3000", "127.0.0.1:3001", false),
            ("127.0.0.1:3000", "127.0.0.2:3000", false),
            ("0.0.0.0:3000", "127.0.0.1:3000", true),
            ("[::]:3000", "127.0.0.1:3000", true),
            ("[::]:3000", "0.0.0.0:3000", true),
            ("0.0.0.0:3000", "[::1]:3000", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            assert_eq!(
                overlap(one.parse()?, other.parse()?),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                overlap(other.parse()?, one.parse()?),
                expected,
                "{other} {one}"
            );
        }
        Ok(())
    }

    #[test]
    fn each_listener_has_its_own_address() -> Result<(), clap::Error> {
        let refused = |flags: &[&str]| -> Result<String, clap::Error> {
            let apart = config(flags)?.listeners_apart();
            Ok(apart
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default())
        };
        let message = refused(&["--admin-listen", "127.0.0.1:3000"])?;
        for name in ["KEYHOLD_LISTEN is", "KEYHOLD_ADMIN_LISTEN is"] {
            assert!(
                message.contains(&format!("{name} 127.0.0.1:3000")),
                "{message}"
            );
        }
        let both = ["--admin-listen", "0.0.0.0:9", "--metrics-listen", "[::1]:9"];
        assert_eq!(refused(&both)?, "");
        let both = [
            "--admin-listen",
            "[::]:9",
            "--metrics-listen",
            "127.0.0.1:9",
        ];
        assert!(refused(&both)?.contains("KEYHOLD_METRICS_LISTEN is 127.0.0.1:9"));
        assert_eq!(
            refused(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])?,
            ""
        );
        Ok(())
    }
}
