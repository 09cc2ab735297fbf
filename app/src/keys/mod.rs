//! Keys on the pages: actions in place, the chart of calls, and the card of a new secret.

pub mod calls;
pub mod extend;
pub mod first_call;
pub mod issued;
pub mod key_actions;
