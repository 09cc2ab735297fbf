//! The commands that run beside the server or before it. Each does one thing, reports it, and ends.

pub mod backup;
pub mod client;
pub mod clock_accept;
pub mod config_check;
pub mod db_copy;
pub mod doctor;
pub mod mail_test;
pub mod nodes;
mod progress;
pub mod reference;
