//! Tests of the state of a form, with and without a post that is being answered.

use leptos::reactive::owner::Owner;

use super::*;

const PATH: &str = "/fn/keys/edit";

/// Returns what `of` finds while a post to `path` is being answered with `outcome`.
fn answering<T>(path: &str, outcome: Result<SecretJson, FnError>, of: impl FnOnce() -> T) -> T {
    let fields = [
        ("access_key", "kh_cron"),
        ("name", "Cron"),
        ("version", "sent"),
    ];
    Owner::new().with(|| {
        provide_context(Replay {
            path: path.to_owned(),
            page: "/preferences/api-control".to_owned(),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            outcome,
        });
        of()
    })
}

fn invalid() -> FnError {
    FieldErrors::one("name", "Give the key a name.").into()
}

fn conflict() -> FnError {
    FnError {
        version: Some("stored".to_owned()),
        ..FnError::new(FnError::CONFLICT, "The key was changed meanwhile.")
    }
}

fn version(state: FormState) -> String {
    state.version.get_untracked()
}

#[test]
fn a_fresh_form_has_the_values_of_its_page() {
    Owner::new().with(|| {
        let state = FormState::new(PATH);
        assert_eq!(state.value("name", "Shown"), "Shown");
        assert_eq!(version(state), "");
        assert_eq!(state.alert.get_untracked(), None);
        assert!(state.errors.get_untracked().is_empty());
        assert_eq!(state.busy(), None);
        let _ = state.versioned("shown".to_owned());
        assert_eq!(version(state), "shown");
    });
}

#[test]
fn a_rejected_form_has_the_typed_text_and_its_messages() {
    answering(PATH, Err(invalid()), || {
        let state = FormState::new(PATH);
        assert_eq!(state.value("name", "Shown"), "Cron");
        assert_eq!(state.value("description", "Shown"), "Shown");
        let message = state.error("name").get_untracked();
        assert_eq!(message.as_deref(), Some("Give the key a name."));
        assert_eq!(state.error("description").get_untracked(), None);
        // The message at the field suffices.
        assert_eq!(state.alert.get_untracked(), None);
    });
}

/// A rejected form keeps the version that it was begun on, although its page shows a later one.
#[test]
fn a_rejected_form_keeps_its_version() {
    answering(PATH, Err(invalid()), || {
        let state = FormState::new(PATH);
        let _ = state.versioned("shown".to_owned());
        assert_eq!(version(state), "sent");
    });
}

/// The message shows the stored values, so sending the form again is deliberate.
#[test]
fn after_a_conflict_the_form_has_the_stored_version() {
    answering(PATH, Err(conflict()), || {
        let state = FormState::new(PATH);
        let _ = state.versioned("shown".to_owned());
        assert_eq!(version(state), "stored");
        let alert = state.alert.get_untracked();
        assert_eq!(alert.as_deref(), Some("The key was changed meanwhile."));
    });
}

#[test]
fn another_forms_post_changes_nothing() {
    answering("/fn/keys/restore", Err(conflict()), || {
        let state = FormState::new(PATH);
        assert_eq!(state.value("name", "Shown"), "Shown");
        assert_eq!(
            (version(state), state.alert.get_untracked()),
            (String::new(), None)
        );
    });
}

/// Of the forms of several keys, only the one that was sent shows the outcome.
#[test]
fn one_of_several_forms_is_told_by_its_field() {
    answering(PATH, Err(conflict()), || {
        let sent = FormState::of_one(PATH, "access_key", "kh_cron");
        assert_eq!(version(sent), "stored");
        for (field, value) in [("access_key", "kh_other"), ("mail", "kh_cron")] {
            let other = FormState::of_one(PATH, field, value);
            assert_eq!(
                (version(other), other.alert.get_untracked()),
                (String::new(), None)
            );
        }
    });
}

#[test]
fn the_ids_of_two_forms_on_a_page_differ() {
    Owner::new().with(|| {
        let edit = FormState::new(PATH);
        let restore = FormState::new("/fn/keys/restore");
        assert_eq!(edit.id("expiry-note"), "keys-edit-expiry-note");
        assert_eq!(restore.id("expiry-note"), "keys-restore-expiry-note");
    });
}
