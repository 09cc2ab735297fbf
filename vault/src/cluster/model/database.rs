//! The database of the model.

use std::collections::BTreeMap;

use super::{MS, Rule, TERM_MS};

#[derive(Clone, Debug)]
pub struct Stored {
    pub seen: i64,
    pub renewals: i64,
    /// The end of the lease by the database's clock, which decides nothing.
    pub until: i64,
}

/// The database, and the newest change in its log.
#[derive(Default)]
pub struct Database {
    pub newest: i64,
    pub rows: BTreeMap<u64, Stored>,
    ids: u64,
    pub away_until: i64,
    pub clock: i64,
    pub removals: usize,
}

#[derive(Clone, Debug)]
pub enum Request {
    Join,
    Load,
    Read,
    Renew { id: u64, seen: i64 },
    Rows,
    Remove { id: u64, renewals: i64 },
    Leave { id: u64 },
    Commit { id: u64 },
}

#[derive(Clone, Debug)]
pub enum Reply {
    Joined(u64),
    Newest(i64),
    Renewed(bool),
    Rows(Vec<(u64, Stored)>, i64),
    Done,
    Committed(Option<i64>),
}

impl Database {
    /// Runs one request in the self.
    pub fn execute(&mut self, request: &Request, now: i64, rule: Rule) -> Reply {
        let time = now / MS + self.clock;
        let renewed = time + TERM_MS;
        match *request {
            Request::Join => {
                self.ids += 1;
                let row = Stored {
                    seen: self.newest,
                    renewals: 0,
                    until: renewed,
                };
                self.rows.insert(self.ids, row);
                Reply::Joined(self.ids)
            }
            Request::Load | Request::Read => Reply::Newest(self.newest),
            Request::Renew { id, seen } => {
                let row = self.rows.get_mut(&id);
                let renewed = row.map(|row| {
                    *row = Stored {
                        seen,
                        renewals: row.renewals + 1,
                        until: renewed,
                    };
                });
                Reply::Renewed(renewed.is_some())
            }
            Request::Rows => {
                let rows = self.rows.iter();
                Reply::Rows(rows.map(|(id, row)| (*id, row.clone())).collect(), time)
            }
            Request::Remove { id, renewals } => {
                let blind = rule == Rule::RemovedWithoutRenewals;
                let row = self.rows.get(&id);
                if row.is_some_and(|row| blind || row.renewals == renewals) {
                    self.rows.remove(&id);
                    self.removals += 1;
                }
                Reply::Done
            }
            Request::Leave { id } => {
                self.rows.remove(&id);
                Reply::Done
            }
            Request::Commit { id } => {
                let joined = self.rows.contains_key(&id);
                self.newest += i64::from(joined);
                Reply::Committed(joined.then_some(self.newest))
            }
        }
    }
}
