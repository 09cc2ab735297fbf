//! The sentence about a change that waits for nodes that cannot be reached, while its request is under way.

use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::toasts::Feedback;
use crate::client::call::call;
use crate::client::timers::Delay;
use crate::server_fns::keys::ShowWait;

/// After this long an action says that it takes its time, and asks what it waits for; then again after as long.
pub const SLOW_MS: u32 = 1000;
/// The time between two sentences: a screen reader reads each of them.
const AGAIN_MS: u32 = 5000;

impl Feedback {
    /// Shows what the change waits for that the function at `path` makes, until `slow` is stopped.
    pub fn watch(self, slow: Delay, path: &'static str, access_key: String) {
        if !path.starts_with("/fn/keys/") {
            return;
        }
        spawn_local(async move {
            let fields = vec![
                ("change", path.to_owned()),
                ("access_key", access_key.clone()),
            ];
            let answer = call(ShowWait::PATH, fields).await;
            let sentence: String = answer.and_then(|json| json.read()).unwrap_or_default();
            if !slow.is_started() {
                return;
            }
            let next = if sentence.is_empty() {
                SLOW_MS
            } else {
                self.wait(sentence);
                AGAIN_MS
            };
            slow.start(next, move || self.watch(slow, path, access_key));
        });
    }
}
