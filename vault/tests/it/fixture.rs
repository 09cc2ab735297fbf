//! A vault on a temporary file, and short ways to fill it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use shared::problem::Code;
use shared::token::{AccessKey, SecretKey};
use tempfile::TempDir;
use vault::clock::ManualClock;
use vault::mail::transport::Transport;
use vault::verify::Rejection;
use vault::verify::credential::X_API_KEY;
use vault::{Caller, KeyEdit, NewKey, OpenError, Options, Session, SessionToken, Vault, Verified};

/// Mon 23 Nov 2026, 12:00 UTC.
pub const NOON: i64 = 1_795_435_200_000;
pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 3_600 * SECOND;
pub const DAY: i64 = shared::DAY_MS;

pub const PASSWORD: &str = "a calm lake at dawn";

pub struct Fixture {
    pub folder: TempDir,
    pub clock: Arc<ManualClock>,
    pub vault: Vault,
}

/// An account that is signed in, with its default key.
pub struct Member {
    pub session: Session,
    pub default_key: NewKey,
}

pub fn options(folder: &TempDir) -> Options {
    Options {
        database_url: format!("sqlite://{}", folder.path().join("keyhold.db").display()),
        pepper_file: folder.path().join("pepper"),
        base_url: "https://keys.example.com".to_owned(),
        limits: vault::limits::Settings::default(),
    }
}

pub fn from(address: [u8; 4]) -> Caller {
    Caller {
        address: Some(IpAddr::from(address)),
        ..Caller::default()
    }
}

impl Fixture {
    pub async fn new() -> Self {
        Self::limited(|_| ()).await
    }

    /// With limits other than the default ones.
    pub async fn limited(set: impl FnOnce(&mut vault::limits::Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(NOON));
        let mut options = options(&folder);
        set(&mut options.limits);
        let vault = Vault::open(&options, clock.clone()).await.unwrap();
        // Notices leave at once here; that they wait for others has tests of its own.
        vault.set_notice_wait(Duration::ZERO);
        Self {
            folder,
            clock,
            vault,
        }
    }

    /// Stops this vault as SIGTERM would and opens the same files again.
    pub async fn reopened(self) -> Self {
        let clock = self.clock.clone();
        self.reopened_with(clock).await
    }

    pub async fn reopened_with(self, clock: Arc<ManualClock>) -> Self {
        self.vault.close().await;
        drop(self.vault);
        let vault = Vault::open(&options(&self.folder), clock.clone())
            .await
            .unwrap();
        vault.set_notice_wait(Duration::ZERO);
        Self {
            folder: self.folder,
            clock,
            vault,
        }
    }

    pub async fn try_open_again(&self) -> Result<Vault, OpenError> {
        Vault::open(&options(&self.folder), self.clock.clone()).await
    }

    pub async fn member(&self, email: &str) -> Member {
        self.member_in(email, "UTC").await
    }

    pub async fn member_in(&self, email: &str, zone: &str) -> Member {
        let signed_up = self
            .vault
            .sign_up(email, PASSWORD, zone, &Caller::default())
            .await
            .unwrap();
        Member {
            session: self.session(&signed_up.session).await.unwrap(),
            default_key: signed_up.key,
        }
    }

    pub async fn session(&self, token: &SessionToken) -> Option<Session> {
        self.vault.session(token.expose()).await.unwrap()
    }

    pub async fn key(&self, member: &Member, name: &str, expiry: &str) -> NewKey {
        self.vault
            .create_key(&member.session, name, "", expiry, &Caller::default())
            .await
            .unwrap()
    }

    /// "good", "expired" or "invalid".
    pub fn verdict(&self, key: &NewKey) -> &'static str {
        self.verdict_on(key.access_key, &key.secret_key)
    }

    pub fn verdict_on(&self, access_key: AccessKey, secret: &SecretKey<'_>) -> &'static str {
        match verify(&self.vault, access_key, secret) {
            Ok(_) => "good",
            Err(Rejection::Expired { .. }) => "expired",
            Err(INVALID) => "invalid",
            Err(other) => panic!("{other:?}"),
        }
    }

    /// A connection of the test's own, to look at what is stored or to tamper with it.
    pub async fn database(&self) -> sqlx::SqliteConnection {
        use sqlx::Connection;
        let path = self.folder.path().join("keyhold.db");
        sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display()))
            .await
            .unwrap()
    }
}

