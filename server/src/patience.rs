//! The time that a connection is given to send the headers of its next request, kept cheaply.
//!
//! hyper starts a timer before each request and drops it when the headers are there. Entering it into the
//! runtime's timers and taking it out again costs more than the verification in between. Here a connection has
//! one timer, which is left to run: only when it goes off is it looked whether the deadline has moved on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time;

/// The timer of one connection; not for two.
#[derive(Clone, Default)]
pub struct Patience(Arc<Mutex<Option<Pin<Box<time::Sleep>>>>>);

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait {
            deadline,
            running: self.clone(),
        })
    }

    /// The runtime's time, which tests move.
    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }
}

struct Wait {
    deadline: Instant,
    running: Patience,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = time::Instant::from_std(self.deadline);
        let mut running = self
            .running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sleep = running.get_or_insert_with(|| Box::pin(time::sleep_until(deadline)));
        // It may be an earlier request's that is still running: that goes off before this deadline.
        loop {
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if time::Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
