//! The routes, from outside.

mod access;
mod account;
mod admin;
mod api_v1;
mod brand;
mod bulk;
mod calendar;
mod capabilities;
mod change_address;
mod claim;
mod credentials;
mod dashboard;
mod export;
mod form_conflicts;
mod hostile_input;
mod markup;
#[cfg(target_os = "linux")]
mod metrics;
mod no_script_answer;
mod operator;
mod ownership;
mod pages;
mod people;
mod portal;
mod readers;
mod server_fns;
mod table;
mod unseen;
mod unsubscribe;
mod verify;
mod way_back;
