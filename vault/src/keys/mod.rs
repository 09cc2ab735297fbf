//! Keys of an account: creation, changes of one or many, their undo, and the queries behind the table, the Dashboard and
//! the export.

mod ahead;
mod attention;
pub mod bulk;
pub mod change;
pub mod create;
pub mod delete_account;
pub mod expire_all;
pub mod export;
pub mod first_call;
pub mod form_token;
mod overview;
pub mod preview;
pub mod queries;
pub mod refold;
pub mod row;
mod selection;
mod sentence;
pub mod snooze;
pub mod stagger;
pub mod undo;
mod unseen;
pub mod waiting;
pub mod which;
