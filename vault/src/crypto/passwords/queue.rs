//! The queue of passwords to hash, and the threads that hash them.
//!
//! Hashing is the one thing that strangers can make expensive, so it is bounded and fair: a network holds at most a
//! quarter of the slots, and sign-ups at most half; a sign-in goes before a sign-up, and networks take turns. A sign-in
//! waits for at most one hash of each other network, however many hashes one of them requests.
//!
//! The threads belong to the queue and run at a lower priority than those that verify keys.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Slots of one network per thread: the hash under way and 16 that wait. A hash takes about 20 ms, so the last of them
/// waits about a third of a second.
const SLOTS_OF_NETWORK: usize = 17;
/// The number of networks that can use all of their slots at the same time.
const NETWORKS: usize = 4;
/// The nice value of the hashing threads; that of the others is 0.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The priority of a waiting password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Priority {
    /// An owner: signing in, or setting a new password.
    High,
    /// A stranger: signing up.
    Low,
}

type Network = Option<IpAddr>;
type Job = Box<dyn FnOnce() + Send>;

pub struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Signals a new job, or the end.
    work: Condvar,
    threads: usize,
}

#[derive(Default)]
struct State {
    /// Jobs by priority; in each, networks take turns.
    waiting: [VecDeque<(Network, VecDeque<Job>)>; 2],
    /// Slots in use by network.
    by_network: HashMap<Network, usize>,
    /// Slots in use, and those of them by sign-ups.
    taken: usize,
    taken_low: usize,
    closed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Starts the threads, which end when the queue is dropped.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            threads,
        });
        // Created first, so that threads that did start end if a later one does not.
        let queue = Self(Arc::clone(&shared));
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("keyhold-hash".to_owned())
                .spawn(move || run(&shared))?;
        }
        Ok(queue)
    }

    /// Takes a slot for one hash, so that everything before the hash is bounded too.
    ///
    /// # Errors
    /// [`Error::Busy`] at once if the queue is full, or the share of the network or of sign-ups is used up.
    pub fn reserve(&self, priority: Priority, network: Network) -> Result<Slot> {
        let of_network = SLOTS_OF_NETWORK * self.0.threads;
        let most = of_network * NETWORKS;
        let mut state = self.0.state();
        let held = state.by_network.get(&network).copied().unwrap_or_default();
        let crowded = priority == Priority::Low && state.taken_low >= most / 2;
        if state.taken >= most || held >= of_network || crowded {
            return Err(Error::Busy);
        }
        state.taken += 1;
        state.taken_low += usize::from(priority == Priority::Low);
        state.by_network.insert(network, held + 1);
        Ok(Slot {
            shared: Arc::clone(&self.0),
            priority,
            network,
        })
    }

    /// Runs `work` on one of the threads when its turn has come, and keeps the slot until then, even if the caller
    /// disconnects.
    pub async fn run<T: Send + 'static>(
        &self,
        slot: Slot,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let (priority, network) = (slot.priority, slot.network);
        let job = Box::new(move || {
            // If the caller has disconnected, the result has no receiver.
            if !answer.is_closed() {
                let result = work();
                // Before the answer: its receiver may request another hash.
                drop(slot);
                let _ = answer.send(result);
            }
        });
        {
            let mut state = self.0.state();
            let lane = &mut state.waiting[priority as usize];
            match lane.iter_mut().find(|(of, _)| *of == network) {
                Some((_, jobs)) => jobs.push_back(job),
                None => lane.push_back((network, VecDeque::from([job as Job]))),
            }
        }
        self.0.work.notify_one();
        answered
            .await
            .map_err(|_| Error::Unavailable("a password could not be hashed".to_owned()))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        // Jobs hold slots, which hold the queue: without this they would keep each other alive.
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
        self.0.work.notify_all();
    }
}

/// A slot in the queue, freed when dropped.
pub struct Slot {
    shared: Arc<Shared>,
    priority: Priority,
    network: Network,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.taken -= 1;
        state.taken_low -= usize::from(self.priority == Priority::Low);
        if let Some(held) = state.by_network.get_mut(&self.network) {
            *held -= 1;
            if *held == 0 {
                state.by_network.remove(&self.network);
            }
        }
    }
}

impl State {
    /// Returns the next job: the high priority goes first, and networks take turns.
    fn next(&mut self) -> Option<Job> {
        let lane = self.waiting.iter_mut().find(|lane| !lane.is_empty())?;
        let (network, mut jobs) = lane.pop_front()?;
        let job = jobs.pop_front();
        if !jobs.is_empty() {
            lane.push_back((network, jobs));
        }
        job
    }
}

