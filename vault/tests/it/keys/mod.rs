//! Keys: their changes, versions, owners and queries.

mod alarms;
mod change;
mod ownership;
mod queries;
mod table;
mod versions;
mod which;
