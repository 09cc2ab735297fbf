//! All durable state, and every rule that needs a clock, a database or randomness: accounts, sessions, keys, the
//! in-memory key directory and verification, the audit trail, notices and their mails.
//!
//! The crate serves no HTTP and renders no pages; [`verify`] depends only on the types of requests and responses. The
//! entry point is [`Vault`]; each module adds the methods of its subject.
//!
//! The path of a change: validation (with `shared`) → one write transaction (row and audit entry) → commit →
//! publication to the key directory → answer. It runs in a task of its own, so a client that disconnects cannot stop it
//! between commit and publication.
//!
//! The modules from the top; each uses only those that follow: `start`, `onboarding`, [`operators`], `mailer`, `keys`, `usage`,
//! `recovery`, `notices`, `accounts`, `outbox`, `verify`, `upkeep`, [`Vault`], `mail`, `restore`,
//! `copy`, `storage`, `cluster`, `state`, `crypto`, `limits`, `time`, [`brand`], `caller`, `text`, [`return_hosts`], `files`, `error`.

mod accounts;
pub mod brand;
mod caller;
mod cluster;
pub mod copy;
mod crypto;
mod error;
mod files;
mod keys;
pub mod limits;
pub mod mail;
mod mailer;
mod notices;
mod onboarding;
pub mod operators;
mod outbox;
mod recovery;
mod restore;
pub mod return_hosts;
#[cfg(test)]
#[path = "../../shared/tests/it/seeded.rs"]
mod seeded;
mod start;
mod state;
mod storage;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod text;
mod time;
mod upkeep;
pub mod usage;
mod vault;
pub mod verify;

pub use accounts::account::{Account, Suspension};
pub use accounts::managed::{ManagedFields, Setting};
pub use accounts::password::ChangePassword;
pub use accounts::portal::{Entered, Opens};
pub use accounts::preferences::SavePreferences;
pub use accounts::sessions::{Actor, Person, Portal, Session, SessionToken};
pub use caller::{Caller, DeviceToken};
pub use cluster::{Listing, Standing, Unreachable};
pub use copy::backup::backup;
pub use error::{Conflict, Error, OpenError, Result};
pub use keys::bulk::BulkChange;
pub use keys::change::{EditKey, RestoreKey};
pub use keys::create::{CreateKey, NewKey};
pub use keys::delete_account::DeleteAccount;
pub use keys::export::{Export, ExportedKey};
pub use keys::snooze::Snoozed;
pub use keys::stagger::Stagger;
pub use mailer::worker::MailWorker;
pub use onboarding::demo;
pub use onboarding::sign_up::{SignUp, SignedUp};
pub use restore::{Kept, Parted, Present, Restored, Revived, Since, Wanted, restore};
pub use start::accept_clock::{Accepted, accept as accept_clock};
pub use start::check_files::check_files;
pub use start::examine::{Clocks, Examined, PepperFound, Tables, TokenFound, examine};
pub use start::nodes::nodes;
pub use state::readiness;
pub use storage::backup::Copied;
pub use time::format::{date_of, rfc3339, time_of_day};
pub use time::{clock, zones};
pub use upkeep::database::Upkeep;
pub use upkeep::pruning::Keep;
pub use vault::{Options, Vault};
pub use verify::Verified;
