//! The order of a change: turn, instant, audit entry, commit, publication, answer.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run tasks beside each other"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod postgres;
mod sqlite;

use std::sync::{Arc, Mutex};

use shared::token::AccessKey;
use tokio::sync::oneshot;

use super::*;
use crate::error::Error;
use crate::storage::audit::Action;
use crate::test_support::{Fixture, NOON};
use crate::time::clock::ManualClock;
use crate::vault::Vault;

struct Site {
    _fixture: Fixture,
    vault: Vault,
    clock: Arc<ManualClock>,
    /// The only key of the only account.
    key: AccessKey,
}

impl Site {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let member = fixture.member("a@example.com").await;
        Self {
            vault: fixture.vault.clone(),
            clock: fixture.clock.clone(),
            key: member.default_key.access_key,
            _fixture: fixture,
        }
    }

    fn publishes(&self) -> Publication {
        Publication::Remove {
            access_key: self.key,
        }
    }

    /// Waits until every change that had its turn is published. On PostgreSQL, that is later than its commit.
    async fn published(&self) {
        let nothing = async |tx: &mut Tx| {
            tx.confirm_earlier();
            tx.roll_back();
            Ok(())
        };
        let database = &self.vault.0.database;
        database.transact(System, nothing).await.unwrap();
    }

    /// Returns the instants of the trail, in the order of its ids.
    async fn instants(&self) -> Vec<i64> {
        let readers = &self.vault.0.database.readers;
        let rows = sqlx::query_as("SELECT at FROM audit ORDER BY id").fetch_all(readers);
        let rows: Vec<(i64,)> = rows.await.unwrap();
        rows.into_iter().map(|(at,)| at).collect()
    }
}

/// A value for the only attempt at a change: a change can be cloned for another.
struct Only<T>(Arc<Mutex<Option<T>>>);

impl<T> Only<T> {
    fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Some(value))))
    }

    fn take(&self) -> T {
        self.0.lock().unwrap().take().unwrap()
    }
}

impl<T> Clone for Only<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

fn entry() -> Entry<'static> {
    Entry::of_account("", Action::SignedIn, "")
}

/// The instant of a change is later than the wait for its turn.
#[tokio::test]
async fn the_instant_is_read_in_the_turn() {
    let site = Site::new().await;
    let (begun, first_begun) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    let (begun, gone) = (Only::new(begun), Only::new(gone));
    let first = site.vault.write(System, move |tx| {
        Box::pin(async move {
            let now = tx.now();
            let _ = begun.take().send(());
            gone.take().await.unwrap();
            assert_eq!(tx.now(), now, "one change has one instant");
            Ok(now)
        })
    });
    let second = site
        .vault
        .write(System, |tx| Box::pin(async move { Ok(tx.now()) }));
    let later = async {
        first_begun.await.unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        site.clock.advance(1_000);
        go.send(()).unwrap();
    };
    let (first, second, ()) = tokio::join!(first, second, later);
    assert_eq!((first.unwrap(), second.unwrap()), (NOON, NOON + 1_000));
}

/// However writers overlap, the trail is in the order of its instants.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_in_the_order_of_its_instants() {
    let site = Site::new().await;
    let writers: Vec<_> = (0..40)
        .map(|_| {
            let (vault, clock) = (site.vault.clone(), Arc::clone(&site.clock));
            tokio::spawn(async move {
                clock.advance(1);
                let change = vault.write(System, move |tx| {
                    Box::pin(async move {
                        tokio::task::yield_now().await;
                        clock.advance(1);
                        tx.audit(entry()).await
                    })
                });
                change.await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let instants = site.instants().await;
    assert!(instants.is_sorted(), "{instants:?}");
    assert_eq!(instants.iter().filter(|at| **at > NOON).count(), 40);
}

/// A client that disconnects during a change leaves it whole.
#[tokio::test]
async fn a_change_that_has_begun_is_committed_and_published_without_its_client() {
    let site = Site::new().await;
    let (begun, has_begun) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    let (begun, gone) = (Only::new(begun), Only::new(gone));
    let (vault, published) = (site.vault.clone(), site.publishes());
    let client = tokio::spawn(async move {
        let change = vault.write(System, move |tx| {
            Box::pin(async move {
                let _ = begun.take().send(());
                gone.take().await.unwrap();
                tx.publish(published);
                tx.audit(entry()).await
            })
        });
        change.await
    });
    has_begun.await.unwrap();
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    let before = site.instants().await.len();
    go.send(()).unwrap();
    site.published().await;
    assert_eq!(site.instants().await.len(), before + 1);
    assert_eq!(site.vault.key_count(), 0);
}

/// A client that disconnects while its change waits for the turn changes nothing.
#[tokio::test]
async fn a_waiting_change_is_abandoned_with_its_client() {
    let site = Site::new().await;
    let held = site.vault.0.database.hold().await.unwrap();
    let (vault, published) = (site.vault.clone(), site.publishes());
    let client = tokio::spawn(async move {
        let change = vault.write(System, move |tx| {
            Box::pin(async move {
                tx.publish(published);
                Ok(())
            })
        });
        change.await
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    drop(held);
    site.published().await;
    assert_eq!(site.vault.key_count(), 1);
}

/// Without a commit there is no audit entry, no publication and no effect; only the error of the operation is an error.
#[tokio::test]
async fn a_change_that_is_not_committed_leaves_nothing() {
    let site = Site::new().await;
    let before = site.instants().await.len();
    for fails in [true, false] {
        let (published, effects) = (site.publishes(), Arc::new(()));
        let effect = Arc::clone(&effects);
        let change = site.vault.write(System, move |tx| {
            Box::pin(async move {
                tx.audit(entry()).await?;
                tx.publish(published);
                tx.on_commit(move || std::mem::forget(effect));
                tx.roll_back();
                if fails { Err(Error::NotFound) } else { Ok(()) }
            })
        });
        let outcome = change.await;
        assert_eq!(matches!(outcome, Err(Error::NotFound)), fails);
        assert_eq!(outcome.is_ok(), !fails);
        assert_eq!(Arc::strong_count(&effects), 1, "dropped and not run");
        assert_eq!(site.instants().await.len(), before);
        assert_eq!(site.vault.key_count(), 1);
    }
    assert_eq!(site.vault.write_failures(), 0);
}

/// The demonstration's history lies in the past; a change cannot date itself ahead.
#[tokio::test]
async fn a_change_is_dated_back_and_never_ahead() {
    let site = Site::new().await;
    let change = site.vault.write(System, |tx| {
        Box::pin(async move {
            let mut seen = Vec::new();
            for age in [0, 5_000, -5_000] {
                tx.date_back(age);
                seen.push(tx.now());
            }
            Ok(seen)
        })
    });
    assert_eq!(change.await.unwrap(), [NOON, NOON - 5_000, NOON]);
}
