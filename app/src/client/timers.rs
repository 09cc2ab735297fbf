//! Delays in the browser.

#[cfg(feature = "hydrate")]
use leptos::prelude::*;

/// A delayed action. Starting it again restarts the delay, and it is cancelled with the part of the page that holds it.
/// The server has no events, and so never delays anything.
#[derive(Clone, Copy)]
pub struct Delay {
    #[cfg(feature = "hydrate")]
    timeout: StoredValue<Option<gloo_timers::callback::Timeout>, LocalStorage>,
}

impl Delay {
    #[expect(
        clippy::new_without_default,
        reason = "it belongs to the part of the page that makes it"
    )]
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "hydrate")]
            timeout: StoredValue::new_local(None),
        }
    }

    pub fn start(self, milliseconds: u32, then: impl FnOnce() + 'static) {
        #[cfg(feature = "hydrate")]
        self.timeout
            .try_set_value(Some(gloo_timers::callback::Timeout::new(
                milliseconds,
                then,
            )));
        #[cfg(not(feature = "hydrate"))]
        let _ = (milliseconds, then);
    }

    /// Returns whether it was started and not stopped since, even if the action has begun.
    pub fn is_started(self) -> bool {
        #[cfg(feature = "hydrate")]
        {
            let started = self.timeout.try_with_value(Option::is_some);
            started.unwrap_or(false)
        }
        #[cfg(not(feature = "hydrate"))]
        {
            false
        }
    }

    pub fn stop(self) {
        #[cfg(feature = "hydrate")]
        self.timeout.try_set_value(None);
    }
}
