//! The choice of an expiration: so many days, a date, a date and time, or never. It consists of plain radio buttons and
//! inputs and works without JavaScript; `shared::expiry` parses its fields.

use leptos::prelude::*;
use shared::expiry::from_form;
use shared::validation::{self, FieldErrors};
use shared::view::KeyView;

use super::field::note;
use super::form::{Fields, FormState};
use crate::ui::reactive::{flag, memo, reactive};

/// The days on offer, with their labels.
const PRESETS: [(&str, &str); 4] = [
    ("30d", "30 days"),
    ("60d", "60 days"),
    ("90d", "90 days"),
    ("365d", "365 days"),
];

const PRESELECTED: &str = "90d";

/// The first choice of an edit: the present expiration. It is sent as an empty text, which leaves the expiration alone.
#[derive(Clone, Eq, PartialEq)]
pub struct Keep {
    never: bool,
    text: String,
}

impl Keep {
    pub fn of(key: &KeyView) -> Self {
        match &key.expires {
            Some(moment) => Self {
                never: false,
                text: format!("Keep: {}", moment.text),
            },
            None => Self {
                never: true,
                text: "Keep: never".to_owned(),
            },
        }
    }
}

/// The current choice. It is held outside the view so that a form can return to "keep" once it is saved.
#[derive(Clone, Copy)]
pub struct Choice(RwSignal<&'static str>);

const KEEP: &str = "keep";
const CHOICES: [&str; 8] = [
    KEEP, "30d", "60d", "90d", "365d", "date", "datetime", "never",
];

impl Choice {
    /// For a new key, or one to restore.
    pub fn fresh(state: FormState) -> Self {
        Self(RwSignal::new(sent(state).unwrap_or(PRESELECTED)))
    }

    /// For a key that has an expiration, or has none on purpose.
    pub fn keeping(state: FormState) -> Self {
        Self(RwSignal::new(sent(state).unwrap_or(KEEP)))
    }

    /// Returns to the present expiration.
    pub fn keep(self) {
        let _ = self.0.try_set(KEEP);
    }
}

/// Returns the choice in the post that is being answered.
fn sent(state: FormState) -> Option<&'static str> {
    let sent = state.value("expiry", "");
    CHOICES.into_iter().find(|choice| *choice == sent)
}

/// Returns the expiration that a form asks for, in the grammar of `shared::expiry`.
pub fn chosen(fields: &Fields) -> String {
    let (choice, date, datetime) = (
        fields.text("expiry"),
        fields.text("expiry_date"),
        fields.text("expiry_datetime"),
    );
    from_form(&choice, &date, &datetime).to_owned()
}

/// Returns the expiration that an edit asks for; none leaves it alone.
pub fn chosen_in_edit(fields: &Fields) -> Option<String> {
    (!fields.text("expiry").is_empty()).then(|| chosen(fields))
}

/// Checks a form that asks for an expiration alone.
pub fn check(fields: &Fields) -> FieldErrors {
    validation::expiry(&chosen(fields))
        .err()
        .unwrap_or_default()
}

#[component]
pub fn Expiration(
    state: FormState,
    choice: Choice,
    #[prop(into)] time_zone: String,
    #[prop(optional, into)] keep: Option<Signal<Keep>>,
) -> impl IntoView {
    let error = state.error("expiry");
    let note_id = state.id("expiry-note");
    let described_by = note_id.clone();
    let chosen = choice.0;
    let keeps_never = memo(move || keep.is_some_and(|keep| keep.with(|keep| keep.never)));
    view! {
        <fieldset
            class="field choices"
            role="radiogroup"
            aria-describedby=described_by
            aria-invalid=flag(move || error.with(Option::is_some))
        >
            <legend>"Expiration"</legend>
            {keep
                .map(|keep| {
                    let text = Signal::derive(move || keep.get().text);
                    radio(chosen, KEEP, Signal::stored(String::new()), text)
                })}
            <div class="presets">
                {PRESETS
                    .map(|(value, text)| radio(chosen, value, Signal::stored(value.to_owned()), Signal::stored(text.to_owned())))
                    .collect_view()}
            </div>
            <div class="dated">
                {fixed(chosen, "date", "On a date")}
                {picker(state, chosen, "date", "expiry_date", "date", "Date")}
            </div>
            <div class="dated">
                {fixed(chosen, "datetime", "At a date and time")}
                {picker(state, chosen, "datetime", "expiry_datetime", "datetime-local", "Date and time")}
            </div>
            {reactive(move || (!keeps_never.get()).then(|| fixed(chosen, "never", "Never")))}
            {note(
                note_id,
                format!("Days count from now. A date means the end of that day. Dates are in {time_zone}."),
                error,
            )}
        </fieldset>
    }
    .into_any()
}

