//! Reactive parts of a page behind one type: each closure would otherwise bring its own copy of the code that runs or
//! renders it into the WASM.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::any_view::IntoAny;
use leptos::tachys::view::{Mountable, Position, PositionState, Render, RenderHtml};

/// Renders `view`, and again whenever the signals that it reads change.
pub fn reactive<V: IntoAny>(view: impl Fn() -> V + Send + Sync + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send + Sync> = Box::new(move || view().into_any());
    view.into_any()
}

/// Runs `run` in the browser, and again whenever the signals that it reads change.
pub fn effect(run: impl FnMut() + 'static) {
    fn start(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    start(Box::new(run));
}

/// A memo of `of`, which notifies only when the value differs from the previous one.
pub fn memo<T>(of: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    fn make<T>(of: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| of())
    }
    make(Box::new(of))
}

/// A part that is replaced as a whole when it changes, rather than given new texts. It is one element: a translator
/// replaces text nodes by its own, and new text in the old nodes would be invisible.
pub fn fresh(view: impl IntoAny) -> AnyView {
    Fresh(view.into_any()).into_any()
}

/// A text that changes, in an element of its own; see [`fresh`].
pub fn words(text: impl Fn() -> &'static str + Send + Sync + 'static) -> AnyView {
    reactive(move || fresh(view! { <span>{text()}</span> }))
}

struct Fresh(AnyView);

impl Render for Fresh {
    type State = <AnyView as Render>::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        let mut new = self.0.build();
        state.insert_before_this(&mut new);
        state.unmount();
        *state = new;
    }
}

impl AddAnyAttr for Fresh {
    type Output<A: Attribute> = <AnyView as AddAnyAttr>::Output<A>;

    fn add_any_attr<A: Attribute>(self, attribute: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        self.0.add_any_attr(attribute)
    }
}

impl RenderHtml for Fresh {
    type AsyncOutput = AnyView;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> AnyView {
        self.0.resolve().await
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0
            .to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(
            buf,
            position,
            escape,
            mark_branches,
            extra_attrs,
        );
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// The value of an attribute that is present or absent.
pub type Flag = Box<dyn Fn() -> Option<&'static str> + Send + Sync>;

/// "true" while `holds`, else no attribute.
pub fn flag(holds: impl Fn() -> bool + Send + Sync + 'static) -> Flag {
    Box::new(move || holds().then_some("true"))
}
