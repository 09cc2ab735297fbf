//! A vault's folder and its database: a file in the folder, or, if `KEYHOLD_TEST_POSTGRES` is the address of a PostgreSQL
//! server, a database of its own there. Such a database is a copy of a template with the present schema, because running
//! the migrations takes longer.

use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use url::Url;

use crate::storage::{MIGRATIONS, TURN};

/// The address of a database on the server, which the user may leave to make others.
const SERVER: &str = "KEYHOLD_TEST_POSTGRES";

/// A folder for a vault, with a database. Dropping it removes both.
pub struct Folder {
    /// Dropped first: afterwards nothing needs the other files.
    database: Database,
    files: TempDir,
}

/// The database of a folder.
#[derive(Clone)]
enum Database {
    /// A file, which may not exist yet.
    Sqlite(PathBuf),
    /// A database on the server.
    Postgres { server: Url, name: String },
}

/// The address of a vault's database, which outlives the vault.
#[derive(Clone)]
pub struct DatabaseAddress(Database);

impl Folder {
    /// Creates a folder whose vault is still to be opened.
    pub async fn new() -> Self {
        Self::create(false).await
    }

    /// Creates a folder with a database that has no tables yet.
    pub async fn blank() -> Self {
        Self::create(true).await
    }

    async fn create(is_blank: bool) -> Self {
        let files = TempDir::new().unwrap();
        let database = match std::env::var(SERVER) {
            Ok(server) => copy(server.parse().unwrap(), is_blank).await,
            Err(_) => Database::Sqlite(files.path().join("keyhold.db")),
        };
        Self { database, files }
    }

    pub fn path(&self) -> &Path {
        self.files.path()
    }

    pub fn database(&self) -> DatabaseAddress {
        DatabaseAddress(self.database.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Database::Postgres { server, name } = self.database.clone() {
            // A thread of its own, since the test may be inside a runtime.
            let dropped = std::thread::spawn(move || {
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                alone(async { change(&mut connect(&server).await, statement).await });
            });
            let dropped = dropped.join();
            assert!(dropped.is_ok() || std::thread::panicking());
        }
    }
}

impl DatabaseAddress {
    /// Returns the address of a file of SQLite's.
    pub fn of_file(file: PathBuf) -> Self {
        Self(Database::Sqlite(file))
    }

    /// Returns the address as the vault's options have it.
    pub fn url(&self) -> String {
        match &self.0 {
            Database::Sqlite(file) => format!("sqlite://{}", file.display()),
            Database::Postgres { server, name } => of(server, name).into(),
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Database::Postgres { .. })
    }

    /// Opens a connection with the engine's own settings.
    pub async fn connect(&self) -> sqlx::Result<AnyConnection> {
        install_default_drivers();
        AnyConnection::connect(&self.url()).await
    }

    /// Begins a write as another process would: until the connection's COMMIT or ROLLBACK, the vault's changes wait.
    pub async fn foreign_write(&self) -> AnyConnection {
        let mut connection = self.connect().await.unwrap();
        let statements = if self.is_postgres() {
            format!("BEGIN; SELECT pg_advisory_xact_lock({TURN})")
        } else {
            "BEGIN IMMEDIATE".to_owned()
        };
        change(&mut connection, statements).await;
        connection
    }
}

/// Runs a task of a thread without a runtime.
pub fn alone<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(task)
}

fn of(server: &Url, name: &str) -> Url {
    let mut url = server.clone();
    url.set_path(name);
    url
}

async fn connect(url: &Url) -> AnyConnection {
    install_default_drivers();
    AnyConnection::connect(url.as_str()).await.unwrap()
}

async fn change(connection: &mut AnyConnection, statement: String) {
    let changed = sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection);
    changed.await.unwrap();
}

/// Creates a database with the present schema, or a blank one.
async fn copy(server: Url, is_blank: bool) -> Database {
    let mut connection = connect(&server).await;
    let template = if is_blank {
        "template0".to_owned()
    } else {
        present_schema(&server, &mut connection).await
    };
    // Unlike names that count, this one is free whatever other processes do.
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).unwrap();
    let name = format!("keyhold_test_{:016x}", u64::from_ne_bytes(unique));
    // Of the two ways to copy, this is the faster one where nothing is synced.
    let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
    change(&mut connection, create).await;
    connection.close().await.unwrap();
    Database::Postgres { server, name }
}

/// Returns the name of the template with the present schema.
async fn present_schema(server: &Url, connection: &mut AnyConnection) -> String {
    let mut hasher = FixedState::default().build_hasher();
    for migration in MIGRATIONS.iter() {
        hasher.write(&migration.checksum);
    }
    let template = format!("keyhold_test_template_{:016x}", hasher.finish());
    if !exists(connection, &template).await {
        create_template(server, connection, &template).await;
    }
    template
}

async fn exists(connection: &mut AnyConnection, name: &str) -> bool {
    sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate")
        .bind(name)
        .fetch_optional(connection)
        .await
        .unwrap()
        .is_some()
}

/// Creates the template. Of several tests that find it missing, the first one does, and the others wait.
async fn create_template(server: &Url, connection: &mut AnyConnection, name: &str) {
    /// Any number that other programs do not use.
    const LOCK: i64 = 0x7465_6d70_6c61_7465;
    change(connection, format!("SELECT pg_advisory_lock({LOCK})")).await;
    if !exists(connection, name).await {
        // Another test may have died here.
        change(connection, format!("DROP DATABASE IF EXISTS {name}")).await;
        change(
            connection,
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .await;
        let mut inside = connect(&of(server, name)).await;
        MIGRATIONS.run(&mut inside).await.unwrap();
        inside.close().await.unwrap();
        let template = "WITH ALLOW_CONNECTIONS false IS_TEMPLATE true";
        change(connection, format!("ALTER DATABASE {name} {template}")).await;
    }
    change(connection, format!("SELECT pg_advisory_unlock({LOCK})")).await;
}
