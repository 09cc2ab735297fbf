//! The use of the key: its calls over a range that the address holds, and its last callers.

use leptos::prelude::*;
use shared::usage::{CallRange, CallerView};

use super::{Calls, Shown};
use crate::keys::calls;
use crate::keys::key_actions::key_path;
use crate::ui::answer::answered;
use crate::ui::icon::Icon;
use crate::ui::reactive::reactive;
use crate::ui::{moment, status};

pub fn calls(key: Shown, calls: Calls) -> AnyView {
    let Calls { range, answer } = calls;
    let path = key
        .detail
        .with_untracked(|detail| key_path(&detail.key.access_key));
    let link = move |one: CallRange| {
        view! {
            <li>
                <a
                    href=format!("{path}?calls={}", one.slug())
                    data-noscroll
                    aria-current=move || (range.get() == one).then_some("true")
                >
                    {one.label()}
                </a>
            </li>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="calls-title">
            <div class="card-head">
                <h2 id="calls-title">"Calls"</h2>
                <nav class="ranges" aria-label="Range of the calls">
                    <ul>{CallRange::ALL.map(link).collect_view()}</ul>
                </nav>
            </div>
            {answered(answer, move |bars| calls::chart_of(bars, range.get_untracked()))}
        </section>
    }
    .into_any()
}

pub fn callers(key: Shown) -> AnyView {
    let list = move || {
        let callers = key.detail.with(|detail| detail.callers.clone());
        if callers.is_empty() {
            return view! { <p class="muted">"No calls with this key yet."</p> }.into_any();
        }
        let callers = callers.into_iter().map(|one| caller(one, key.now));
        view! { <ul class="callers">{callers.collect_view()}</ul> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="callers-title">
            <h2 id="callers-title">"Recent callers"</h2>
            {reactive(list)}
        </section>
    }
    .into_any()
}

fn caller(caller: CallerView, now: Signal<i64>) -> AnyView {
    let (address, agent) = named(&caller);
    view! {
        <li>
            <bdi class="address">{address}</bdi>
            <bdi class="agent" title=agent.clone()>
                {agent.clone()}
            </bdi>
            {caller.refused.then(|| status::fixed("expired", Icon::STOP, "Refused: expired"))}
            {moment::ago(caller.seen, now)}
        </li>
    }
    .into_any()
}

/// The address and the user agent of a caller, or the words for an unknown one.
pub fn named(caller: &CallerView) -> (String, String) {
    let or = |text: &str, none: &str| if text.is_empty() { none } else { text }.to_owned();
    (
        or(&caller.address, "Unknown address"),
        or(&caller.agent, "No user agent"),
    )
}
