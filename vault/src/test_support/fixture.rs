//! A vault in a temporary folder, on either engine, and short ways to fill it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use shared::problem::Code;
use shared::token::{AccessKey, SecretKey};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::folder::{DatabaseAddress, Folder, alone};
use super::{NOON, PASSWORD};
use crate::brand::Brand;
use crate::clock::{Clock, ManualClock};
use crate::limits::Settings;
use crate::storage::{READERS, Reader};
#[cfg(test)]
use crate::storage::{System, Tx};
use crate::verify::Rejection;
use crate::verify::credential::X_API_KEY;
use crate::{
    Actor, Caller, CreateKey, EditKey, Error, NewKey, OpenError, Options, RestoreKey, Session,
    SessionToken, SignUp, Vault, Verified,
};

/// A vault, its files and its clock. Dropping it fails the test if mails are left unsent.
pub struct Fixture<C = ManualClock> {
    /// Dropped first, while the files exist.
    unsent: Unsent,
    pub vault: Vault,
    pub clock: Arc<C>,
    pub folder: Folder,
}

/// An account that is signed in, with its default key.
pub struct Member {
    /// The account's session, from an unknown address.
    pub actor: Actor,
    pub default_key: NewKey,
}

/// Returns the options of a vault in a folder.
pub fn options(folder: &Folder) -> Options {
    Options {
        database_url: folder.database().url(),
        pepper_file: folder.path().join("pepper"),
        base_url: "https://keys.example.com".to_owned(),
        brand: Brand::KEYHOLD,
        support_url: Some("https://example.com/help".to_owned()),
        operator_email: None,
        limits: Settings::default(),
        lease_seconds: 30,
        node_address: "127.0.0.1:3000".to_owned(),
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
        Self::with(|_| ()).await
    }

    /// Opens a vault with limits other than the default ones.
    pub async fn limited(set: impl FnOnce(&mut Settings)) -> Self {
        Self::with(|options| set(&mut options.limits)).await
    }

    /// Opens a vault with options other than the usual ones.
    pub async fn with(set: impl FnOnce(&mut Options)) -> Self {
        Self::on(Arc::new(ManualClock::at(NOON)), set).await
    }

    /// Stops this vault as SIGTERM would and opens the same files again.
    pub async fn reopened(self) -> Self {
        let clock = self.clock.clone();
        self.reopened_with(clock).await
    }

    pub async fn reopened_with(mut self, clock: Arc<ManualClock>) -> Self {
        self.vault.close().await;
        drop(self.vault);
        let vault = Vault::open(&options(&self.folder), clock.clone())
            .await
            .unwrap();
        vault.set_notice_wait(Duration::ZERO);
        self.unsent.clock = clock.clone();
        Self {
            unsent: self.unsent,
            vault,
            clock,
            folder: self.folder,
        }
    }

    pub async fn try_open_again(&self) -> Result<Vault, OpenError> {
        Vault::open(&options(&self.folder), self.clock.clone()).await
    }
}

impl<C: Clock + 'static> Fixture<C> {
    /// Opens a vault that uses `clock`.
    pub async fn on(clock: Arc<C>, set: impl FnOnce(&mut Options)) -> Self {
        let folder = Folder::new().await;
        let mut options = options(&folder);
        set(&mut options);
        let vault = Vault::open(&options, clock.clone()).await.unwrap();
        // Notices leave at once here; tests of their delay set it.
        vault.set_notice_wait(Duration::ZERO);
        Self::of(folder, clock, vault)
    }

    /// Wraps a vault that a test has opened.
    pub fn of(folder: Folder, clock: Arc<C>, vault: Vault) -> Self {
        let unsent = Unsent {
            database: folder.database(),
            clock: clock.clone(),
            left: AtomicBool::new(false),
        };
        Self {
            unsent,
            vault,
            clock,
            folder,
        }
    }

    /// Accepts unsent mails when the fixture is dropped. For tests of something else.
    pub fn leave_mail(&self) {
        self.unsent.left.store(true, Ordering::Relaxed);
    }

    pub async fn member(&self, email: &str) -> Member {
        self.member_in(email, "UTC").await
    }

    pub async fn member_in(&self, email: &str, zone: &str) -> Member {
        let caller = Caller::default();
        let account = SignUp {
            time_zone: zone,
            ..newcomer(email)
        };
        let signed_up = self.vault.sign_up(&caller, account).await.unwrap();
        let session = self.session(&signed_up.session).await.unwrap();
        Member {
            actor: Actor { session, caller },
            default_key: signed_up.key,
        }
    }

    pub async fn session(&self, token: &SessionToken) -> Option<Session> {
        self.vault.session(token.expose()).await.unwrap()
    }

    pub async fn key(&self, member: &Member, name: &str, expiry: &str) -> NewKey {
        self.vault
            .create_key(&member.actor, creation(name, "", expiry))
            .await
            .unwrap()
    }

    /// Returns "good", "expired" or "invalid".
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

    /// Opens a connection of the test's own, to read stored rows or to tamper with them.
    pub async fn database(&self) -> AnyConnection {
        self.folder.database().connect().await.unwrap()
    }

    /// Returns whether a file of the vault, or a table on the server, contains a text.
    pub async fn stores(&self, text: &str) -> bool {
        let mut stored = Vec::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap().path();
            stored.push(std::fs::read(file).unwrap_or_default());
        }
        if self.folder.database().is_postgres() {
            stored.extend(rows(&mut self.database().await).await);
        }
        let wanted = text.as_bytes();
        let mut stored = stored.iter();
        stored.any(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted))
    }

    /// As [`DatabaseAddress::foreign_write`].
    pub async fn foreign_write(&self) -> AnyConnection {
        self.folder.database().foreign_write().await
    }
}

