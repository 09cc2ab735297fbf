//! Tests of the messages, and of which change has an undo.

use leptos::reactive::owner::Owner;
use shared::validation::FieldErrors;

use super::*;
use crate::samples::changed;

/// Runs `test` with the messages of a page.
fn on_a_page(test: impl FnOnce(Feedback)) {
    Owner::new().with(|| test(Feedback::provide()));
}

fn shown(feedback: Feedback) -> Message {
    let message = feedback.message.get_untracked();
    message.unwrap_or_else(|| panic!("no message"))
}

fn revision(feedback: Feedback) -> u32 {
    feedback.revision.get_untracked()
}

#[test]
fn a_change_is_undone_by_its_handle() {
    on_a_page(|feedback| {
        feedback.changed_key(&changed("never", "2026-11-26T10:00:00Z"));
        let message = shown(feedback);
        assert_eq!(message.text, "cron has expired.");
        let undo = message.undo.unwrap_or_else(|| panic!("no undo"));
        assert_eq!(undo.path, UndoChange::PATH);
        assert_eq!(undo.fields, [("change", "change_1".to_owned())]);
        assert_eq!(undo.done, "");
        assert_eq!(revision(feedback), 1);
    });
}

#[test]
fn what_has_no_handle_has_no_undo() {
    on_a_page(|feedback| {
        feedback.undoable("2 keys are deleted.".to_owned(), String::new());
        let message = shown(feedback);
        assert_eq!(
            (message.text.as_str(), message.undo.is_none()),
            ("2 keys are deleted.", true)
        );
        assert_eq!(revision(feedback), 1);
    });
}

/// The second press of a double click finds the key expired by the first.
#[test]
fn a_doubled_press_keeps_the_undo_of_the_first() {
    on_a_page(|feedback| {
        feedback.changed_key(&changed("never", "2026-11-26T10:00:00Z"));
        feedback.changed_key(&Changed {
            change: String::new(),
            ..changed("2026-11-26T10:00:00Z", "2026-11-26T10:00:00Z")
        });
        let undo = shown(feedback).undo.unwrap_or_else(|| panic!("no undo"));
        assert!(undo.fields.contains(&("change", "change_1".to_owned())));
        assert_eq!(revision(feedback), 2);
    });
}

#[test]
fn a_failure_shows_the_sentence_that_says_most() {
    on_a_page(|feedback| {
        feedback.failed(FnError::inside());
        assert_eq!(shown(feedback).text, FnError::inside().message);
        assert_eq!(shown(feedback).kind, Kind::Failed);
        feedback.failed(FieldErrors::one("expiry", "This is in the past.").into());
        assert_eq!(shown(feedback).text, "This is in the past.");
        assert_eq!(revision(feedback), 0);
    });
}

/// After a conflict, or a change of a key that is gone, the page shows the present state.
#[test]
fn an_outdated_page_is_fetched_again() {
    on_a_page(|feedback| {
        feedback.failed(FnError::new(FnError::CONFLICT, "It was changed meanwhile."));
        assert_eq!(shown(feedback).text, "It was changed meanwhile.");
        assert_eq!(revision(feedback), 1);
        feedback.failed(FnError::new(FnError::NOT_FOUND, "This key doesn't exist."));
        assert_eq!(revision(feedback), 2);
    });
}

/// One message at a time: a newer one takes the place of the note in the address, and of the message before.
#[test]
fn the_newest_message_is_the_only_one() {
    on_a_page(|feedback| {
        assert!(feedback.noted.get_untracked());
        feedback.say("One");
        assert!(!feedback.noted.get_untracked());
        feedback.say_there("Two");
        let message = shown(feedback);
        assert_eq!((message.text.as_str(), message.travels), ("Two", true));
        feedback.replaced();
        assert!(feedback.message.get_untracked().is_none());
    });
}

/// The sentence is about the request under way; the outcome, or another message, replaces it.
#[test]
fn a_wait_is_shown_until_it_is_over() {
    on_a_page(|feedback| {
        feedback.wait("Saved. Waiting for one node.".to_owned());
        assert_eq!(shown(feedback).kind, Kind::Waits);
        feedback.waited();
        assert!(feedback.message.get_untracked().is_none());
        feedback.say("Done");
        feedback.waited();
        assert_eq!(shown(feedback).text, "Done");
    });
}