/// The rejection of an unknown access key and of a wrong secret.
pub const INVALID: Rejection = Rejection::Code(Code::KeyInvalid);

/// The verdict on a pair that a client presents.
pub fn verify(
    vault: &Vault,
    access_key: AccessKey,
    secret: &SecretKey<'_>,
) -> Result<Verified, Rejection> {
    let headers = carrier(access_key, secret);
    let keys = vault.keys();
    keys.verify(&headers, &Caller::default())
        .map(Verified::into_owned)
}

/// The headers that present a pair.
pub fn carrier(access_key: AccessKey, secret: &SecretKey<'_>) -> HeaderMap {
    let pair = format!("{access_key}.{}", secret.expose());
    let pair = HeaderValue::from_str(&pair).unwrap();
    HeaderMap::from_iter([(X_API_KEY, pair)])
}

/// The messages of an `Invalid`, as "field: message" lines.
pub fn messages<T>(result: Result<T, vault::Error>) -> String {
    match result {
        Err(vault::Error::Invalid(fields)) => fields
            .0
            .iter()
            .map(|(field, message)| format!("{field}: {message}"))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(other) => format!("another error: {other}"),
        Ok(_) => "accepted".to_owned(),
    }
}

/// An instant as the expiry grammar takes it.
pub fn at(instant: i64) -> String {
    vault::rfc3339(instant)
}

pub async fn expire(vault: &Vault, member: &Member, access_key: &str) {
    vault
        .expire_key(&member.session, access_key, &Caller::default())
        .await
        .unwrap();
}

/// An edit of all three, whatever is stored.
pub fn edit<'a>(name: &'a str, description: &'a str, expiry: &'a str) -> KeyEdit<'a> {
    KeyEdit {
        name: Some(name),
        description: Some(description),
        expiry: Some(expiry),
        version: "",
    }
}

pub async fn restore(vault: &Vault, member: &Member, access_key: &str, expiry: &str) {
    vault
        .restore_key(&member.session, access_key, expiry, "", &Caller::default())
        .await
        .unwrap();
}

/// Where a fixture's mails go.
pub struct Mailbox {
    folder: PathBuf,
    pub transport: Transport,
    seen: BTreeSet<PathBuf>,
}

/// A mail as its reader sees it.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub message_id: String,
    pub text: String,
}

impl Mailbox {
    pub fn of(fixture: &Fixture) -> Self {
        let folder = fixture.folder.path().join("mail");
        let from = "keyhold@example.com".parse().unwrap();
        Self {
            transport: Transport::folder(folder.clone(), from, "keys.example.com"),
            folder,
            seen: BTreeSet::new(),
        }
    }

    /// Sweeps and sends, and gives the notices that this has brought, by recipient.
    pub async fn notices(&mut self, vault: &Vault) -> Vec<Mail> {
        vault.sweep().await.unwrap();
        let mut mails = self.delivered(vault).await;
        mails.retain(|mail| mail.subject.contains("API key"));
        mails
    }

    /// Sends what is in the outbox, and gives what this has brought.
    pub async fn delivered(&mut self, vault: &Vault) -> Vec<Mail> {
        vault
            .deliver(&self.transport, Duration::from_secs(10))
            .await
            .unwrap();
        let mut mails = Vec::new();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if self.seen.insert(path.clone()) {
                mails.push(read(&std::fs::read_to_string(path).unwrap()));
            }
        }
        mails.sort_by(|a, b| a.to.cmp(&b.to));
        mails
    }
}

fn read(raw: &str) -> Mail {
    let message = mail_parser::MessageParser::default().parse(raw).unwrap();
    Mail {
        to: message
            .to()
            .unwrap()
            .first()
            .unwrap()
            .address()
            .unwrap()
            .to_owned(),
        subject: message.subject().unwrap().to_owned(),
        message_id: message.message_id().unwrap().to_owned(),
        text: message.body_text(0).unwrap().into_owned(),
    }
}
