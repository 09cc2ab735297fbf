//! The steps of a node of the model, in the order of the real one or in that of a fault.

use super::database::{Reply, Request};
use super::node::Step;
use super::world::{Event, World};
use super::{MS, POLL, Rule, TERM_MS};
use crate::cluster::lease::Term;
use crate::cluster::view::{Change, Row};
use crate::time::boot_time::BootTime;

impl World {
    /// Continues a node's loop, or the change that it makes.
    pub fn receive(&mut self, node: usize, reply: Reply) {
        let clock = self.nodes[node].clock(self.now);
        let term = Term::of_ms(TERM_MS);
        let rule = self.rule;
        let one = &mut self.nodes[node];
        match (one.step, reply) {
            (_, Reply::Committed(seq)) => {
                if let Some(seq) = seq {
                    one.waiting.push(Change {
                        seq,
                        committed: clock,
                    });
                    // A little longer than a term by the slowest clock.
                    self.after(TERM_MS * MS * 11 / 10, Event::Look);
                }
            }
            (Step::Joining, Reply::Joined(id)) => {
                one.id = Some(id);
                one.loaded = false;
                self.send(node, Step::Loading, Request::Load);
            }
            (Step::Loading, Reply::Newest(newest)) => {
                one.applied = newest;
                let id = one.id.unwrap();
                match rule {
                    Rule::NotAnnounced => {
                        one.loaded = true;
                        self.round(node);
                    }
                    _ => self.send(node, Step::Announcing, Request::Renew { id, seen: newest }),
                }
            }
            (Step::Announcing, Reply::Renewed(renewed)) => {
                one.loaded = renewed;
                if !renewed {
                    one.id = None;
                }
                self.round(node);
            }
            (Step::Reading { .. }, Reply::Newest(read))
                if read == one.applied && clock < one.due =>
            {
                self.look(node);
            }
            (Step::Reading { begun }, Reply::Newest(read)) => {
                if rule != Rule::SeenBeforeApplied {
                    one.applied = read;
                }
                let begun = match rule {
                    Rule::CountedFromTheReading => clock,
                    _ => begun,
                };
                let id = one.id.unwrap();
                let renew = Request::Renew { id, seen: read };
                self.send(node, Step::Renewing { begun, read }, renew);
            }
            (Step::Renewing { begun, read }, Reply::Renewed(renewed)) => {
                one.applied = read;
                if renewed || rule == Rule::RemovalIgnored {
                    one.lease = match rule {
                        Rule::WithoutMargin => term.over_at(begun),
                        _ => term.held_until(begun),
                    };
                    self.look(node);
                } else {
                    one.lease = BootTime::PAST;
                    one.id = None;
                    self.round(node);
                }
            }
            (Step::Viewing { asked }, Reply::Rows(stored, time)) => {
                let rows = stored.iter().map(|(id, row)| Row {
                    id: id.to_string(),
                    seen: row.seen,
                    renewals: row.renewals,
                    term,
                });
                one.view = one.view.next(asked, clock, rows.collect());
                let silent = if rule == Rule::ByTheDatabasesClock {
                    let over = stored.iter().find(|(_, row)| row.until < time);
                    over.map(|(id, row)| (*id, row.renewals))
                } else {
                    let mut silent = one.view.silent(clock);
                    let first = silent.next();
                    first.map(|row| (row.id.parse().unwrap(), row.renewals))
                };
                match silent {
                    Some((id, renewals)) => {
                        self.send(node, Step::Removing, Request::Remove { id, renewals });
                    }
                    None => self.rest(node),
                }
            }
            (Step::Removing, Reply::Done) => self.rest(node),
            (Step::Leaving, Reply::Done) => one.alive = false,
            (step, reply) => panic!("{reply:?} at {step:?}"),
        }
    }

    /// Ends a round: looks at the other nodes if that is due, or if a change waits for them.
    fn look(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        let asked = one.clock(self.now);
        let due = one.due <= asked;
        if due {
            one.due = asked.plus_ms(POLL / MS);
        }
        if due || !one.waiting.is_empty() {
            self.send(node, Step::Viewing { asked }, Request::Rows);
        } else {
            self.rest(node);
        }
    }
}
