//! The Dashboard: the keys that need attention, the first steps of a new account, the expirations ahead and the latest
//! calls. Only the banner is built in the browser; the rest comes as HTML.

mod needs_you;
#[cfg(feature = "ssr")]
pub mod parts;

use std::rc::Rc;

use leptos::prelude::*;
use shared::view::overview::Dashboard;

use crate::client::call::query;
use crate::client::timers::Delay;
use crate::keys::first_call::ask_soon;
use crate::keys::key_actions::create_key_link;
use crate::server_fns::overview::ShowOverview;
use crate::ui::answer::{kept, problem};
use crate::ui::clock::ticking;
use crate::ui::done_note::done_note;
use crate::ui::head::PageHead;
use crate::ui::reactive::{effect, memo};
use crate::ui::served::{part, served};
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;

#[component]
pub fn DashboardPage() -> impl IntoView {
    let revision = Feedback::get().revision;
    let overview = query::<ShowOverview>(Vec::new, Some(revision));
    view! {
        <PageHead title="Dashboard" action=create_key_link() />
        {done_note()}
        {kept(overview, |_| String::new(), content, problem)}
    }
    .into_any()
}

fn content(dashboard: Memo<Dashboard>) -> AnyView {
    let now = ticking(dashboard.with_untracked(|dashboard| dashboard.now));
    let settling = Settling::new();
    let feedback = Feedback::get();
    let due = memo(move || {
        dashboard.with(|dashboard| dashboard.next.is_some_and(|next| next <= now.get()))
    });
    effect(move || {
        if due.get() {
            feedback.refresh();
        }
    });
    wait_for_call(
        memo(move || dashboard.with(|dashboard| dashboard.waits)),
        feedback,
    );
    let html = |of: fn(&Dashboard) -> &String| {
        part(memo(move || {
            dashboard.with(|dashboard| of(dashboard).clone())
        }))
    };
    let content = view! {
        {html(|dashboard| &dashboard.notes)}
        {needs_you::banner(dashboard, now, settling)}
        {html(|dashboard| &dashboard.put_off)}
        {html(|dashboard| &dashboard.steps)}
        {html(|dashboard| &dashboard.rest)}
    };
    served(content.into_any(), settling)
}

/// Asks for the first call while the page waits for one and is visible.
fn wait_for_call(waits: Memo<bool>, feedback: Feedback) {
    let delay = Delay::new();
    effect(move || {
        if waits.get() {
            ask_soon(delay, Vec::new(), Rc::new(move || feedback.refresh()));
        } else {
            delay.stop();
        }
    });
}
