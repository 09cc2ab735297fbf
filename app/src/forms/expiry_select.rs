//! The choice of an expiration as one select, with the field beside it for a date, and a line with the resulting
//! instant. It works without JavaScript; `shared::expiry` parses its fields.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::expiry::from_form;
use shared::validation::{self, FieldErrors};

use super::form::{Fields, FormState};
use crate::client::call::call;
use crate::server_fns::keys::ShowExpiry;
use crate::ui::icon::Icon;
use crate::ui::layout::today;
use crate::ui::reactive::{effect, flag, fresh, reactive};

const CHOICES: [(&str, &str); 7] = [
    ("30d", "In 30 days"),
    ("60d", "In 60 days"),
    (PRESELECTED, "In 90 days"),
    ("365d", "In 365 days"),
    ("date", "On a date…"),
    ("datetime", "At a date and time…"),
    ("never", "Never"),
];

const PRESELECTED: &str = "90d";

const HELP: &str = "A date means the end of that day.";

/// Returns the expiration that a form asks for, in the grammar of `shared::expiry`.
pub fn chosen(fields: &Fields) -> String {
    let [choice, date, datetime] =
        ["expiry", "expiry_date", "expiry_datetime"].map(|field| fields.text(field));
    from_form(&choice, &date, &datetime).to_owned()
}

/// Checks a form that asks for an expiration alone.
pub fn check(fields: &Fields) -> FieldErrors {
    validation::expiry(&chosen(fields))
        .err()
        .unwrap_or_default()
}

/// The select, its fields and its line. The line is asked for while the control is `visible`. `access_key` is that of the
/// key which gets the expiration; empty for a new one.
pub fn expiry_select(
    state: FormState,
    label: &'static str,
    time_zone: &str,
    access_key: String,
    visible: Signal<bool>,
) -> AnyView {
    let today = today();
    let (id, note_id) = (state.id("expiry"), state.id("expiry-note"));
    let error = state.error("expiry");
    let first = sent(state);
    let choice = RwSignal::new(first.to_owned());
    let date = RwSignal::new(state.value("expiry_date", ""));
    let datetime = RwSignal::new(state.value("expiry_datetime", ""));
    let line = resulting(visible, choice, date, datetime, time_zone, access_key);
    // The error belongs to the field that holds the expiration.
    let wrong = move |field: &'static str| {
        flag(move || error.with(Option::is_some) && choice.with(|choice| field_of(choice) == field))
    };
    let option = |(value, text): (&'static str, &'static str)| {
        view! {
            <option value=value selected=value == first>
                {text}
            </option>
        }
        .into_any()
    };
    let beside = |field: &'static str,
                  kind: &'static str,
                  label: &'static str,
                  midnight: &'static str,
                  max: &'static str,
                  text: RwSignal<String>| {
        view! {
            <input
                type=kind
                name=field
                aria-label=label
                aria-describedby=note_id.clone()
                aria-invalid=wrong(field)
                value=text.get_untracked()
                min=move || today.get() + midnight
                max=max
                on:input=move |event| {
                    state.forget_errors();
                    text.set(event_target_value(&event));
                }
            />
        }
        .into_any()
    };
    view! {
        <div class="field expiry">
            <label for=id.clone()>{label}</label>
            <div class="expiry-choice">
                <select
                    id=id
                    name="expiry"
                    aria-describedby=note_id.clone()
                    aria-invalid=wrong("expiry")
                    on:change=move |event| {
                        state.forget_errors();
                        choice.set(event_target_value(&event));
                    }
                >
                    {CHOICES.map(option).collect_view()}
                </select>
                {beside("expiry_date", "date", "Date", "", "9999-12-31", date)}
                {beside(
                    "expiry_datetime",
                    "datetime-local",
                    "Date and time",
                    "T00:00",
                    "9999-12-31T23:59",
                    datetime,
                )}
            </div>
            <p
                id=note_id.clone()
                class="help"
                class:wrong=move || error.with(Option::is_some)
                class:caution=move || line.with(|line| is_caution(line))
                aria-live="polite"
            >
                {reactive(move || {
                    let error = error.get();
                    let line = error.clone().unwrap_or_else(|| line.get());
                    let warns = error.is_some() || is_caution(&line);
                    view! {
                        {warns.then(|| Icon::WARNING.draw())}
                        {fresh(view! { <span>{line}</span> })}
                    }
                        .into_any()
                })}
            </p>
        </div>
    }
    .into_any()
}

