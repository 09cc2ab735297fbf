//! The vault as the server uses it: real SQLite files in a temporary folder, a clock that the test moves.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod accounts;
mod alarms;
mod backups;
mod calendar;
mod change_address;
mod claim;
mod clock;
mod compose;
mod deciding;
mod devices;
mod file_watch;
mod first_start;
mod fixture;
mod growth;
mod inventory;
mod keys;
mod limits;
mod links;
mod mail_limits;
mod mail_subjects;
mod notices;
mod notices_model;
mod older;
mod opening;
mod outgoing;
mod ownership;
mod restore_chains;
mod restore_clock;
mod restore_exchange;
mod restores;
mod second_recipients;
mod sessions;
mod text;
mod together;
mod usage;
mod usage_faults;
mod usage_shown;
mod versions;
mod write_faults;
mod zones;
