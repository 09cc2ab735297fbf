//! Tables, charts and lists.

use leptos::prelude::*;
use shared::usage::DayCalls;

use super::section;
use crate::keys::calls;
use crate::ui::icon::Icon;
use crate::ui::status;

pub fn sections() -> AnyView {
    view! {
        {section("table", "Table", table())}
        {section("chart", "Calls", calls::chart(days(), "in the last 14 days"))}
        {section("figures", "Figures", figures())}
    }
    .into_any()
}

/// Fourteen days, with a busy one, a silent one, and one with refusals alone.
fn days() -> Vec<DayCalls> {
    (0..14)
        .map(|day| DayCalls {
            day: format!("{} Nov", day + 9),
            accepted: if day % 5 == 3 { 0 } else { 40 + day * 37 % 90 },
            refused: if day > 9 { day * 3 } else { 0 },
        })
        .collect()
}

fn table() -> AnyView {
    let row = |name: &'static str, description: &'static str, pill: AnyView, used: &'static str| {
        view! {
            <tr>
                <th scope="row">
                    <a href="/style">
                        <bdi>{name}</bdi>
                    </a>
                    <span class="description">
                        <bdi>{description}</bdi>
                    </span>
                </th>
                <td data-label="Status">{pill}</td>
                <td class="used" data-label="Last used">{used}</td>
                <td class="last">
                    <div class="actions">
                        <a class="button edit" href="/style" aria-label=format!("Edit {name}")>"Edit"</a>
                        <span class="menu">
                            <button type="button" class="button quiet compact" aria-label=format!("More for {name}")>{Icon::MORE.draw()}</button>
                        </span>
                    </div>
                </td>
            </tr>
        }
    };
    view! {
        <table class="keys">
            <caption class="visually-hidden">"Keys. Dates are in UTC."</caption>
            <thead>
                <tr>
                    <th scope="col" aria-sort="ascending">
                        <a href="/style">"Name" {Icon::UP.draw()}</a>
                    </th>
                    <th scope="col">
                        <a href="/style">"Status"</a>
                    </th>
                    <th scope="col">
                        <a href="/style">"Last used"</a>
                    </th>
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                {row("Checkout", "Production", status::fixed("active", Icon::CHECK, "Active · 82 days"), "2 minutes ago")}
                {row("Label printer", "Leipzig", status::fixed("expiring", Icon::CLOCK, "Expires in 3 days"), "Never")}
                {row("Old monitoring", "Replaced", status::fixed("expired", Icon::STOP, "Expired"), "40 days ago")}
            </tbody>
        </table>
        <div class="pager">
            <a class="button" href="/style">"Previous"</a>
            <span>"Page 2 of 5"</span>
            <a class="button" href="/style">"Next"</a>
        </div>
    }
    .into_any()
}

fn figures() -> AnyView {
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th scope="col">"Status"</th>
                    <th scope="col">"Meaning"</th>
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">"401"</th>
                    <td>"The pair is wrong, or the key has expired."</td>
                </tr>
                <tr>
                    <th scope="row">"429"</th>
                    <td>"Too many wrong pairs. Wait, then try again."</td>
                </tr>
            </tbody>
        </table>
        <div class="example">
            <pre tabindex="0">
                <code>"curl -i -u 'kh_3d72avsn8cdp5ctm:khs_…' https://keys.example.com/verify"</code>
            </pre>
        </div>
    }
    .into_any()
}
