//! The frame of the pages that links in mails lead to.
//!
//! They are rarely opened and hold one form, so they come without script and are not part of the WASM. Opening a link
//! changes nothing, because mail scanners open every link they see.

use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_location;
use shared::view::notices::LinkView;

use crate::brand::mark;
use crate::error::FnError;
use crate::forms::form::FormState;
use crate::server_fns::context::RequestContext;
use crate::server_fns::links::show_link;
use crate::ui::head::PageHead;

/// The page of a link: `show` renders it from the link's action and its token, unless the link belongs to another page.
pub fn linked(
    state: FormState,
    show: impl FnOnce(LinkView, String) -> Option<AnyView> + Send + 'static,
) -> AnyView {
    let token = state.value("token", query("token"));
    let content = Suspend::new(async move {
        match show_link(token.clone()).await {
            Ok(link) => show(link, token).unwrap_or_else(gone),
            Err(error) if error.code == FnError::LINK_GONE => gone(),
            Err(error) => {
                set_status(&error);
                view! {
                    <PageHead title="This page can't be shown right now" />
                    <p>{error.message}</p>
                    <p>"Then open the link again."</p>
                }
                .into_any()
            }
        }
    });
    gate(view! { <Suspense>{content}</Suspense> }.into_any())
}

/// The page of a link that was used, has expired, or never existed.
fn gone() -> AnyView {
    set_status(&vault::Error::LinkGone.into());
    view! {
        <PageHead title="This link no longer works" />
        <p>"It's been used, a newer one has replaced it, or it has expired."</p>
        <ul class="ways">
            <li>"To set a new password, " <a href="/forgot-password">"request a new link"</a> "."</li>
            <li>"To confirm an address, sign in and request a new link in " <a href="/preferences/notices">"Notices"</a> "."</li>
        </ul>
    }
    .into_any()
}

fn set_status(error: &FnError) {
    if let (Some(response), Ok(status)) = (
        use_context::<ResponseOptions>(),
        http::StatusCode::from_u16(error.http_status()),
    ) {
        response.set_status(status);
    }
}

/// Returns a parameter of the address.
pub fn query(name: &str) -> String {
    use_location()
        .query
        .with_untracked(|query| query.get_str(name).unwrap_or_default().to_owned())
}

/// A narrow page with one purpose. With a session, the navigation links home instead of the name.
pub fn gate(content: AnyView) -> AnyView {
    let stranger = use_context::<RequestContext>().is_none_or(|request| request.session.is_none());
    view! { <div class="gate">{stranger.then(mark)} {content}</div> }.into_any()
}
