//! The shapes that the browser reads from the server's answers.
//!
//! [`super::json`] depends on how serde derives a shape: `#[serde(default)]` on anything but an option, `flatten` and
//! enums with content would fail in the browser only. So a shape must be on this list to be read, and
//! `app/examples/shapes/` reads each of them in WASM.

use serde::de::DeserializeOwned;
use shared::usage::DayCalls;
use shared::view::notices::{LinkView, NoticesView};
use shared::view::overview::{Dashboard, StaggerPlan};
use shared::view::{
    AccountView, AddressView, BulkChanged, Changed, IssuedKey, KeyDetail, KeyPage, Said, Standing,
    Which,
};

use crate::error::FnError;

/// A shape on the list.
pub trait Shape: DeserializeOwned {}

macro_rules! shapes {
    ($($shape:ty),* $(,)?) => {
        $(impl Shape for $shape {})*

        /// Their names.
        pub const SHAPES: &[&str] = &[$(stringify!($shape)),*];
    };
}

shapes!(
    AccountView,
    AddressView,
    BulkChanged,
    Changed,
    Dashboard,
    FnError,
    IssuedKey,
    KeyDetail,
    KeyPage,
    LinkView,
    NoticesView,
    Said,
    StaggerPlan,
    Standing,
    String,
    Vec<DayCalls>,
    Which,
);
