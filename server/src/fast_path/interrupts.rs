//! The interrupts of the wait for a client: its time is up, or the server stops.

#![expect(clippy::disallowed_methods, reason = "a request has a deadline")]

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

#[derive(Clone, Copy)]
pub enum Interrupt {
    Late,
    Stop,
}

/// The deadline and the stop, polled only after one of them has woken the task, so that a request does not pay for
/// them. The timer keeps running; when it fires, [`Self::next`] checks whether the deadline was extended.
pub struct Interrupts<'a> {
    deadline: Instant,
    waiting: FuturesUnordered<BoxFuture<'a, Interrupt>>,
}

impl<'a> Interrupts<'a> {
    pub fn new(deadline: Instant, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        let stop = stop.map(|()| Interrupt::Stop).boxed();
        Self {
            deadline,
            waiting: FuturesUnordered::from_iter([late(deadline), stop]),
        }
    }

    /// Extends the deadline.
    pub fn put_off(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Waits for an interrupt. Dropping the future loses none.
    pub async fn next(&mut self) -> Interrupt {
        while let Some(interrupt) = self.waiting.next().await {
            if matches!(interrupt, Interrupt::Late) && Instant::now() < self.deadline {
                self.waiting.push(late(self.deadline));
            } else {
                return interrupt;
            }
        }
        Interrupt::Stop
    }
}

fn late<'a>(at: Instant) -> BoxFuture<'a, Interrupt> {
    sleep_until(at).map(|()| Interrupt::Late).boxed()
}
