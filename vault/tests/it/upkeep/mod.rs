//! The bounds on what a database holds.

mod growth;
mod sqlite;
