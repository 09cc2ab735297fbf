//! The form of the time zone and the warning window.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::dates::{ClockStyle, DateStyle, Writing};
use shared::validation;
use vault::Account;
use vault::zones::{Offered, Zone, offered};
use vault::{date_of, time_of_day};

use crate::forms::field::TextField;
use crate::forms::form::{Form, FormState, Submit};
use crate::pages::setting::setting;
use crate::server_fns::account::SavePreferences;
use crate::ui::icon::Icon;
use crate::ui::standing::allows;

pub fn section(account: Account, now: i64) -> AnyView {
    let about = "How we write dates for you, and how early a key counts as expiring soon.";
    let card = if allows(SavePreferences::PATH) {
        form(account, now)
    } else {
        facts(&account, now)
    };
    setting("preferences", "Dates and warnings", about.into_any(), card)
}

/// The same for a session that may not change it.
fn facts(account: &Account, now: i64) -> AnyView {
    let zone = account.time_zone;
    let window = match account.warning_days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    let fact = |name: &'static str, value: String| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <dl class="facts">
            {fact("Time zone", zone.name().to_owned())} {fact("Date format", date_of(now, zone))}
            {fact("Time format", time_of_day(now, zone))} {fact("Warning window", window)}
        </dl>
    }
    .into_any()
}

fn form(account: Account, now: i64) -> AnyView {
    let zone = account.time_zone;
    let here = Offered::at(zone, now);
    let clock = format!(
        "It's {} there now ({}). Type a city to change it. A date without a time means the end of that day.",
        here.time, here.offset
    );
    let state = FormState::new(SavePreferences::PATH);
    let version = state.versioned(account.preferences_version());
    let days = validation::WARNING_DAYS;
    view! {
        <Form state=state>
            {version}
            <TextField
                state=state
                name="time_zone"
                label="Time zone"
                value=zone.name()
                list="time-zones"
                help=clock
            />
            <datalist id="time-zones">{options(zone, now)}</datalist>
            {dates(state, zone, now)}
            {clocks(state, zone, now)}
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
            <Submit state=state label="Save preferences" />
        </Form>
    }
    .into_any()
}

/// The time zones to choose from. Browsers search names and labels alike.
fn options(zone: Zone, now: i64) -> Vec<AnyView> {
    let zones = offered(now, zone.writing()).into_iter();
    zones
        .map(|zone| view! { <option value=zone.name label=zone.label()></option> }.into_any())
        .collect()
}

/// The styles of dates, each by today's date in it.
fn dates(state: FormState, zone: Zone, now: i64) -> AnyView {
    let present = state.value("date_style", zone.writing().date.slug());
    let choices = DateStyle::ALL.map(|date| {
        let sample = date_of(
            now,
            zone.written(Writing {
                date,
                ..zone.writing()
            }),
        );
        (date.slug(), sample)
    });
    radios(
        state,
        ("date_style", "Date format"),
        choices.to_vec(),
        &present,
    )
}

/// The styles of clocks, each by the time in it.
fn clocks(state: FormState, zone: Zone, now: i64) -> AnyView {
    let present = state.value("clock_style", zone.writing().clock.slug());
    let choices = ClockStyle::ALL.map(|clock| {
        let sample = time_of_day(
            now,
            zone.written(Writing {
                clock,
                ..zone.writing()
            }),
        );
        (clock.slug(), sample)
    });
    radios(
        state,
        ("clock_style", "Time format"),
        choices.to_vec(),
        &present,
    )
}

fn radios(
    state: FormState,
    (name, legend): (&'static str, &'static str),
    choices: Vec<(&'static str, String)>,
    present: &str,
) -> AnyView {
    let choices: Vec<_> = choices
        .into_iter()
        .map(|(value, sample)| {
            let checked = value == present;
            view! {
                <label class="choice">
                    <input type="radio" name=name value=value checked=checked />
                    <span>{sample}</span>
                </label>
            }
            .into_any()
        })
        .collect();
    let note_id = state.id(name) + "-note";
    let wrong = state.error(name).get_untracked().map(|message| {
        view! {
            <p class="help wrong" id=note_id.clone()>
                {Icon::WARNING.draw()}
                <span>{message}</span>
            </p>
        }
    });
    let described = wrong.is_some().then_some(note_id);
    view! {
        <fieldset class="field choices" aria-describedby=described>
            <legend>{legend}</legend>
            <div class="presets">{choices}</div>
            {wrong}
        </fieldset>
    }
    .into_any()
}