fn fixed(chosen: RwSignal<&'static str>, name: &'static str, text: &'static str) -> AnyView {
    radio(
        chosen,
        name,
        Signal::stored(name.to_owned()),
        Signal::stored(text.to_owned()),
    )
}

fn radio(
    chosen: RwSignal<&'static str>,
    name: &'static str,
    value: Signal<String>,
    text: Signal<String>,
) -> AnyView {
    view! {
        <label class="choice">
            <input
                type="radio"
                name="expiry"
                value=value
                checked=chosen.get_untracked() == name
                prop:checked=move || chosen.get() == name
                on:change=move |_| chosen.set(name)
            />
            <span>{text}</span>
        </label>
    }
    .into_any()
}

/// The input beside a choice. Editing it makes that choice.
fn picker(
    state: FormState,
    chosen: RwSignal<&'static str>,
    choice: &'static str,
    name: &'static str,
    kind: &'static str,
    label: &'static str,
) -> AnyView {
    view! {
        <input
            type=kind
            name=name
            aria-label=label
            value=state.value(name, "")
            max=if kind == "date" { "9999-12-31" } else { "9999-12-31T23:59" }
            on:input=move |_| chosen.set(choice)
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// The server accepts each choice as the form sends it.
    #[test]
    fn every_choice_is_one_of_the_grammar() {
        for (value, _) in PRESETS {
            assert!(validation::expiry(value).is_ok(), "{value}");
        }
        assert!(PRESETS.iter().any(|(value, _)| *value == PRESELECTED));
        let presets = PRESETS.iter().map(|(value, _)| *value);
        let others = ["date", "datetime", "never"];
        let choices: Vec<_> = [KEEP].into_iter().chain(presets).chain(others).collect();
        assert_eq!(choices, CHOICES);
    }

    #[test]
    fn the_field_beside_a_choice_counts_for_that_choice_only() {
        let dates = |choice| match choice {
            "date" => Fields::given(&[
                ("expiry", "date"),
                ("expiry_date", "2026-11-26"),
                ("expiry_datetime", "2027-01-01T18:30"),
            ]),
            "datetime" => Fields::given(&[
                ("expiry", "datetime"),
                ("expiry_date", "2026-11-26"),
                ("expiry_datetime", "2027-01-01T18:30"),
            ]),
            _ => Fields::given(&[("expiry", "90d"), ("expiry_date", "2026-11-26")]),
        };
        for (choice, expiry) in [
            ("date", "2026-11-26"),
            ("datetime", "2027-01-01T18:30"),
            ("90d", "90d"),
        ] {
            assert_eq!(chosen(&dates(choice)), expiry);
            assert_eq!(chosen_in_edit(&dates(choice)).as_deref(), Some(expiry));
            assert!(check(&dates(choice)).is_empty());
        }
    }

    /// To keep the expiration is sent as an empty text: an edit leaves it alone, and a new key needs a choice.
    #[test]
    fn an_empty_choice_is_for_edits_only() {
        let keep = Fields::given(&[("expiry", ""), ("expiry_date", "2026-11-26")]);
        assert_eq!(chosen_in_edit(&keep), None);
        let missing = Some("Choose when the key expires.");
        assert_eq!(check(&keep).get("expiry"), missing);
        // A choice of a date without the date.
        let dateless = Fields::given(&[("expiry", "date"), ("expiry_date", "")]);
        assert_eq!(chosen_in_edit(&dateless).as_deref(), Some(""));
        assert_eq!(check(&dateless).get("expiry"), missing);
    }

    #[test]
    fn the_first_choice_of_an_edit_names_the_present_expiration() {
        let keep = Keep::of(&samples::key("cron", Some(7)));
        assert_eq!((keep.text.as_str(), keep.never), ("Keep: day 7", false));
        let keep = Keep::of(&samples::key("cron", None));
        assert_eq!((keep.text.as_str(), keep.never), ("Keep: never", true));
    }
}
