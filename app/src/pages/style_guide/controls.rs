//! Buttons, menus, pills, chips and fields.

use leptos::prelude::*;
use shared::validation::FieldErrors;

use super::{room, section};
use crate::error::FnError;
use crate::forms::field::{TextArea, TextField};
use crate::forms::form::FormState;
use crate::forms::form_replay::Replay;
use crate::ui::icon::Icon;
use crate::ui::status;

/// The paths of the two forms. No function is there.
const PLAIN: &str = "/fn/style/plain";
const WRONG: &str = "/fn/style/wrong";

pub fn sections() -> AnyView {
    view! {
        {section("buttons", "Buttons", buttons())}
        {section("menu", "Menu", menu())}
        {section("pills", "Pills and chips", pills())}
        {section("fields", "Fields", fields())}
        {section("choices", "Choices", choices())}
    }
    .into_any()
}

fn buttons() -> AnyView {
    view! {
        <p class="row">
            <button type="button" class="button primary">{Icon::PLUS.draw()} "Primary"</button>
            <button type="button" class="button">"Button"</button>
            <button type="button" class="button quiet">"Quiet"</button>
            <button type="button" class="button danger">"Danger"</button>
            <button type="button" class="button quiet danger">"Quiet danger"</button>
            <a class="button" href="/style">"Link"</a>
        </p>
        <p class="row">
            <a class="button edit" href="/style">"Edit"</a>
            <button type="button" class="button small">"Small"</button>
            <button type="button" class="button quiet compact" aria-label="Close">{Icon::CLOSE.draw()}</button>
            <button type="button" class="button quiet" aria-pressed="true">"Pressed"</button>
            <button type="button" class="button primary" aria-busy="true" aria-disabled="true">"Saving…"</button>
            <button type="button" class="button" disabled>"Disabled"</button>
        </p>
        <p class="row">
            <span class="together">
                <code>"kh_3d72avsn8cdp5ctm"</code>
                {copy(false)}
            </span>
            <span class="together">
                <code>"kh_3d72avsn8cdp5ctm"</code>
                {copy(true)}
            </span>
        </p>
    }
    .into_any()
}

/// The markup of a copy button, which without script is hidden.
fn copy(done: bool) -> AnyView {
    let (icon, word) = if done {
        (Icon::DONE, "Copied")
    } else {
        (Icon::COPY, "Copy")
    };
    view! {
        <button type="button" class="button quiet copy compact" class:done=done>
            {icon.draw()}
            <span class="word">{word}</span>
            <span class="visually-hidden">" access key"</span>
        </button>
    }
    .into_any()
}

fn menu() -> AnyView {
    view! {
        <div class="row">
            <span>"A row of a table"</span>
            <a class="button edit" href="/style">"Edit"</a>
            <details class="menu" open>
                <summary class="button quiet compact" aria-label="More">{Icon::MORE.draw()}</summary>
                <div class="menu-items">
                    <a class="button quiet" href="/style">"Extend…"</a>
                    <a class="button quiet" href="/style">"Copy access key"</a>
                    <button type="button" class="button quiet">"Expire now"</button>
                    <hr />
                    <a class="button quiet danger" href="/style">"Delete…"</a>
                </div>
            </details>
        </div>
        {room(176)}
    }
    .into_any()
}

fn pills() -> AnyView {
    view! {
        <p class="row">
            {status::fixed("active", Icon::CHECK, "Active · 82 days")}
            {status::fixed("expiring", Icon::CLOCK, "Expires in 3 days")}
            {status::fixed("expired", Icon::STOP, "Expired 2 days ago")}
            {status::fixed("", Icon::CLOCK, "Waiting")}
        </p>
        <p class="row">
            <span class="chip">
                "Never used"
                <a href="/style" aria-label="Remove the filter Never used">{Icon::CLOSE.draw()}</a>
            </span>
            <span class="chip">
                "Expires this month"
                <button type="button" aria-label="Remove the filter Expires this month">{Icon::CLOSE.draw()}</button>
            </span>
        </p>
    }
    .into_any()
}

fn fields() -> AnyView {
    let mut errors = FieldErrors::one("name", "Give the key a name.");
    errors.add("description", "Use at most 500 characters.");
    provide_context(Replay {
        path: WRONG.to_owned(),
        page: "/style".to_owned(),
        fields: vec![(
            "description".to_owned(),
            "Reads the orders of the day.".to_owned(),
        )],
        outcome: Err(FnError::from(errors)),
    });
    let (plain, wrong) = (FormState::new(PLAIN), FormState::new(WRONG));
    let help = "Optional.";
    view! {
        <div class="form">
            <TextField state=plain name="name" label="Name" value="Nightly export" help="Shown in lists and emails." />
            <TextArea state=plain name="description" label="Description" value="Reads the orders of the day." help=help />
            <TextField state=wrong name="name" label="Name" />
            <TextArea state=wrong name="description" label="Description" />
            <div class="field">
                <label for="style-disabled">"Disabled"</label>
                <input id="style-disabled" value="Cannot be changed" disabled />
            </div>
            <div class="field">
                <label for="style-empty">"Empty"</label>
                <div class="beside">
                    <input id="style-empty" type="search" placeholder="Search name, description, key" />
                    <button type="button" class="button">{Icon::SEARCH.draw()} "Search"</button>
                </div>
            </div>
            <button type="button" class="button primary">"Save"</button>
        </div>
    }
    .into_any()
}

fn choices() -> AnyView {
    let radio = |label: &'static str, checked: bool| {
        view! {
            <label class="choice">
                <input type="radio" name="style-expiry" checked=checked />
                {label}
            </label>
        }
    };
    view! {
        <fieldset class="field choices">
            <legend>"Expiration"</legend>
            <div class="presets">{radio("30 days", false)} {radio("90 days", true)} {radio("Never", false)}</div>
            <p class="help">"Expires on Fri 26 Feb 2027, 20:20 UTC."</p>
        </fieldset>
        <div class="row">
            <label class="choice">
                <input type="checkbox" checked />
                "14 days before"
            </label>
            <label class="choice">
                <input type="checkbox" />
                "1 day before"
            </label>
            <label class="choice">
                <input type="checkbox" disabled />
                "Disabled"
            </label>
        </div>
        <div class="inline">
            <label for="style-select">"Extend by"</label>
            <select id="style-select">
                <option>"90 days"</option>
            </select>
            <button type="button" class="button">"Extend"</button>
        </div>
    }
    .into_any()
}