fn run(shared: &Shared) {
    lower_priority();
    loop {
        let mut state = shared.state();
        let job = loop {
            if state.closed {
                return;
            }
            match state.next() {
                Some(job) => break job,
                None => {
                    state = shared
                        .work
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        drop(state);
        // A panic drops the answer's sender, which the caller sees; the thread continues.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Gives every other thread priority. On Linux a nice value belongs to a thread, elsewhere to the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "passwords are hashed at normal priority: the nice value could not be set");
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "a test occupies a thread of the queue"
    )]
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::mpsc;

    use super::*;

    const HOME: Network = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 0)));
    const FLOOD: Network = Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 0)));

    /// A queue whose only thread is busy until the sender is dropped.
    async fn held_up() -> (Arc<Queue>, mpsc::Sender<()>) {
        let queue = Arc::new(Queue::start(1).unwrap());
        let (release, held) = mpsc::channel::<()>();
        let (begun, beginning) = oneshot::channel();
        let (slot, other) = (
            queue.reserve(Priority::High, None).unwrap(),
            Arc::clone(&queue),
        );
        tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                let _ = held.recv();
            };
            other.run(slot, work).await
        });
        beginning.await.unwrap();
        (queue, release)
    }

    fn is_full(queue: &Queue, priority: Priority, network: Network) -> bool {
        matches!(queue.reserve(priority, network), Err(Error::Busy))
    }

    #[tokio::test]
    async fn a_sign_in_goes_before_a_flood_of_sign_ups() {
        let (queue, release) = held_up().await;
        let (done, order) = mpsc::channel();
        let mut under_way = Vec::new();
        let mut ask = |priority, network| -> Result<()> {
            let slot = queue.reserve(priority, network)?;
            let (queue, done) = (Arc::clone(&queue), done.clone());
            under_way.push(tokio::spawn(async move {
                queue
                    .run(slot, move || done.send((priority, network)))
                    .await
            }));
            Ok(())
        };
        let flood = (0..100)
            .filter(|_| ask(Priority::Low, FLOOD).is_ok())
            .count();
        assert_eq!(flood, SLOTS_OF_NETWORK, "one network has one share");
        ask(Priority::Low, HOME).unwrap();
        ask(Priority::High, HOME).unwrap();
        // Every spawned task joins the queue before the thread is released.
        while queue
            .0
            .state()
            .waiting
            .iter()
            .flatten()
            .map(|(_, jobs)| jobs.len())
            .sum::<usize>()
            < 19
        {
            tokio::task::yield_now().await;
        }
        drop(release);
        for task in under_way {
            task.await.unwrap().unwrap().unwrap();
        }
        let order: Vec<_> = order.try_iter().collect();
        assert_eq!(order[0], (Priority::High, HOME), "a sign-in goes first");
        assert!(
            order[1..3].contains(&(Priority::Low, HOME)),
            "networks take turns: {order:?}"
        );
        assert!(queue.0.state().by_network.is_empty(), "every slot is free");
    }

    #[tokio::test]
    async fn sign_ups_of_many_networks_take_half_of_the_queue() {
        let queue = Queue::start(1).unwrap();
        let most = SLOTS_OF_NETWORK * NETWORKS;
        let network = |number: u32| Some(IpAddr::V4((number << 8).into()));
        let slots: Vec<_> = (0..200)
            .filter_map(|number| queue.reserve(Priority::Low, network(number)).ok())
            .collect();
        assert_eq!(slots.len(), most / 2);
        let more: Vec<_> = (0..200)
            .filter_map(|number| queue.reserve(Priority::High, network(number)).ok())
            .collect();
        assert_eq!(slots.len() + more.len(), most, "and no more than all");
        assert!(is_full(&queue, Priority::High, HOME));
        drop(more);
        assert!(!is_full(&queue, Priority::High, HOME));
    }

    #[tokio::test]
    async fn a_disconnected_caller_costs_no_hash() {
        let (queue, release) = held_up().await;
        let (done, hashed) = mpsc::channel();
        let slot = queue.reserve(Priority::High, HOME).unwrap();
        {
            let hashing = queue.run(slot, move || done.send(()));
            tokio::pin!(hashing);
            tokio::select! {
                biased;
                _ = &mut hashing => unreachable!("the thread is busy"),
                () = std::future::ready(()) => {}
            }
        }
        drop(release);
        let slot = queue.reserve(Priority::High, HOME).unwrap();
        queue.run(slot, || ()).await.unwrap();
        assert!(hashed.recv().is_err());
    }

    #[tokio::test]
    async fn a_panic_ends_one_hash_and_no_thread() {
        let queue = Queue::start(1).unwrap();
        let slot = queue.reserve(Priority::High, HOME).unwrap();
        let failed = queue.run(slot, || panic!("on purpose")).await;
        assert!(matches!(failed, Err(Error::Unavailable(_))));
        let slot = queue.reserve(Priority::High, HOME).unwrap();
        assert_eq!(queue.run(slot, || 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_threads_have_a_lower_priority() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let ours = nice();
        let queue = Queue::start(1).unwrap();
        let slot = queue.reserve(Priority::High, None).unwrap();
        assert_eq!(queue.run(slot, nice).await.unwrap(), NICE.max(ours));
        assert_eq!(nice(), ours, "the others keep theirs");
    }
}
