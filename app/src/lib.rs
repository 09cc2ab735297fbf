//! Keyhold's interface: the pages, and the server functions that they and programs call.
//!
//! Built twice: with `ssr` into the server, where it renders HTML and reaches the vault, and with
//! `hydrate` to WASM, where the same components take over in the browser. Code that touches the vault is
//! behind `ssr`; a component takes data, never a database.

// Leptos components are functions in capitals whose arguments are owned.
#![allow(clippy::must_use_candidate, clippy::needless_pass_by_value)]
// A server function is async whether it waits or not.
#![allow(clippy::unused_async)]
// The view macro nests types deeply.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod account;
pub mod brand;
pub mod client;
pub mod error;
pub mod forms;
pub mod keys;
#[cfg(feature = "ssr")]
pub mod notices;
pub mod pages;
pub mod server_fns;
pub mod shell;
pub mod site;
pub mod ui;

#[cfg(test)]
mod samples;
#[cfg(test)]
#[path = "../../shared/tests/it/seeded.rs"]
mod seeded;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // The hook costs a visitor a kilobyte. The console shows a panic of the release build too, without its message.
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    client::boot::take_over(|| leptos::mount::hydrate_body(shell::App));
}
