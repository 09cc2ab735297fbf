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
        let parameter = |wanted: &str| {
            let mut pairs = parsed.query_pairs();
            pairs
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        check_tls(&parameter)?;
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

/// Checks the parameters of TLS.
fn check_tls(parameter: &impl Fn(&str) -> Option<String>) -> Result<(), OpenError> {
    let mode = parameter("sslmode");
    let modes = [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ];
    if mode.as_deref().is_some_and(|mode| !modes.contains(&mode)) {
        return Err(OpenError::Address(
            "sslmode must be disable, allow, prefer, require, verify-ca or verify-full",
        ));
    }
    // sqlx ignores it then, while libpq verifies the certificate also for sslmode=require:
    // https://www.postgresql.org/docs/15/libpq-ssl.html#LIBPQ-SSL-PROTECTION
    let verifies = mode.is_some_and(|mode| mode.starts_with("verify-"));
    if parameter("sslrootcert").is_some() && !verifies {
        return Err(OpenError::Address(
            "sslrootcert needs sslmode=verify-full or verify-ca: otherwise no certificate is verified",
        ));
    }
    for (name, unreadable) in [
        (
            "sslrootcert",
            "the file that sslrootcert names cannot be read",
        ),
        ("sslcert", "the file that sslcert names cannot be read"),
        ("sslkey", "the file that sslkey names cannot be read"),
    ] {
        // The content of a file is accepted too.
        let file = parameter(name).filter(|value| !value.trim_start().starts_with("-----BEGIN"));
        if file.is_some_and(|file| std::fs::read(file).is_err()) {
            return Err(OpenError::Address(unreadable));
        }
    }
    Ok(())
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
            (
                "postgres://kh:s3cret@db/keys?sslmode=require&sslrootcert=Cargo.toml",
                "sslrootcert needs sslmode=verify-full",
            ),
            (
                "postgres://kh:s3cret@db/keys?sslmode=verify-ca&sslrootcert=/s3cret.pem",
                "the file that sslrootcert names cannot be read",
            ),
            (
                "postgres://kh:s3cret@db/keys?sslcert=Cargo.toml&sslkey=/s3cret.pem",
                "the file that sslkey names cannot be read",
            ),
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
