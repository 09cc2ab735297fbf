//! What a node knows of all nodes: which changes each has seen, and for how long each has been silent. Two decisions
//! follow from it, here without I/O: when a change is acknowledged, and when a silent node is removed.

use std::time::Duration;

use crate::cluster::lease::Term;
use crate::time::boot_time::BootTime;

/// A row of `nodes`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    pub id: String,
    /// The newest change in the node's memory.
    pub seen: i64,
    /// The number of its renewals: with the same number it has not renewed its lease. 0 while it loads the directory,
    /// without a lease.
    pub renewals: i64,
    pub term: Term,
}

/// A node as another one knows it.
#[derive(Clone, Debug)]
pub struct Peer {
    pub row: Row,
    /// The time after the first response with this number of renewals: the renewal began before it.
    pub known: BootTime,
}

/// The longest that a node may take to load its directory, in milliseconds. Until then its row keeps the changes since
/// it joined in the log.
const LOADING_MS: i64 = 10 * 60 * 1000;

impl Peer {
    /// Returns when this node no longer verifies, unless it renews.
    fn over_at(&self) -> BootTime {
        match self.row.renewals {
            0 => self.known.plus_ms(LOADING_MS),
            _ => self.row.term.over_at(self.known),
        }
    }
}

/// All nodes at one instant.
#[derive(Clone, Debug)]
pub struct View {
    /// The time before the rows were requested: they show every change committed until then.
    pub asked: BootTime,
    pub peers: Vec<Peer>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            asked: BootTime::PAST,
            peers: Vec::new(),
        }
    }
}

/// A committed change that waits for its acknowledgement.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub seq: i64,
    /// The time after its commit.
    pub committed: BootTime,
}

/// The answer to whether a change can be acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// Every node verifies with the change, or no longer verifies.
    Over,
    /// Some do not, until the given time at the latest.
    Until(BootTime),
}

/// The nodes for which changes wait although they do not follow: they cannot be reached, or hang.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreachable {
    pub nodes: usize,
    /// The time after which all of their leases are over.
    pub rest: Duration,
    /// The newest change that each of them has.
    pub seen: i64,
}

/// The silence after which a node counts as unreachable, in milliseconds: four rounds of one that follows.
const UNREACHABLE_MS: i64 = 1_000;
/// The age at which a view says nothing more about that, in milliseconds: this node does not follow itself.
const STALE_MS: i64 = 2_000;

impl View {
    /// Returns the view after rows that were requested at `asked` and have arrived before `answered`.
    pub fn next(&self, asked: BootTime, answered: BootTime, rows: Vec<Row>) -> Self {
        let known = |row: &Row| {
            let before = self
                .peers
                .iter()
                .find(|peer| peer.row.id == row.id && peer.row.renewals == row.renewals);
            before.map_or(answered, |peer| peer.known)
        };
        let peers = rows
            .into_iter()
            .map(|row| Peer {
                known: known(&row),
                row,
            })
            .collect();
        Self { asked, peers }
    }

    /// Forgets for how long the nodes have been silent. After a failover the renewals may have gone back to an earlier
    /// number, which says nothing about the time since.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns the nodes whose lease is over. A row is removed only together with its number of renewals: a renewal
    /// under way either comes first, and then nothing is removed, or finds no row.
    pub fn silent(&self, now: BootTime) -> impl Iterator<Item = &Row> {
        self.peers
            .iter()
            .filter(move |peer| peer.over_at() <= now)
            .map(|peer| &peer.row)
    }

    /// Returns whether `change` can be acknowledged. `term` is the length of all leases.
    ///
    /// A node without the change began its present lease before it read the log without it, thus before the commit.
    /// So all such leases are over one term after the commit, whatever this view shows. A node that loads its directory
    /// announces its first lease, and only then reads the log for it: if it had not by the time of this view, which is
    /// later than the commit, that reading will find the change.
    pub fn wait(&self, change: Change, term: Term, now: BootTime) -> Wait {
        let latest = term.over_at(change.committed);
        if latest <= now {
            return Wait::Over;
        }
        // An earlier view could lack a node that joined before the commit.
        if self.asked < change.committed {
            return Wait::Until(latest);
        }
        let lags = |peer: &&Peer| peer.row.renewals > 0 && peer.row.seen < change.seq;
        let ends = self.peers.iter().filter(lags).map(Peer::over_at);
        match ends.max() {
            None => Wait::Over,
            // It is silent, and waits for its removal, which the next view shows.
            Some(end) if end <= now => Wait::Until(latest),
            Some(end) => Wait::Until(end.min(latest)),
        }
    }

