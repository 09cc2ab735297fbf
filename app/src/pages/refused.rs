//! The page in the place of one that the session may not see.

use leptos::prelude::*;
use shared::capability::Need;

use crate::server_fns::context::RequestContext;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::layout::{back, home};

/// Provided while the server renders this page: what the other one needs.
#[derive(Clone, Copy, Debug)]
pub struct Refused(pub Need);

#[component]
pub fn RefusedPage(need: Need) -> impl IntoView {
    let request = RequestContext::current();
    let link = request.session.as_ref();
    let link = link.and_then(|session| back(session, &request.site));
    let link = link.map(|link| {
        view! {
            <a class="button primary" href=link.href rel="external">
                {link.text}
            </a>
        }
    });
    let (href, name) = home();
    view! {
        <PageHead title="Not included" />
        <section class="empty" role="status" data-testid="refused">
            {Icon::STOP.draw()} <h2>"This page is not part of your access"</h2> <p>{need.refusal()}</p>
            <div class="row">
                {link} <a class="button" href=href rel="external">
                    "Go to "
                    {name}
                </a>
            </div>
        </section>
    }
    .into_any()
}
