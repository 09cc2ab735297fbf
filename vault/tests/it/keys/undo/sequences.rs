//! Undo after any sequence of changes of one key or of several.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use vault::test_support::{Fixture, MINUTE, Member, at, edit, restoration};
use vault::{BulkChange, EditKey};

use super::{states, undo};

/// A step in the life of two keys.
#[derive(Clone, Debug)]
enum Step {
    /// This many minutes pass.
    Wait(i64),
    /// Of the key with this number: expire, restore or edit, with this many minutes to live.
    Expire(usize),
    Restore(usize, i64),
    Never(usize),
    Edit(usize, i64),
    Rename(usize),
    /// Of both: an action of the table, with minutes to live or to add.
    Bulk(&'static str, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (key, minutes) = (0..2_usize, 1..200_i64);
    let step = prop_oneof![
        3 => (1..30_i64).prop_map(Step::Wait),
        2 => key.clone().prop_map(Step::Expire),
        2 => (key.clone(), minutes.clone()).prop_map(|(key, minutes)| Step::Restore(key, minutes)),
        1 => key.clone().prop_map(Step::Never),
        2 => (key.clone(), minutes.clone()).prop_map(|(key, minutes)| Step::Edit(key, minutes)),
        1 => key.prop_map(Step::Rename),
        2 => (prop_oneof![Just("extend"), Just("set"), Just("expire")], minutes)
            .prop_map(|(action, minutes)| Step::Bulk(action, minutes)),
    ];
    prop::collection::vec(step, 1..12)
}

/// The undo of any change, at once or after a while, restores exactly the state before it.
#[test]
fn an_undo_restores_the_before_image_after_any_changes() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let site = runtime.block_on(Fixture::new());
    site.leave_mail();
    let member = runtime.block_on(site.member("a@example.com"));
    let keys = [
        runtime
            .block_on(site.key(&member, "first", "1d"))
            .access_key,
        member.default_key.access_key,
    ]
    .map(|key| key.to_string());
    let mut runner = TestRunner::new(Config {
        cases: 48,
        rng_seed: RngSeed::Fixed(20_261_130),
        failure_persistence: None,
        ..Config::default()
    });
    let all = (steps(), 0..10_i64);
    runner
        .run(&all, |(steps, later)| {
            for step in steps {
                let before = runtime.block_on(states(&site));
                let change = runtime.block_on(make(&site, &member, &keys, &step));
                let Some(change) = change else {
                    continue;
                };
                let after = runtime.block_on(states(&site));
                prop_assert_ne!(&before, &after);
                site.clock.advance(later * MINUTE);
                runtime.block_on(undo(&site, &member, &change)).unwrap();
                prop_assert_eq!(&runtime.block_on(states(&site)), &before);
                // The change is made after all, for the next one.
                let _ = runtime.block_on(make(&site, &member, &keys, &step));
            }
            Ok(())
        })
        .unwrap();
}

/// Takes a step. Returns the handle of its change, if it changed something.
async fn make(site: &Fixture, member: &Member, keys: &[String; 2], step: &Step) -> Option<String> {
    let (vault, actor) = (&site.vault, &member.actor);
    let ahead = |minutes: i64| at(vault.now() + minutes * MINUTE);
    let (name, expiry);
    let changed = match step {
        Step::Wait(minutes) => {
            site.clock.advance(minutes * MINUTE);
            return None;
        }
        Step::Expire(key) => vault.expire_key(actor, &keys[*key]).await,
        Step::Restore(key, minutes) => {
            expiry = ahead(*minutes);
            vault
                .restore_key(actor, restoration(&keys[*key], &expiry))
                .await
        }
        Step::Never(key) => {
            vault
                .restore_key(actor, restoration(&keys[*key], "never"))
                .await
        }
        Step::Edit(key, minutes) => {
            (name, expiry) = (format!("key of {minutes}"), ahead(*minutes));
            vault
                .edit_key(actor, edit(&keys[*key], &name, "", &expiry))
                .await
        }
        Step::Rename(key) => {
            let edit = EditKey {
                access_key: &keys[*key],
                name: Some("renamed"),
                description: Some("by a step"),
                ..EditKey::default()
            };
            vault.edit_key(actor, edit).await
        }
        Step::Bulk(action, minutes) => {
            let expiry = if *action == "extend" {
                format!("{minutes}d")
            } else {
                ahead(*minutes)
            };
            let change = BulkChange {
                action,
                access_keys: "all",
                expiry: &expiry,
                ..BulkChange::default()
            };
            let changed = vault.change_keys(actor, change).await.unwrap();
            return (!changed.change.is_empty()).then_some(changed.change);
        }
    };
    // A restoration to an earlier date is refused.
    let change = changed.map(|changed| changed.change).unwrap_or_default();
    (!change.is_empty()).then_some(change)
}
