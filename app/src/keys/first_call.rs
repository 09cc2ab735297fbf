//! The wait for the first call: with a new key, or with any key of a new account.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use crate::client::call::{Fields, call};
use crate::client::timers::Delay;
use crate::server_fns::overview::ShowFirstCall;

/// The time between two questions, in milliseconds.
const POLL_MS: u32 = 3000;

/// Asks for the first call while the page is visible, until there is one or `delay` is stopped. `fields` may name the key.
pub fn ask_soon(delay: Delay, fields: Fields, called: Rc<dyn Fn()>) {
    delay.start(POLL_MS, move || {
        if document().hidden() {
            return ask_soon(delay, fields, called);
        }
        spawn_local(async move {
            let answer = call(ShowFirstCall::PATH, fields.clone()).await;
            match answer.and_then(|answer| answer.read::<String>()) {
                Ok(answer) if !answer.is_empty() => called(),
                // The next action leads to the sign-in page.
                Err(error) if error.is_unauthenticated() => {}
                _ => ask_soon(delay, fields, called),
            }
        });
    });
}