/// A connection that only reads, kept from the vault until it is dropped.
pub struct HeldReader(#[expect(dead_code, reason = "held until it is dropped")] Reader);

/// Takes a reader of the vault, behind the requests that wait for one.
pub async fn hold_reader(vault: &Vault) -> HeldReader {
    HeldReader(vault.0.database.readers.acquire().await.unwrap())
}

/// Takes every reader of the vault.
pub async fn hold_all_readers(vault: &Vault) -> Vec<HeldReader> {
    let mut held = Vec::new();
    for _ in 0..READERS {
        held.push(hold_reader(vault).await);
    }
    held
}

/// Returns every row of a PostgreSQL database as text. Bytes appear as the characters that they stand for, if any.
async fn rows(database: &mut AnyConnection) -> Vec<Vec<u8>> {
    let tables = "SELECT CAST(relname AS TEXT) FROM pg_class
                  WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut *database)
        .await
        .unwrap();
    let readable = sqlx::query("SET bytea_output = 'escape'").execute(&mut *database);
    readable.await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let all = format!("SELECT CAST(t AS TEXT) FROM {table} t");
        let all: Vec<String> = sqlx::query_scalar(AssertSqlSafe(all))
            .fetch_all(&mut *database)
            .await
            .unwrap();
        rows.extend(all.into_iter().map(String::into_bytes));
    }
    rows
}

/// The rejection of an unknown access key and of a wrong secret.
pub const INVALID: Rejection = Rejection::Code(Code::KeyInvalid);

/// Returns the verdict on a pair that a client presents.
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

/// Returns the headers that present a pair.
pub fn carrier(access_key: AccessKey, secret: &SecretKey<'_>) -> HeaderMap {
    let pair = format!("{access_key}.{}", secret.expose());
    let pair = HeaderValue::from_str(&pair).unwrap();
    HeaderMap::from_iter([(X_API_KEY, pair)])
}

/// The check that a fixture leaves no mail unsent.
///
/// A mail is unsent if it is due by the fixture's clock and has no outcome. Confirmations do not count, because every
/// sign-up asks for one. If the test has removed or damaged the database, there is nothing to check.
struct Unsent {
    database: DatabaseAddress,
    clock: Arc<dyn Clock>,
    left: AtomicBool,
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if std::thread::panicking() || *self.left.get_mut() {
            return;
        }
        // A thread of its own, since the test may be inside a runtime.
        let (database, now) = (self.database.clone(), self.clock.wall());
        let due = std::thread::spawn(move || alone(due(&database, now))).join();
        let due = due.unwrap();
        assert!(
            due.is_empty(),
            "due mails are unsent: {due:?}; the test sends them or calls leave_mail()"
        );
    }
}

/// Returns the kinds of the unsent mails.
async fn due(database: &DatabaseAddress, now: i64) -> Vec<String> {
    let Ok(mut connection) = database.connect().await else {
        return Vec::new();
    };
    sqlx::query_scalar(
        "SELECT kind FROM outbox
         WHERE outcome IS NULL AND next_at <= $1 AND kind <> 'confirm_address'",
    )
    .bind(now)
    .fetch_all(&mut connection)
    .await
    .unwrap_or_default()
}

/// Changes the database by a statement, in a write transaction.
#[cfg(test)]
pub async fn execute(vault: &Vault, statement: &'static str) {
    let change = async |tx: &mut Tx| {
        sqlx::query(statement).execute(tx.connection()).await?;
        Ok(())
    };
    let changed = vault.0.database.transact(System, change);
    changed.await.unwrap();
}

/// Returns the messages of an `Invalid`, as "field: message" lines.
pub fn messages<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Invalid(fields)) => fields
            .0
            .iter()
            .map(|(field, message)| format!("{field}: {message}"))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(other) => format!("another error: {other}"),
        Ok(_) => "accepted".to_owned(),
    }
}

/// Formats an instant for the expiry grammar.
pub fn at(instant: i64) -> String {
    crate::rfc3339(instant)
}

/// Returns the sign-up of an account with [`PASSWORD`].
pub fn newcomer(email: &str) -> SignUp<'_> {
    SignUp {
        email,
        password: PASSWORD,
        time_zone: "UTC",
    }
}

/// Returns the creation of a key.
pub fn creation<'a>(name: &'a str, description: &'a str, expiry: &'a str) -> CreateKey<'a> {
    CreateKey {
        name,
        description,
        expiry,
        form_token: "",
    }
}

pub async fn expire(vault: &Vault, member: &Member, access_key: &str) {
    vault.expire_key(&member.actor, access_key).await.unwrap();
}

/// Returns an edit of all three fields, whatever is stored.
pub fn edit<'a>(
    access_key: &'a str,
    name: &'a str,
    description: &'a str,
    expiry: &'a str,
) -> EditKey<'a> {
    EditKey {
        access_key,
        name: Some(name),
        description: Some(description),
        expiry: Some(expiry),
        version: "",
    }
}

/// Returns a restoration, whatever is stored.
pub fn restoration<'a>(access_key: &'a str, expiry: &'a str) -> RestoreKey<'a> {
    RestoreKey {
        access_key,
        expiry,
        version: "",
    }
}

pub async fn restore(vault: &Vault, member: &Member, access_key: &str, expiry: &str) {
    vault
        .restore_key(&member.actor, restoration(access_key, expiry))
        .await
        .unwrap();
}
