//! The requests with an idempotency key that are being handled here: a second one must not wait for the first.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The set of them; cheap to clone.
#[derive(Clone, Default)]
pub struct RunningRequests(Arc<Mutex<HashSet<String>>>);

/// A request that is being handled, until this is dropped.
pub struct Running {
    all: RunningRequests,
    request: String,
}

impl RunningRequests {
    /// Begins a request; none if it is being handled already.
    pub fn begin(&self, request: String) -> Option<Running> {
        let all = self.clone();
        let is_new = self.lock().insert(request.clone());
        is_new.then(|| Running { all, request })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().remove(&self.request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_runs_once_at_a_time() {
        let running = RunningRequests::default();
        let first = running.begin("a".to_owned());
        assert!(first.is_some());
        assert!(running.begin("a".to_owned()).is_none());
        assert!(running.begin("b".to_owned()).is_some());
        drop(first);
        assert!(running.begin("a".to_owned()).is_some());
    }
}
