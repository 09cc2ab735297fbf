//! The routes, from outside.

mod access;
mod calendar;
mod change_address;
pub mod claim;
mod credentials;
mod hostile_input;
mod markup;
mod no_script_answer;
mod pages;
mod server_fns;
mod verify;
