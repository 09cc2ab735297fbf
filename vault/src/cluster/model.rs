//! The lease rule against a model: nodes whose clocks run at different rates, messages that are lost, delayed and
//! overtaken, processes that are stopped, killed and started again, a database that is away and returns with another
//! clock. The property: a node that may verify has every acknowledged change.
//!
//! The decisions are those of `lease` and `view`; only their order is the model's. So each way to get the order wrong
//! can be tried, and each must be found.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod database;
mod node;
mod steps;
mod world;

use world::World;

/// The protocol, or one with a fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rule {
    Sound,
    /// The lease counts from the time after the log was read.
    CountedFromTheReading,
    /// The holder uses all of its lease.
    WithoutMargin,
    /// A silent node's row is removed whatever its number of renewals.
    RemovedWithoutRenewals,
    /// A node whose row is gone goes on with the lease that it tried to renew.
    RemovalIgnored,
    /// The row says that a change is seen before it is applied.
    SeenBeforeApplied,
    /// A node that has loaded its directory renews its lease without having announced it.
    NotAnnounced,
    /// A node is removed once its lease is over by the database's clock.
    ByTheDatabasesClock,
}

const MS: i64 = 1_000;
const SECOND: i64 = 1_000 * MS;
const NODES: usize = 3;
const TERM_MS: i64 = 5_000;
/// The time after which a node gives up its connection, as long as a lease is short.
const TIMEOUT: i64 = 2 * SECOND;
const POLL: i64 = 250 * MS;
const DURATION: i64 = 30 * SECOND;

/// Returns the first of `seeds` with which the rule is violated.
fn violation(rule: Rule, seeds: u64) -> Option<u64> {
    (0..seeds).find(|seed| World::new(*seed, rule).run().is_some())
}

#[test]
fn no_node_verifies_without_an_acknowledged_change() {
    let (mut acknowledgements, mut removals) = (0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed, Rule::Sound);
        assert_eq!(world.run(), None, "seed {seed}");
        acknowledgements += world.acknowledgements;
        removals += world.database.removals;
    }
    // The model is worth nothing without these.
    assert!(acknowledgements > 10_000, "{acknowledgements}");
    assert!(removals > 30, "{removals}");
}

#[test]
fn the_model_finds_each_fault() {
    for rule in [
        Rule::CountedFromTheReading,
        Rule::WithoutMargin,
        Rule::RemovedWithoutRenewals,
        Rule::RemovalIgnored,
        Rule::SeenBeforeApplied,
        Rule::NotAnnounced,
        Rule::ByTheDatabasesClock,
    ] {
        let found = violation(rule, 2_000);
        assert!(found.is_some(), "{rule:?} was not found");
    }
}
