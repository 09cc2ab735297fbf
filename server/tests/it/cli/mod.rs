//! The commands beside the server, as an operator runs them.

mod backup;
mod client;
mod clock_accept;
mod db_copy;
mod doctor;
mod failures;
mod mail_test;
mod reference;
