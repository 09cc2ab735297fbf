//! The runtime of the connections that carry verifications only, on threads of its own.
//!
//! A runtime polls its tasks in the order in which they became ready. On one that serves pages too, a verification
//! waits behind every request of a burst; here it waits only for other verifications.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

pub struct VerifyRuntime {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl VerifyRuntime {
    /// Starts as many threads as there are processors.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("keyhold-verify")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for VerifyRuntime {
    fn drop(&mut self) {
        // Waiting for the threads would block the runtime that this is dropped on, which tokio forbids.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
