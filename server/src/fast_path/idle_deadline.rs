//! The deadline of an idle connection, and the stop of the server: either ends the wait for a client.

#![expect(clippy::disallowed_methods, reason = "a request has a deadline")]

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// The reason why the wait ended.
#[derive(Clone, Copy)]
pub enum Interrupt {
    /// The deadline has passed.
    Expired,
    /// The server stops.
    Stop,
}

/// A deadline that a request extends without touching the timer, and the stop. The timer keeps running; when it fires,
/// [`Self::wait`] checks whether the deadline was extended. Both are polled only after one of them has woken the task, so
/// a request does not pay for them.
pub struct IdleDeadline<'a> {
    deadline: Instant,
    waiting: FuturesUnordered<BoxFuture<'a, Interrupt>>,
}

impl<'a> IdleDeadline<'a> {
    pub fn new(deadline: Instant, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        let stop = stop.map(|()| Interrupt::Stop).boxed();
        Self {
            deadline,
            waiting: FuturesUnordered::from_iter([expired(deadline), stop]),
        }
    }

    /// Sets a later deadline.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Waits for the deadline or the stop. Dropping the future loses neither.
    pub async fn wait(&mut self) -> Interrupt {
        while let Some(interrupt) = self.waiting.next().await {
            if matches!(interrupt, Interrupt::Expired) && Instant::now() < self.deadline {
                self.waiting.push(expired(self.deadline));
            } else {
                return interrupt;
            }
        }
        Interrupt::Stop
    }
}

fn expired<'a>(at: Instant) -> BoxFuture<'a, Interrupt> {
    sleep_until(at).map(|()| Interrupt::Expired).boxed()
}
