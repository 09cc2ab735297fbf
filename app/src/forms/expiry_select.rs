//! The choice of an expiration as one select, with the field beside it for a date, and a line with the resulting
//! instant. It works without JavaScript; `shared::expiry` parses its fields.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use shared::expiry::from_form;
use shared::validation::{self, FieldErrors};
use shared::view::Offer;

use super::form::{Fields, FormState};
use crate::client::call;
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

/// The choice of a new key.
pub const PRESELECTED: &str = "90d";

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

/// The key that gets another expiration.
#[derive(Clone)]
pub struct OfKey {
    pub access_key: String,
    /// The later expirations that it is offered, in the order of the choices.
    pub offers: Memo<Vec<Offer>>,
    /// The line is asked for while the control is visible.
    pub visible: Signal<bool>,
}

/// The choices of a control, of which the first ones stand for the offers to its key.
#[derive(Clone, Copy)]
struct Choices(Option<Memo<Vec<Offer>>>);

impl Choices {
    fn offer(self, at: usize) -> Option<Offer> {
        self.0
            .and_then(|offers| offers.with(|offers| offers.get(at).cloned()))
    }

    /// Returns the value of a choice in the grammar, which for an offer may be an instant.
    fn value(self, choice: &str) -> String {
        let place = CHOICES.iter().position(|(other, _)| *other == choice);
        let offer = place.and_then(|at| self.offer(at));
        offer.map_or_else(|| choice.to_owned(), |offer| offer.expiry)
    }

    /// Returns the choice with this value.
    fn find(self, value: &str) -> Option<&'static str> {
        let mut choices = CHOICES.iter().map(|(choice, _)| *choice);
        choices.find(|choice| *choice == value || self.value(choice) == value)
    }

    /// The options of the select. Once the key has another expiration, they stand for other values.
    fn options(self, first: &str) -> Vec<AnyView> {
        let option = |(at, (choice, text)): (usize, (&'static str, &'static str))| {
            let text = move || {
                let offer = self.offer(at);
                offer.map_or_else(
                    || text.to_owned(),
                    |offer| [&offer.label, " · ", &offer.day].concat(),
                )
            };
            view! {
                <option value=move || self.value(choice) selected=choice == first>
                    {text}
                </option>
            }
            .into_any()
        };
        CHOICES.into_iter().enumerate().map(option).collect()
    }
}

/// The select, its fields and its line, with the choice `first` preselected. `of` is none for a new key.
pub fn expiry_select(
    state: FormState,
    label: &'static str,
    time_zone: &str,
    first: &'static str,
    of: Option<OfKey>,
) -> AnyView {
    let today = today();
    let (id, note_id) = (state.id("expiry"), state.id("expiry-note"));
    let error = state.error("expiry");
    let choices = Choices(of.as_ref().map(|of| of.offers));
    let first = untrack(|| choices.find(&state.value("expiry", first))).unwrap_or(first);
    let choice = RwSignal::new(first);
    let date = RwSignal::new(state.value("expiry_date", ""));
    let datetime = RwSignal::new(state.value("expiry_datetime", ""));
    let fields = move || {
        vec![
            ("expiry", choices.value(choice.get())),
            ("expiry_date", date.get()),
            ("expiry_datetime", datetime.get()),
        ]
    };
    let line = resulting(fields, time_zone, of);
    // The error belongs to the field that holds the expiration.
    let wrong = move |field: &'static str| {
        flag(move || error.with(Option::is_some) && field_of(choice.get()) == field)
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
                        let value = event_target_value(&event);
                        choice.set(untrack(|| choices.find(&value)).unwrap_or(first));
                    }
                >
                    {choices.options(first)}
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

/// The field that holds the expiration of a choice.
fn field_of(choice: &str) -> &'static str {
    match choice {
        "date" => "expiry_date",
        "datetime" => "expiry_datetime",
        _ => "expiry",
    }
}

/// The line under the choice: the resulting instant, which the server computes of `fields`, or what a date means.
fn resulting(
    fields: impl Fn() -> call::Fields + 'static,
    time_zone: &str,
    of: Option<OfKey>,
) -> RwSignal<String> {
    let help = format!("{HELP} Dates are in {time_zone}.");
    let line = RwSignal::new(help.clone());
    let help = StoredValue::new(help);
    let questions = StoredValue::new(0_u32);
    effect(move || {
        let mut fields = fields();
        if let Some(of) = &of {
            fields.push(("access_key", of.access_key.clone()));
            if !of.visible.get() {
                return;
            }
        }
        questions.update_value(|questions| *questions += 1);
        let question = questions.get_value();
        spawn_local(async move {
            let answer = call::call(ShowExpiry::PATH, fields).await;
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
