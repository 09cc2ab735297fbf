//! Accounts: sign-in, sessions, devices, passwords, preferences, table layout, addresses, and the links in their mails.

pub mod account;
pub mod browsers;
pub mod change_address;
pub mod claim;
pub mod confirmation;
pub mod deletion;
pub mod devices;
pub mod email_links;
pub mod first_steps;
pub mod managed;
pub mod notice_addresses;
pub mod notice_columns;
pub mod open_sessions;
pub mod password;
pub mod people;
pub mod portal;
pub mod preferences;
pub mod refold;
pub mod sessions;
pub mod sign_in;
pub mod table_layout;
