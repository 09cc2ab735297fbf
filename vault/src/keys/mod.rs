//! Keys of an account: creation, changes, and the queries behind the table and the Dashboard.

pub mod change;
pub mod create;
pub mod expire_all;
pub mod queries;
pub mod refold;
pub mod waiting;
pub mod which;
