//! Every stage against every edit: random lives of a key, compared with a model that states the rule in one sentence
//! and shares nothing with the sweep's search for what is due.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use shared::notice::Stage;
use sqlx::Row;
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, edit};

/// An event in a key's life.
#[derive(Clone, Debug)]
enum Step {
    /// This many hours pass.
    Wait(i64),
    Sweep,
    /// The expiration is set this many hours ahead.
    Edit(i64),
    /// The previous expiration is set again, if it is still ahead.
    Undo,
    Expire,
    Never,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Long enough for every stage, and ten days more.
    let longest = 2 * Stage::ALL[0].lead() / HOUR + 24 * 10;
    let hours = prop_oneof![1..72_i64, 1..longest];
    let step = prop_oneof![
        4 => hours.clone().prop_map(Step::Wait),
        4 => Just(Step::Sweep),
        3 => hours.prop_map(Step::Edit),
        1 => Just(Step::Undo),
        1 => Just(Step::Expire),
        1 => Just(Step::Never),
    ];
    prop::collection::vec(step, 1..24)
}

/// Stages that were sent (true) or superseded (false), by expiration.
type Ledger = BTreeMap<(i64, Stage), bool>;

/// The rule: a sweep records every stage of the present expiration that applies, is past and is not yet recorded, and
/// sends the last of these.
#[derive(Default)]
struct Model {
    expires_at: Option<i64>,
    set_at: i64,
    before: Option<i64>,
    ledger: Ledger,
}

impl Model {
    fn set(&mut self, expires_at: Option<i64>, now: i64) {
        if expires_at != self.expires_at {
            self.before = std::mem::replace(&mut self.expires_at, expires_at);
            self.set_at = now;
        }
    }

    fn sweep(&mut self, now: i64) {
        let Some(expires_at) = self.expires_at else {
            return;
        };
        let news: Vec<Stage> = Stage::ALL
            .into_iter()
            .filter(|stage| {
                let life = expires_at - self.set_at;
                let applies = match stage {
                    Stage::Days30 => life >= 60 * DAY,
                    Stage::Days14 => life >= 28 * DAY,
                    Stage::Days7 => life >= 14 * DAY,
                    Stage::Days3 => life >= 6 * DAY,
                    Stage::Days1 => life >= 2 * DAY,
                    Stage::Expired => true,
                    Stage::DayAfter => life > 0,
                };
                applies
                    && stage.due(expires_at) < now
                    && !self.ledger.contains_key(&(expires_at, *stage))
            })
            .collect();
        for stage in &news {
            self.ledger
                .insert((expires_at, *stage), Some(stage) == news.last());
        }
    }
}

#[test]
fn the_ledger_follows_the_rule() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fixture = runtime.block_on(Fixture::new());
    let member = runtime.block_on(fixture.member("a@example.com"));
    let mut runner = TestRunner::new(Config {
        cases: 96,
        rng_seed: RngSeed::Fixed(20_261_126),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&steps(), |steps| {
            let (expected, found, mails) = runtime.block_on(live(&fixture, &member, &steps));
            prop_assert_eq!(&found, &expected);
            prop_assert!(mails <= expected.values().filter(|told| **told).count());
            Ok(())
        })
        .unwrap();
}

/// Takes a new key through these steps; returns the model's ledger, the database's, and the number of mails.
async fn live(
    fixture: &Fixture,
    member: &vault::test_support::Member,
    steps: &[Step],
) -> (Ledger, Ledger, usize) {
    let mut mailbox = Mailbox::of(fixture);
    let _ = mailbox.notices(&fixture.vault).await;
    let key = fixture.key(member, "key", "never").await;
    let access = key.access_key.to_string();
    let mut model = Model::default();
    let mut mails = 0;
    for step in steps {
        fixture.sign_in_again(member).await;
        let now = fixture.vault.now();
        let wanted = match step {
            Step::Wait(hours) => {
                fixture.clock.advance(hours * HOUR);
                continue;
            }
            Step::Sweep => {
                mails += mailbox.notices(&fixture.vault).await.len();
                model.sweep(now);
                continue;
            }
            Step::Expire => {
                if model.expires_at.is_none_or(|at| now < at) {
                    model.set(Some(now), now);
                    // No sweep is needed: the manual expiration records its own stage.
                    model.ledger.insert((now, Stage::Expired), true);
                }
                fixture
                    .vault
                    .expire_key(&member.actor, &access)
                    .await
                    .unwrap();
                continue;
            }
            Step::Edit(hours) => Some(now + hours * HOUR),
            Step::Undo => match model.before {
                Some(before) if before > now => Some(before),
                _ => continue,
            },
            Step::Never => None,
        };
        model.set(wanted, now);
        let expiry = wanted.map_or_else(|| "never".to_owned(), vault::rfc3339);
        fixture
            .vault
            .edit_key(&member.actor, edit(&access, "key", "", &expiry))
            .await
            .unwrap();
    }
    let rows = sqlx::query("SELECT expires_at, stage, left_out FROM notices WHERE access_key = $1")
        .bind(&access)
        .fetch_all(&mut fixture.database().await)
        .await
        .unwrap();
    let found = rows
        .iter()
        .map(|row| {
            let stage = Stage::from_slug(&row.get::<String, _>(1)).unwrap();
            let superseded = row.get::<Option<String>, _>(2).as_deref() == Some("superseded");
            ((row.get(0), stage), !superseded)
        })
        .collect();
    fixture.sign_in_again(member).await;
    fixture
        .vault
        .delete_key(&member.actor, &access, "key")
        .await
        .unwrap();
    fixture.clock.advance(1);
    (model.ledger, found, mails)
}
