//! Several processes on one PostgreSQL database. Each verifies from its own memory, and none by a state before an
//! acknowledged change: `docs/nodes.md` has the protocol, its assumptions and the proof.
//!
//! `lease` and `view` decide, without I/O; `log` and `nodes` are the tables; `follower` is the loop of a node, `join`
//! its beginning, `hints` what wakes it; `absence` waits for the end of all; [`Node`] is this process's part in it.

mod absence;
mod follower;
mod hints;
mod join;
mod lease;
mod log;
#[cfg(test)]
mod model;
mod node;
mod nodes;
mod view;

pub use absence::{await_absence, names};
pub use join::{Database, JoinError};
pub use lease::{Lease, Term};
pub use node::{Node, Standing};
pub use nodes::{BREAKING, Introduction, Listing, count, has_tables, listing, select_breaking};
pub use view::Unreachable;
