//! Keys: their changes, versions, owners and queries.

mod alarms;
mod bulk;
mod change;
mod export;
mod ownership;
mod page;
mod queries;
mod table;
pub mod undo;
mod versions;
mod which;
