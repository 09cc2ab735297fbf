//! Snoozing: the menu in a line of the banner, and the list of the keys that are snoozed.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::HOUR_MS;
use shared::moment::{Moment, unbroken};
use shared::relative::relative;
use shared::view::KeyView;
use shared::view::overview::{Overview, SnoozedKey};

use super::Rendering;
use crate::keys::key_actions::key_path;
use crate::server_fns::overview::SnoozeKey;
use crate::ui::icon::Icon;
use crate::ui::served::{PlainForm, named};

/// The menu of choices: until when. The last one is until the key expires, unless it has.
pub fn menu(key: &KeyView, overview: &Overview, rendering: &Rendering<'_>) -> AnyView {
    // A form without script was refused: its message is in the menu.
    let refused = rendering.replay.as_ref().filter(|replay| {
        replay.path == SnoozeKey::PATH && replay.field("access_key") == Some(&key.access_key)
    });
    let refused = refused.and_then(|replay| replay.error());
    let message = refused.map(|error| {
        error
            .fields
            .values()
            .next()
            .cloned()
            .unwrap_or_else(|| error.message.clone())
    });
    let expires = key.expires.as_ref().filter(|end| end.at > overview.now);
    let until_then = expires.map(|end| choice("Until it expires", &end.rfc3339, end.text.clone()));
    // Those that end before the key does; the alarm is another one then.
    let in_time = overview.later.iter().zip([1, 7, 30]).filter(|(_, days)| {
        expires.is_none_or(|end| end.at > overview.now + days * shared::DAY_MS)
    });
    let choices: Vec<AnyView> = in_time
        .map(|(later, _)| choice(later.label, later.until, later.day.clone()))
        .collect();
    let form = |content: AnyView, class| {
        let form = PlainForm {
            path: SnoozeKey::PATH,
            fields: &[("access_key", &key.access_key)],
            snoozes: Some(&key.access_key),
            class,
            ..PlainForm::default()
        };
        form.holding(content)
    };
    let label = format!("Snooze {} until", key.name);
    let tomorrow = overview.tomorrow.clone();
    let echo = format!("echo-{}", key.access_key);
    let date = view! {
        <label>
            <span class="visually-hidden">{label}</span>
            <input type="date" name="until" min=tomorrow required aria-describedby=echo.clone() />
        </label>
        <button type="submit" class="button">
            "Snooze"
            {named(&key.name)}
        </button>
        <p class="help echo" id=echo></p>
        {message.map(refusal)}
    };
    view! {
        <details class="menu snooze" open=refused.is_some()>
            <summary class="button quiet">{Icon::CLOCK.draw()} <span class="word">"Snooze"</span> {named(&key.name)}</summary>
            <div class="menu-items">
                {form(view! { {choices} {until_then} }.into_any(), "choices")} <hr />
                {form(date.into_any(), "until")}
            </div>
        </details>
    }
    .into_any()
}

fn choice(label: &'static str, until: &str, day: String) -> AnyView {
    let until = until.to_owned();
    view! {
        <button type="submit" class="button quiet" name="until" value=until>
            <span>{label}</span>
            <span class="muted">{day}</span>
        </button>
    }
    .into_any()
}

fn refusal(message: String) -> AnyView {
    view! {
        <p class="help wrong" role="alert">
            {Icon::WARNING.draw()}
            <span>{message}</span>
        </p>
    }
    .into_any()
}

/// The keys that are snoozed, folded away.
pub fn put_off(keys: &[SnoozedKey]) -> Option<AnyView> {
    let summary = match keys.len() {
        0 => return None,
        1 => "1 snoozed key".to_owned(),
        many => format!("{many} snoozed keys"),
    };
    let lines: Vec<AnyView> = keys.iter().map(line).collect();
    Some(
        view! {
            <details class="snoozed">
                <summary>{Icon::CLOCK.draw()} {summary}</summary>
                <ul class="lines">{lines}</ul>
            </details>
        }
        .into_any(),
    )
}

fn line(key: &SnoozedKey) -> AnyView {
    let again = PlainForm {
        path: SnoozeKey::PATH,
        fields: &[("access_key", &key.access_key), ("until", "now")],
        ..PlainForm::default()
    };
    let (until, text) = (key.until.rfc3339.clone(), unbroken(&key.until.text));
    view! {
        <li>
            <a href=key_path(&key.access_key) title=key.name.clone()>
                <bdi>{key.name.clone()}</bdi>
            </a>
            <span class="when">"until " <time datetime=until>{text}</time></span>
            {again.button("button small", "Show again", Some(&key.name))}
        </li>
    }
    .into_any()
}

/// An instant and its distance, which stands still until the page asks again, and so is never told in seconds.
pub fn when(moment: &Moment, now: i64) -> AnyView {
    let (at, text) = (moment.rfc3339.clone(), unbroken(&moment.text));
    view! {
        <span class="when">
            <time datetime=at>{text}</time>
            " "
            <span class="relative">
                {if moment.at - now < HOUR_MS {
                    "within the hour".to_owned()
                } else {
                    relative(moment.at, now)
                }}
            </span>
        </span>
    }
    .into_any()
}
