//! The point at which the audit trails of the backup and of the present database part.
//!
//! Usually the present database continues the backup. It does not if an older backup was restored in between: then both
//! have continued from a common entry, each in its own way, and what one of them lacks may never have existed there.

use sqlx::AnyConnection;

use crate::storage::audit::Action;

/// Entries about an account that change neither its access nor its recipients.
const LEAVES_ACCOUNT: [Action; 4] = [
    Action::SignedIn,
    Action::SignedOut,
    Action::PreferencesChanged,
    Action::StagesChosen,
];

/// The relation of the present database to the backup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trail {
    /// Whether it has all entries of the backup, except pruned ones.
    pub continues: bool,
    /// The number of the last entry that both have.
    pub common: i64,
}

impl Trail {
    /// Compares the trail of `main` with that of `present`.
    pub async fn read(connection: &mut AnyConnection) -> sqlx::Result<Self> {
        let (last_ours, last_theirs, parted): (i64, i64, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT COALESCE(MAX(id), 0) FROM main.audit), (SELECT COALESCE(MAX(id), 0) FROM present.audit),
                    (SELECT MIN(b.id) FROM main.audit b JOIN present.audit p ON p.id = b.id
                     WHERE p.at <> b.at OR p.account_id <> b.account_id OR p.action <> b.action
                        OR p.subject <> b.subject OR p.detail <> b.detail)",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self {
            continues: parted.is_none() && last_theirs >= last_ours,
            common: parted.map_or(last_ours.min(last_theirs), |first| first - 1),
        })
    }

    /// Returns a condition: the present database (`p`) has information on the key (`b`). It always has if it continues
    /// the backup, and otherwise if it has recorded an entry about the key since the two parted. A manual expiration is
    /// also recognised where its entry was pruned. A key goes with its account.
    pub fn knows_key(self) -> String {
        if self.continues {
            return "1 = 1".to_owned();
        }
        format!(
            "(EXISTS (SELECT 1 FROM present.audit u WHERE u.id > {0} AND u.account_id = b.account_id
                      AND u.subject = b.access_key)
              OR EXISTS (SELECT 1 FROM present.audit u WHERE u.id > {0} AND u.account_id = b.account_id
                         AND u.action = 'account.deleted')
              OR (p.expires_at = p.expiration_set_at
                  AND NOT EXISTS (SELECT 1 FROM present.audit u WHERE u.account_id = b.account_id
                                  AND u.subject = b.access_key AND u.at >= p.expires_at)))",
            self.common
        )
    }

    /// Returns a condition: the present database has recorded one of these `actions` on the account (`b`) since the two
    /// parted, or continues the backup.
    pub fn has_entry(self, actions: &[Action]) -> String {
        if self.continues {
            return "1 = 1".to_owned();
        }
        let slugs: Vec<String> = actions
            .iter()
            .map(|action| format!("'{}'", action.slug()))
            .collect();
        format!(
            "EXISTS (SELECT 1 FROM present.audit u WHERE u.id > {} AND u.account_id = b.id
                     AND u.subject = '' AND u.action IN ({}))",
            self.common,
            slugs.join(", ")
        )
    }

    /// Returns a condition: the present database has information on the account (`b`).
    pub fn knows_account(self) -> String {
        if self.continues {
            return "1 = 1".to_owned();
        }
        let others = LEAVES_ACCOUNT.map(|action| format!("'{}'", action.slug()));
        format!(
            "EXISTS (SELECT 1 FROM present.audit u WHERE u.id > {} AND u.account_id = b.id
                     AND u.subject = '' AND u.action NOT IN ({}))",
            self.common,
            others.join(", ")
        )
    }
}
