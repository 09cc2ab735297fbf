//! Keys: their changes, versions, owners and queries, and the Dashboard's alarms, snoozes and staggering.

mod alarms;
mod bulk;
mod change;
mod export;
mod ownership;
mod page;
mod queries;
mod snooze;
mod stagger;
mod table;
pub mod undo;
mod versions;
mod which;
