//! The view of a server function's answer: the content, or the error with the next thing to do.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::head::PageHead;
use super::icon::Icon;
use super::reactive::{effect, memo, reactive};
use super::toasts::Feedback;
use crate::brand::mark;
use crate::client::browser;
use crate::client::call::Query;
use crate::client::shape::Shape;
use crate::error::FnError;

/// Shows `content` of an answer as soon as there is one, and keeps it in place while it is fetched again.
/// The content is boxed so that the machinery of waiting is compiled once.
pub fn settled(content: impl Fn() -> Option<AnyView> + Send + Sync + 'static) -> AnyView {
    let content: Box<dyn Fn() -> Option<AnyView> + Send + Sync> = Box::new(content);
    view! { <Transition fallback=waiting>{content}</Transition> }.into_any()
}

/// As [`settled`], for an answer that is shown as a whole each time it comes.
pub fn answered<T>(
    resource: Query<T>,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Shape + 'static,
{
    answered_or(resource, show, problem)
}

/// As [`answered`], with a view of errors.
pub fn answered_or<T>(
    resource: Query<T>,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
    otherwise: fn(FnError) -> AnyView,
) -> AnyView
where
    T: Shape + 'static,
{
    let feedback = Feedback::get();
    settled(move || {
        feedback.catch_focus();
        resource.get().map(|answer| match answer {
            Ok(value) => show(value),
            Err(error) => otherwise(error),
        })
    })
}

/// As [`answered`], for a page with several forms: it is built once for each `subject` of an answer and updated by
/// later answers, because an action in one part must not discard text typed in another. `otherwise` shows an error.
pub fn kept<T>(
    resource: Query<T>,
    subject: fn(&T) -> String,
    show: impl Fn(Memo<T>) -> AnyView + Send + Sync + 'static,
    otherwise: fn(FnError) -> AnyView,
) -> AnyView
where
    T: Shape + Clone + PartialEq + Send + Sync + 'static,
{
    let show: Arc<dyn Fn(Memo<T>) -> AnyView + Send + Sync> = Arc::new(show);
    settled(move || {
        let found = memo(move || {
            resource
                .get()
                .map(|answer| answer.map(|content| subject(&content)))
        });
        let show = show.clone();
        Some(reactive(move || {
            found
                .get()
                .map(|found| match (found, resource.get_untracked()) {
                    (Ok(_), Some(Ok(first))) => show(latest(resource, first)),
                    (Err(error), _) => otherwise(error),
                    _ => ().into_any(),
                })
        }))
    })
}

/// The last successful answer.
fn latest<T>(resource: Query<T>, first: T) -> Memo<T>
where
    T: Shape + Clone + PartialEq + Send + Sync + 'static,
{
    Memo::new(move |last: Option<&T>| match resource.get() {
        Some(Ok(content)) => content,
        _ => last.cloned().unwrap_or_else(|| first.clone()),
    })
}

fn waiting() -> AnyView {
    view! { <p class="waiting" role="status">"Loading…"</p> }.into_any()
}

/// The view of an error.
pub fn problem(error: FnError) -> AnyView {
    #[cfg(feature = "ssr")]
    refuse(&error);
    if error.is_unauthenticated() {
        // Now, while the form with the typed text is still on the page.
        #[cfg(feature = "hydrate")]
        crate::client::boot::keep_draft();
        effect(browser::load_sign_in);
    }
    let feedback = Feedback::get();
    let location = use_location();
    let here = move || {
        let search = location.search.get();
        location.pathname.get() + if search.is_empty() { "" } else { "?" } + &search
    };
    let again = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        feedback.refresh();
    };
    let next = if error.is_unauthenticated() {
        view! { <a class="button primary" href="/sign-in" rel="external">"Sign in"</a> }.into_any()
    } else {
        view! { <a class="button primary" href=here rel="external" on:click=again>"Try again"</a> }
            .into_any()
    };
    view! {
        <section class="empty" role="alert">
            {Icon::WARNING.draw()}
            <h2>"This page can't be shown right now"</h2>
            <p>{error.message}</p>
            {next}
        </section>
    }
    .into_any()
}

/// Gives the page the status of an error that a later request may not meet.
#[cfg(feature = "ssr")]
fn refuse(error: &FnError) {
    let (Some(seconds), Ok(status), Some(response)) = (
        error.retry_after,
        http::StatusCode::from_u16(error.http_status()),
        use_context::<leptos_axum::ResponseOptions>(),
    ) else {
        return;
    };
    response.set_status(status);
    response.insert_header(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
}

/// The view of an address without content.
pub fn missing(what: &'static str, way_out: AnyView) -> AnyView {
    let hint = "Check the address for typos. The page may also have been deleted.";
    absent(what, String::new(), hint, way_out)
}

/// As [`missing`], with words of its own. A page can become this while it is open, so it is announced.
pub fn absent(title: &'static str, what: String, hint: &'static str, way_out: AnyView) -> AnyView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        // Without an account, there is no navigation with it.
        <div class="lost">{mark()}</div>
        <PageHead title=title />
        <section class="empty" role="status">
            {Icon::SEARCH.draw()} {(!what.is_empty()).then(|| view! { <h2>{what}</h2> }.into_any())} <p>{hint}</p>
            {way_out}
        </section>
    }
    .into_any()
}
