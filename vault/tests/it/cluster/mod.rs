//! Several nodes on one database.

mod postgres;
