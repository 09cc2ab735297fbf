//! Tables, charts and lists.

use leptos::prelude::*;
use shared::list::ListQuery;
use shared::moment::Moment;
use shared::status::Status;
use shared::usage::{DayCalls, Sparkline};
use shared::view::{Columns, Counts, KeyPage, KeyView};
use shared::{DAY_MS, MINUTE_MS};

use super::section;
use crate::keys::calls;
use crate::pages::api_control;

/// The instant of the guide, in UTC epoch milliseconds.
const NOW: i64 = 1_796_000_000_000;

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

/// The table of keys as API Control shows it, with a filter on and a key in each state.
fn table() -> AnyView {
    let moment = |at: i64| Moment {
        at,
        rfc3339: "1970-01-01T00:00:00.000Z".to_owned(),
        text: "Thu 1 Jan 1970, 00:00 UTC".to_owned(),
        local: "1970-01-01T00:00".to_owned(),
    };
    let key = |number: u32, name: &str, description: &str, expires: i64, used: bool| KeyView {
        access_key: format!("kh_000000000000000{number}"),
        name: name.to_owned(),
        description: description.to_owned(),
        status: Status::at(Some(expires), NOW, 14 * DAY_MS),
        created: moment(0),
        expires: Some(moment(expires)),
        used: used.then(|| moment(NOW - 2 * MINUTE_MS)),
        calls: Sparkline {
            accepted: if used { 40 } else { 0 },
            refused: 0,
            days: if used {
                "123456789012345678901234567890"
            } else {
                ""
            }
            .to_owned(),
        },
        version: String::new(),
        offers: Vec::new(),
    };
    let page = KeyPage {
        now: NOW,
        window: 14 * DAY_MS,
        time_zone: "UTC".to_owned(),
        keys: vec![
            key(1, "Checkout", "Production", NOW + 82 * DAY_MS, true),
            key(2, "Label printer", "Leipzig", NOW + 3 * DAY_MS, false),
            key(3, "Old monitoring", "Replaced", NOW - 40 * DAY_MS, true),
        ],
        counts: Counts {
            active: 1,
            expiring_soon: 1,
            expired: 1,
        },
        page: 2,
        pages: 5,
        size: 25,
        columns: Columns::default(),
    };
    let query = ListQuery::parse("e", "", "this_month", "", "2");
    view! { <div class="list" inner_html=api_control::html(&page, &query, "2026-11-30".to_owned())></div> }.into_any()
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
