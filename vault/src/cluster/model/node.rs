//! A node of the model.

use crate::cluster::view::{Change, View};
use crate::time::boot_time::BootTime;

/// The request that a node's loop waits for.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Joining,
    Loading,
    Announcing,
    Reading { begun: BootTime },
    Renewing { begun: BootTime, read: i64 },
    Viewing { asked: BootTime },
    Removing,
    Leaving,
    Resting,
}

pub struct Node {
    /// The clock's rate in millionths of real time.
    pub rate: i64,
    pub offset: i64,
    pub alive: bool,
    /// Counts the processes of this node, and the connections of their loops.
    pub connection: u64,
    pub process: u64,
    pub stopped_until: i64,
    pub cut_until: i64,
    pub id: Option<u64>,
    /// The directory is loaded, and the first lease announced.
    pub loaded: bool,
    pub applied: i64,
    /// When the lease is renewed and the others are looked at, although nothing has changed.
    pub due: BootTime,
    pub lease: BootTime,
    pub view: View,
    pub step: Step,
    pub waiting: Vec<Change>,
}

impl Node {
    pub fn clock(&self, now: i64) -> BootTime {
        BootTime(self.offset + now * self.rate / 1_000)
    }

    pub fn runs(&self, now: i64) -> bool {
        self.alive && self.stopped_until <= now
    }
}