    /// Returns the nodes with a lease that lack changes and have been silent for a second. For people: [`View::wait`]
    /// decides.
    pub fn unreachable(&self, now: BootTime) -> Option<Unreachable> {
        if self.asked.plus_ms(STALE_MS) < now {
            return None;
        }
        let newest = self.peers.iter().map(|peer| peer.row.seen).max()?;
        let lacks = |peer: &&Peer| peer.row.renewals > 0 && peer.row.seen < newest;
        let silent = |peer: &&Peer| peer.known.plus_ms(UNREACHABLE_MS) <= now;
        let held = |peer: &&Peer| peer.over_at() > now;
        let cut_off = self.peers.iter().filter(lacks).filter(silent).filter(held);
        let (nodes, end, seen) = cut_off.fold((0, now, newest), |(nodes, end, seen), peer| {
            (nodes + 1, end.max(peer.over_at()), seen.min(peer.row.seen))
        });
        (nodes > 0).then(|| Unreachable {
            nodes,
            rest: now.until(end),
            seen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: i64 = 30_000;

    fn at(milliseconds: i64) -> BootTime {
        BootTime::default().plus_ms(milliseconds)
    }

    fn row(id: &str, seen: i64, renewals: i64) -> Row {
        Row {
            id: id.to_owned(),
            seen,
            renewals,
            term: Term::of_ms(TERM),
        }
    }

    fn view(before: &View, asked: i64, rows: &[Row]) -> View {
        before.next(at(asked), at(asked + 5), rows.to_vec())
    }

    #[test]
    fn a_change_waits_for_the_node_that_lags() {
        let term = Term::of_ms(TERM);
        let change = Change {
            seq: 7,
            committed: at(1_000),
        };
        let both = view(&View::default(), 0, &[row("a", 6, 1), row("b", 6, 1)]);
        let wait = |view: &View, now| view.wait(change, term, at(now));
        assert_eq!(
            wait(&both, 1_001),
            Wait::Until(at(31_000)),
            "a view from before the commit"
        );
        let one = view(&both, 1_010, &[row("a", 7, 2), row("b", 6, 1)]);
        assert_eq!(
            wait(&one, 1_020),
            Wait::Until(at(30_005)),
            "b was known at 5"
        );
        let late = view(&one, 2_000, &[row("a", 7, 2), row("b", 6, 2)]);
        assert_eq!(
            wait(&late, 2_010),
            Wait::Until(at(31_000)),
            "b renewed without the change"
        );
        assert_eq!(
            wait(&one, 30_005),
            Wait::Until(at(31_000)),
            "b is silent and not removed yet"
        );
        let gone = view(&late, 3_000, &[row("a", 7, 3)]);
        assert_eq!(wait(&gone, 3_010), Wait::Over);
        let seen = view(&late, 3_000, &[row("a", 7, 3), row("b", 8, 3)]);
        assert_eq!(wait(&seen, 3_010), Wait::Over);
        assert_eq!(wait(&late, 31_000), Wait::Over, "a term after the commit");
    }

    #[test]
    fn a_node_that_lacks_changes_and_is_silent_is_unreachable() {
        let rows = [row("a", 6, 1), row("b", 6, 1), row("c", 6, 1)];
        let first = view(&View::default(), 0, &rows);
        let rows = [row("a", 7, 5), row("b", 6, 1), row("c", 5, 1)];
        let second = view(&first, 1_000, &rows);
        assert_eq!(second.unreachable(at(1_004)), None, "not for long enough");
        let expected = Unreachable {
            nodes: 2,
            rest: Duration::from_secs(29),
            seen: 5,
        };
        assert_eq!(second.unreachable(at(1_005)), Some(expected));
        assert_eq!(second.unreachable(at(3_001)), None, "an old view");

        let idle = [row("a", 7, 5), row("b", 7, 1), row("c", 7, 1)];
        let third = view(&first, 1_000, &idle);
        assert_eq!(third.unreachable(at(1_010)), None, "no change waits");
        let slow = [row("a", 7, 5), row("b", 6, 2), row("c", 7, 5)];
        let third = view(&first, 1_000, &slow);
        assert_eq!(third.unreachable(at(1_010)), None, "it renews its lease");
        let loading = [row("a", 7, 5), row("b", 6, 0)];
        let third = view(&view(&View::default(), 0, &loading), 1_000, &loading);
        assert_eq!(third.unreachable(at(1_010)), None, "it has no lease");
    }

    #[test]
    fn a_node_that_loads_delays_no_change_and_is_not_removed() {
        let term = Term::of_ms(TERM);
        let change = Change {
            seq: 7,
            committed: at(1_000),
        };
        let loads = view(&View::default(), 1_010, &[row("a", 7, 2), row("b", 6, 0)]);
        assert_eq!(loads.wait(change, term, at(1_020)), Wait::Over);
        assert_eq!(
            loads.silent(at(600_000)).next().map(|row| &*row.id),
            Some("a")
        );
        assert_eq!(loads.silent(at(602_000)).count(), 2);
    }

    #[test]
    fn a_node_is_silent_a_term_after_its_last_renewal_became_known() {
        let first = view(&View::default(), 0, &[row("a", 6, 1), row("b", 6, 1)]);
        let second = view(&first, 20_000, &[row("a", 6, 2), row("b", 6, 1)]);
        let silent = |view: &View, now| -> Vec<String> {
            view.silent(at(now)).map(|row| row.id.clone()).collect()
        };
        assert!(silent(&second, 30_004).is_empty());
        assert_eq!(silent(&second, 30_005), ["b"]);
        let mut forgotten = second;
        forgotten.forget();
        let third = view(&forgotten, 30_000, &[row("b", 6, 1)]);
        assert!(silent(&third, 60_004).is_empty(), "a new connection");
        assert_eq!(silent(&third, 60_005), ["b"]);
    }
}
