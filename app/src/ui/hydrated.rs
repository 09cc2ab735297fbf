//! The state of hydration.

use leptos::prelude::*;

use super::reactive::effect;

/// The state of hydration. Controls that need the browser stay hidden until the page is hydrated.
#[derive(Clone, Copy)]
pub struct Hydrated(RwSignal<bool>);

impl Hydrated {
    /// False in the server's HTML and in the first rendering that takes it over, true from then on.
    pub fn provide() {
        let alive = RwSignal::new(false);
        effect(move || alive.set(true));
        provide_context(Self(alive));
    }

    pub fn get() -> RwSignal<bool> {
        expect_context::<Self>().0
    }
}
