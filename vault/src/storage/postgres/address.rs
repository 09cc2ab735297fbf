//! The address of a PostgreSQL database, and its form for people, without the password.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::OpenError;

/// The parameters that an address may have. Any other is probably misspelt, and might hold a secret.
const PARAMETERS: [&str; 9] = [
    "application_name",
    "dbname",
    "host",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

/// A PostgreSQL database.
#[derive(Clone)]
pub struct Server {
    /// With the password.
    url: String,
    name: String,
}

impl Server {
    /// Returns whether an address is one of PostgreSQL's.
    pub fn is_meant(url: &str) -> bool {
        url.starts_with("postgres:") || url.starts_with("postgresql:")
    }

    /// Reads an address: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with parameters of libpq for TLS and sockets.
    ///
    /// # Errors
    /// A sentence that shows no part of the address.
    pub fn new(url: &str) -> Result<Self, OpenError> {
        let parsed = Url::parse(url).map_err(|_| {
            OpenError::Address(
                "this is no address of a PostgreSQL database, as postgres://USER:PASSWORD@HOST:PORT/DATABASE; in a \
                 password, write characters such as @, / and # as %40, %2F and %23",
            )
        })?;
        let mut parameters = parsed.query_pairs();
        if parameters.any(|(name, _)| !PARAMETERS.contains(&&*name) && name != "user") {
            return Err(OpenError::Address(
                "a parameter after ? is unknown; Keyhold knows sslmode, sslrootcert, sslcert, sslkey, host, port, dbname, \
                 user, password and application_name",
            ));
        }
        let modes = [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ];
        let mode = parsed.query_pairs().find(|(name, _)| name == "sslmode");
        if mode.is_some_and(|(_, mode)| !modes.contains(&&*mode)) {
            return Err(OpenError::Address(
                "sslmode must be disable, allow, prefer, require, verify-ca or verify-full",
            ));
        }
        let parameter = |wanted: &str| {
            let mut pairs = parsed.query_pairs();
            pairs
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let database =
            parameter("dbname").unwrap_or_else(|| parsed.path().trim_start_matches('/').to_owned());
        // What comes after a / in a password looks like the path.
        let path = parsed.path().trim_start_matches('/');
        if path.contains(['/', '@']) || parsed.fragment().is_some() {
            return Err(OpenError::Address(
                "in a password, write characters such as @, / and # as %40, %2F and %23",
            ));
        }
        if database.is_empty() {
            return Err(OpenError::Address(
                "the name of the database is missing, as in postgres://HOST/DATABASE",
            ));
        }
        let host = parameter("host").unwrap_or_else(|| {
            let host = percent_decode_str(parsed.host_str().unwrap_or_default());
            host.decode_utf8_lossy().into_owned()
        });
        let port = parsed
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self {
            url: url.to_owned(),
            name: format!("postgres://{host}{port}/{database}"),
        })
    }

    /// Returns the address to connect to, which may hold a password.
    pub(in crate::storage) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address for messages: without user, password and parameters.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_without_its_password() {
        for (url, name) in [
            (
                "postgres://kh:s3cret@db.example.com:5433/keys?sslmode=require",
                "postgres://db.example.com:5433/keys",
            ),
            (
                "postgresql://kh:s3cret@db.example.com/keys",
                "postgres://db.example.com/keys",
            ),
            (
                "postgres://kh@%2Frun%2Fpostgresql/keys",
                "postgres:///run/postgresql/keys",
            ),
            (
                "postgres:///keys?host=/run/postgresql&password=s3cret",
                "postgres:///run/postgresql/keys",
            ),
        ] {
            assert_eq!(
                Server::new(url).map(|server| server.name).ok().as_deref(),
                Some(name)
            );
        }
    }

    #[test]
    fn a_bad_address_is_explained_without_being_shown() {
        for (url, part) in [
            ("postgres://kh:s3/cret@db:x/keys", "no address"),
            ("postgres://kh:12/s3cret@db/keys", "in a password"),
            ("postgres://kh:pa@ss/s3cret@db/keys", "in a password"),
            ("postgres://kh:12@db/keys#s3cret", "in a password"),
            ("postgres://kh:s3cret@db", "name of the database"),
            ("postgres://kh:s3cret@db/keys?pasword=s3cret", "parameter"),
            ("postgres://kh:s3cret@db/keys?sslmode=s3cret", "sslmode"),
        ] {
            let refused = Server::new(url)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                refused.contains(part) && !refused.contains("s3cret"),
                "{url}: {refused}"
            );
        }
    }
}