/// Returns whether a line is more than the plain instant or the help: that there is none, or that it cannot be.
fn is_caution(line: &str) -> bool {
    !line.starts_with("Expires ") && !line.starts_with(HELP)
}

/// Returns the choice in the post that is being answered, or the preselected one.
fn sent(state: FormState) -> &'static str {
    let sent = state.value("expiry", PRESELECTED);
    let found = CHOICES.iter().find(|(value, _)| *value == sent);
    found.map_or(PRESELECTED, |(value, _)| value)
}

/// The field that holds the expiration of a choice.
fn field_of(choice: &str) -> &'static str {
    match choice {
        "date" => "expiry_date",
        "datetime" => "expiry_datetime",
        _ => "expiry",
    }
}

/// The line under the choice: the resulting instant, which the server computes, or what a date means.
fn resulting(
    visible: Signal<bool>,
    choice: RwSignal<String>,
    date: RwSignal<String>,
    datetime: RwSignal<String>,
    time_zone: &str,
    access_key: String,
) -> RwSignal<String> {
    let help = format!("{HELP} Dates are in {time_zone}.");
    let line = RwSignal::new(help.clone());
    let help = StoredValue::new(help);
    let questions = StoredValue::new(0_u32);
    effect(move || {
        let fields = vec![
            ("expiry", choice.get()),
            ("expiry_date", date.get()),
            ("expiry_datetime", datetime.get()),
            ("access_key", access_key.clone()),
        ];
        if !visible.get() {
            return;
        }
        questions.update_value(|questions| *questions += 1);
        let question = questions.get_value();
        spawn_local(async move {
            let answer = call(ShowExpiry::PATH, fields).await;
            let sentence: String = answer.and_then(|json| json.read()).unwrap_or_default();
            // Only the answer to the last question counts. The control may have left the page by now.
            if questions.try_get_value() == Some(question) {
                let sentence = if sentence.is_empty() {
                    help.try_get_value().unwrap_or_default()
                } else {
                    sentence
                };
                let _ = line.try_set(sentence);
            }
        });
    });
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server accepts each choice as the form sends it.
    #[test]
    fn every_choice_is_one_of_the_grammar() {
        let mut preselected = 0;
        for (value, _) in CHOICES {
            let text = from_form(value, "2126-11-26", "2126-11-26T18:30");
            assert!(validation::expiry(text).is_ok(), "{value}");
            assert_eq!(field_of(value) == "expiry", text == value, "{value}");
            preselected += usize::from(value == PRESELECTED);
        }
        assert_eq!(preselected, 1);
    }

    #[test]
    fn a_line_without_an_instant_is_a_caution() {
        assert!(!is_caution(
            "Expires Fri 26 Feb 2027, 20:20 UTC, in 90 days."
        ));
        assert!(!is_caution(&format!("{HELP} Dates are in UTC.")));
        assert!(is_caution(
            "Never expires. If the key leaks, it works until you expire it."
        ));
        assert!(is_caution("This date is in the past. Choose a later one."));
    }

    #[test]
    fn the_field_beside_a_choice_counts_for_that_choice_only() {
        let dates = |choice| {
            Fields::given(match choice {
                "date" => &[
                    ("expiry", "date"),
                    ("expiry_date", "2026-11-26"),
                    ("expiry_datetime", "2027-01-01T18:30"),
                ],
                "datetime" => &[
                    ("expiry", "datetime"),
                    ("expiry_date", "2026-11-26"),
                    ("expiry_datetime", "2027-01-01T18:30"),
                ],
                _ => &[("expiry", "90d"), ("expiry_date", "2026-11-26")],
            })
        };
        for (choice, expiry) in [
            ("date", "2026-11-26"),
            ("datetime", "2027-01-01T18:30"),
            ("90d", "90d"),
        ] {
            assert_eq!(chosen(&dates(choice)), expiry);
            assert!(check(&dates(choice)).is_empty());
        }
        let missing = Some("Choose when the key expires.");
        let dateless = Fields::given(&[("expiry", "date"), ("expiry_date", "")]);
        assert_eq!(check(&dateless).get("expiry"), missing);
    }
}
