//! Accounts: sign-in, sessions, devices, links in mails, and changes of address.

mod capabilities;
mod change_address;
mod deletion;
mod devices;
pub mod email_links;
mod first_steps;
mod open_sessions;
mod sessions;
mod sign_in;
mod sqlite;
