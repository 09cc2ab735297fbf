//! Scripts: the peer's actions at each step of a connection.

use std::collections::BTreeMap;
use std::time::Duration;

/// A point of a conversation at which the peer replies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// The greeting.
    Connect,
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    /// Before the peer asks for the message.
    Data,
    /// After the first line of the message; the rest of it stays unread.
    Body,
    /// After the final dot.
    Dot,
    /// After the reply to the final dot.
    Taken,
    Quit,
}

/// The peer's action instead of its usual reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Sends this, which need not be SMTP. A code of 2xx or 3xx counts as the usual reply.
    Reply(String),
    /// Sends nothing until [`Peer::release`](super::Peer::release), and then the usual reply.
    Hold,
    /// Waits, and then sends the usual reply.
    Delay(Duration),
    /// Closes the connection.
    Drop,
}

impl From<&str> for Action {
    fn from(reply: &str) -> Self {
        Self::Reply(reply.to_owned())
    }
}

/// The peer's actions in one connection. Steps without an action get the usual reply.
#[derive(Clone, Debug, Default)]
pub struct Script {
    actions: BTreeMap<Step, Action>,
    pub(super) drip: Option<Duration>,
}

impl Script {
    /// Returns a script of one action, at one step.
    pub fn at(step: Step, action: impl Into<Action>) -> Self {
        Self::default().and(step, action)
    }

    /// Returns the same script with another action.
    #[must_use]
    pub fn and(mut self, step: Step, action: impl Into<Action>) -> Self {
        self.actions.insert(step, action.into());
        self
    }

    /// Returns a script of the usual replies, byte by byte, with a pause after each byte.
    pub fn drip(pause: Duration) -> Self {
        Self {
            drip: Some(pause),
            ..Self::default()
        }
    }

    pub fn action(&self, step: Step) -> Option<&Action> {
        self.actions.get(&step)
    }
}
