//! The database, SQLite or PostgreSQL: opened with the settings that make an acknowledged change durable, with one writer
//! and several readers; one process per file of SQLite.

pub mod address;
pub mod audit;
pub mod backup;
mod connection;
pub mod content;
pub mod copying;
mod database;
mod engine;
mod health;
mod keeper;
pub mod key_rows;
pub mod lock;
mod long_read;
mod maintenance;
pub mod parameters;
mod postgres;
mod readers;
mod transaction;
mod upgrade;
pub mod version;
mod watch;
mod writer;

pub use connection::{READERS, connect};
pub use content::{Content, Inspected, MIGRATIONS, is_server, missing, name, read_beside};
pub use database::{Database, Held};
pub use long_read::LongRead;
#[cfg(feature = "test-support")]
pub use postgres::TURN;
pub use postgres::{clock as server_clock, connect_server};
#[cfg(feature = "test-support")]
pub use readers::Reader;
pub use readers::Readers;
pub use transaction::{Authority, System, Tx};
pub use writer::asked;
