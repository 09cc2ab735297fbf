//! The form of the time zone and the warning window.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::validation;
use shared::version::of_preferences;
use shared::view::AccountView;
use vault::zones::{Offered, Zone, offered};

use super::setting;
use crate::forms::field::TextField;
use crate::forms::form::{Form, FormState, Submit};
use crate::server_fns::account::SavePreferences;

pub fn section(account: AccountView, now: i64) -> AnyView {
    let about = "How we write dates for you, and how early a key counts as expiring soon.";
    let card = form(account, now);
    setting("preferences", "Dates and warnings", about.into_any(), card)
}

fn form(account: AccountView, now: i64) -> AnyView {
    let here = Offered::at(Zone::stored(&account.time_zone), now);
    let clock = format!(
        "It's {} there now ({}). Type a city to change it. A date without a time means the end of that day.",
        here.time, here.offset
    );
    let state = FormState::new(SavePreferences::PATH);
    let version = state.versioned(of_preferences(&account.time_zone, account.warning_days));
    let days = validation::WARNING_DAYS;
    view! {
        <Form state=state>
            {version}
            <TextField
                state=state
                name="time_zone"
                label="Time zone"
                value=account.time_zone
                list="time-zones"
                help=clock
            />
            <datalist id="time-zones">{options(now)}</datalist>
            <TextField
                state=state
                name="warning_days"
                label="Warning window (days)"
                value=account.warning_days.to_string()
                input_mode="numeric"
                help=format!(
                    "How many days ahead a key counts as expiring soon, from {} to {}.",
                    days.start(),
                    days.end(),
                )
            />
            <Submit state=state label="Save preferences" class="button" />
        </Form>
    }
    .into_any()
}

/// The time zones to choose from. Browsers search names and labels alike.
fn options(now: i64) -> Vec<AnyView> {
    let zones = offered(now).into_iter();
    zones
        .map(|zone| view! { <option value=zone.name label=zone.label()></option> }.into_any())
        .collect()
}
