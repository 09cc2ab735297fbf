//! The wait until a database has no nodes, for what must not run beside one.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::AnyConnection;
use tokio::time::sleep;

use super::follower::POLL;
use super::nodes::{self, Listing};
use super::view::{Peer, Row, View};
use crate::time::boot_time::BootTime;

/// Returns versions and addresses of nodes, for a sentence: "0.1.0 at 10.0.0.1:3000, 0.2.0 at 10.0.0.2:3000".
pub fn names(nodes: &[Listing]) -> String {
    let names = nodes
        .iter()
        .map(|node| format!("{} at {}", node.version, node.address));
    names.collect::<Vec<_>>().join(", ")
}

/// The time for which nodes are counted once one has been found to follow: each renews its lease several times in it.
const COUNTING: Duration = Duration::from_secs(1);

/// Waits until no node has a lease, and returns the nodes that renew theirs, if there are any. The rows of processes that
/// were killed are removed meanwhile, all of them once the longest of their leases is over.
pub async fn await_absence(connection: &mut AnyConnection) -> sqlx::Result<Vec<Listing>> {
    let mut view = View::default();
    let mut alive = BTreeSet::new();
    let mut found: Option<BootTime> = None;
    loop {
        let asked = BootTime::now();
        let rows = nodes::list(connection).await?.rows;
        let now = BootTime::now();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if view.peers.is_empty() {
            tracing::warn!(
                "{} nodes are listed; those that are gone are removed when their leases are over",
                rows.len()
            );
        }
        for Peer { row: before, .. } in &view.peers {
            let renewed = |row: &&Row| row.id == before.id && row.renewals != before.renewals;
            alive.extend(rows.iter().find(renewed).map(|row| row.id.clone()));
        }
        view = view.next(asked, now, rows);
        for row in view.silent(now) {
            nodes::remove(connection, &row.id, row.renewals).await?;
        }
        if !alive.is_empty() && found.get_or_insert(now).until(now) >= COUNTING {
            let mut listing = nodes::listing(connection).await?;
            listing.retain(|node| alive.contains(&node.id));
            if !listing.is_empty() {
                return Ok(listing);
            }
            // They have left meanwhile. Others may still be listed.
            (alive, found) = (BTreeSet::new(), None);
        }
        sleep(POLL).await;
    }
}
