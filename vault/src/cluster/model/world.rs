//! The events of the model, in the order of real time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::database::{Database, Reply, Request};
use super::node::{Node, Step};
use super::{DURATION, MS, NODES, POLL, Rule, SECOND, TERM_MS, TIMEOUT};
use crate::cluster::lease::Term;
use crate::cluster::view::{View, Wait};
use crate::time::boot_time::BootTime;

#[derive(Clone, Debug)]
pub enum Event {
    Arrive(Sender, Request),
    Deliver(Sender, Reply),
    Round(Sender),
    TimeOut(Sender),
    /// A node goes on after it was stopped, or a deadline has passed.
    Look,
    Fault,
    Change,
}

/// The connection of a request, either of a node's loop or of its writer.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    node: usize,
    number: u64,
    writer: bool,
}

pub struct World {
    pub rule: Rule,
    random: TestRng,
    pub now: i64,
    order: u64,
    events: BinaryHeap<Reverse<(i64, u64)>>,
    due: BTreeMap<u64, Event>,
    pub database: Database,
    pub nodes: Vec<Node>,
    acknowledged: i64,
    pub acknowledgements: usize,
}

impl World {
    pub fn new(seed: u64, rule: Rule) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut world = Self {
            rule,
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            now: 0,
            order: 0,
            events: BinaryHeap::new(),
            due: BTreeMap::new(),
            database: Database::default(),
            nodes: Vec::new(),
            acknowledged: 0,
            acknowledgements: 0,
        };
        for _ in 0..NODES {
            // As far as the rule allows: a clock may gain or lose a twelfth.
            let rate = world.within(916_700, 1_083_300);
            let offset = world.within(0, 1_000) * SECOND;
            world.nodes.push(Node {
                rate,
                offset,
                alive: false,
                connection: 0,
                process: 0,
                stopped_until: 0,
                cut_until: 0,
                id: None,
                loaded: false,
                applied: 0,
                due: BootTime::PAST,
                lease: BootTime::PAST,
                view: View::default(),
                step: Step::Resting,
                waiting: Vec::new(),
            });
        }
        for node in 0..NODES {
            world.start(node);
        }
        world.after(SECOND, Event::Fault);
        world.after(SECOND, Event::Change);
        world
    }

    fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap();
        low + i64::try_from(self.random.next_u64() % span).unwrap()
    }

    fn chance(&mut self, in_thousand: i64) -> bool {
        self.within(1, 1000) <= in_thousand
    }

    pub fn after(&mut self, wait: i64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((self.now + wait, self.order)));
        self.due.insert(self.order, event);
    }

    /// Mostly milliseconds, sometimes longer than a node waits.
    fn delay(&mut self) -> i64 {
        if self.chance(40) {
            self.within(0, 3 * SECOND)
        } else {
            self.within(100, 5 * MS)
        }
    }

    fn start(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        one.alive = true;
        one.process += 1;
        one.waiting.clear();
        one.id = None;
        self.reconnect(node);
    }

    fn reconnect(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        one.connection += 1;
        one.view.forget();
        one.due = BootTime::PAST;
        one.step = Step::Resting;
        let sender = self.of_loop(node);
        let wait = self.within(MS, POLL);
        self.after(wait, Event::Round(sender));
    }

    fn of_loop(&self, node: usize) -> Sender {
        Sender {
            node,
            number: self.nodes[node].connection,
            writer: false,
        }
    }

    pub fn send(&mut self, node: usize, step: Step, request: Request) {
        self.nodes[node].step = step;
        let sender = self.of_loop(node);
        let delay = self.delay();
        self.after(delay, Event::Arrive(sender, request));
        self.after(TIMEOUT, Event::TimeOut(sender));
    }

    pub fn round(&mut self, node: usize) {
        let begun = self.nodes[node].clock(self.now);
        match (self.nodes[node].id, self.nodes[node].loaded) {
            (None, _) => self.send(node, Step::Joining, Request::Join),
            (Some(_), false) => self.send(node, Step::Loading, Request::Load),
            (Some(_), true) => self.send(node, Step::Reading { begun }, Request::Read),
        }
    }

    pub fn rest(&mut self, node: usize) {
        self.nodes[node].step = Step::Resting;
        let sender = self.of_loop(node);
        // The end of the interval, or a notification.
        let wait = if self.chance(500) {
            self.within(MS, POLL)
        } else {
            POLL
        };
        self.after(wait, Event::Round(sender));
    }

    /// Stops, kills, starts or cuts off a node, or takes the database away.
    fn fault(&mut self) {
        let wait = self.within(0, 4 * SECOND);
        self.after(wait, Event::Fault);
        let node = usize::try_from(self.within(0, 2)).unwrap();
        let time = self.within(0, 2 * TERM_MS * MS);
        let now = self.now;
        match self.within(0, 9) {
            0..=3 => {
                self.nodes[node].stopped_until = now + time;
                self.after(time, Event::Look);
            }
            4 | 5 => self.nodes[node].cut_until = now + time,
            6 => {
                self.nodes[node].alive = false;
                self.nodes[node].lease = BootTime::PAST;
                self.nodes[node].connection += 1;
            }
            7 => {
                let one = &mut self.nodes[node];
                if let (true, Some(id)) = (one.runs(now), one.id) {
                    one.lease = BootTime::PAST;
                    one.connection += 1;
                    self.send(node, Step::Leaving, Request::Leave { id });
                }
            }
            8 => {
                self.database.away_until = now + time;
                self.database.clock = self.within(-60_000, 60_000);
            }
            _ => {}
        }
        if let Some(dead) = (0..NODES).find(|node| !self.nodes[*node].alive) {
            self.start(dead);
        }
    }

    /// Makes a change on some node.
    fn change(&mut self) {
        let wait = self.within(0, 400 * MS);
        self.after(wait, Event::Change);
        let node = usize::try_from(self.within(0, 2)).unwrap();
        let one = &self.nodes[node];
        if let (true, Some(id)) = (one.runs(self.now), one.id) {
            let sender = Sender {
                node,
                number: one.process,
                writer: true,
            };
            let delay = self.delay();
            self.after(delay, Event::Arrive(sender, Request::Commit { id }));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Look => {}
            Event::Fault => self.fault(),
            Event::Change => self.change(),
            Event::Round(sender) => self.to(sender, event, |world| world.round(sender.node)),
            Event::TimeOut(sender) => {
                let one = &self.nodes[sender.node];
                if one.connection == sender.number && !matches!(one.step, Step::Resting) {
                    self.to(sender, event, |world| world.time_out(sender.node));
                }
            }
            Event::Arrive(sender, ref request) => {
                let lost = self.chance(2) || self.nodes[sender.node].cut_until > self.now;
                if lost || self.database.away_until > self.now {
                    return;
                }
                let reply = self.database.execute(request, self.now, self.rule);
                let delay = self.delay();
                self.after(delay, Event::Deliver(sender, reply));
            }
            Event::Deliver(sender, ref reply) => {
                let lost = self.chance(2) || self.nodes[sender.node].cut_until > self.now;
                if !lost {
                    let reply = reply.clone();
                    self.to(sender, event, |world| world.receive(sender.node, reply));
                }
            }
        }
    }

    fn time_out(&mut self, node: usize) {
        if matches!(self.nodes[node].step, Step::Leaving) {
            self.nodes[node].alive = false;
        } else {
            self.reconnect(node);
        }
    }

    /// Runs an event of a process, once it runs and if its connection is still the present one.
    fn to(&mut self, sender: Sender, event: Event, act: impl FnOnce(&mut Self)) {
        let one = &self.nodes[sender.node];
        let number = if sender.writer {
            one.process
        } else {
            one.connection
        };
        if !one.alive || number != sender.number {
            return;
        }
        if one.stopped_until > self.now {
            let wait = one.stopped_until - self.now;
            self.after(wait, event);
        } else {
            act(self);
        }
    }

    /// Acknowledges what can be, and returns whether a node may verify that lacks an acknowledged change.
    fn is_violated(&mut self) -> bool {
        let term = Term::of_ms(TERM_MS);
        for node in &mut self.nodes {
            if !node.runs(self.now) {
                continue;
            }
            let clock = node.clock(self.now);
            let waiting = std::mem::take(&mut node.waiting);
            for change in waiting {
                if node.view.wait(change, term, clock) == Wait::Over {
                    self.acknowledged = self.acknowledged.max(change.seq);
                    self.acknowledgements += 1;
                } else {
                    node.waiting.push(change);
                }
            }
        }
        self.nodes.iter().any(|node| {
            let verifies = node.runs(self.now) && node.clock(self.now) < node.lease;
            verifies && node.applied < self.acknowledged
        })
    }

    /// Returns the time of the first violation, in microseconds.
    pub fn run(&mut self) -> Option<i64> {
        while let Some(Reverse((at, order))) = self.events.pop() {
            if at > DURATION {
                break;
            }
            self.now = at;
            let event = self.due.remove(&order).unwrap();
            self.happen(event);
            if self.is_violated() {
                return Some(at);
            }
        }
        None
    }
}
