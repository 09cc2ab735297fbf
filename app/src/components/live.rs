//! Parts of a page that change by themselves, behind one type: each closure in a view would otherwise bring
//! its own copy of the machinery for rendering it into what the browser has to load.

use leptos::prelude::*;
use leptos::tachys::view::any_view::IntoAny;

/// What `view` says, as long as what it reads changes.
pub fn live<V: IntoAny>(view: impl Fn() -> V + Send + Sync + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send + Sync> = Box::new(move || view().into_any());
    view.into_any()
}

/// The value of an attribute that is there or not.
pub type Flag = Box<dyn Fn() -> Option<&'static str> + Send + Sync>;

/// "true" as long as `holds`, else no attribute.
pub fn flag(holds: impl Fn() -> bool + Send + Sync + 'static) -> Flag {
    Box::new(move || holds().then_some("true"))
}
