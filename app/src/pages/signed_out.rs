//! The page after the sign-out of a session that a portal link began: such an account has no sign-in here.

use leptos::prelude::*;

use super::mail_link::gate;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;

/// The way on. The server provides it.
#[derive(Clone, Debug)]
pub struct WayOn {
    pub href: String,
    /// What people call the app.
    pub app: String,
}

#[component]
pub fn SignedOutPage() -> impl IntoView {
    let way = match use_context::<WayOn>() {
        Some(WayOn { href, app }) => view! {
            <p>
                <a class="button primary" href=href>
                    {format!("Go to {app}")}
                </a>
            </p>
        }
        .into_any(),
        None => {
            view! { <p class="muted">"To see your API keys again, open them from your app."</p> }
                .into_any()
        }
    };
    gate(
        view! {
            <PageHead title="You're signed out" />
            <p class="note good" role="status">
                {Icon::CHECK.draw()}
                <span>"Your session has ended, and this browser no longer sees your API keys."</span>
            </p>
            {way}
        }
        .into_any(),
    )
}
