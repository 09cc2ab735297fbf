//! Tests of the checks before the page's forms are sent.

use super::{deletion, properties};
use crate::forms::form::Fields;

#[test]
fn an_edit_needs_a_name_and_may_empty_the_description() {
    let check = |fields| properties::check(&Fields::given(fields));
    assert!(check(&[("name", "Cron"), ("description", "")]).is_empty());
    let errors = check(&[("name", ""), ("description", "")]);
    assert_eq!(errors.get("name"), Some("Give the key a name."));
}

/// The server compares the name, which may have changed since the page was opened.
#[test]
fn a_deletion_needs_a_typed_name() {
    let message = Some("Type the key's name to confirm.");
    for fields in [&[][..], &[("confirm_name", " ")]] {
        let errors = deletion::check(&Fields::given(fields));
        assert_eq!(errors.get("confirm_name"), message);
    }
    assert!(deletion::check(&Fields::given(&[("confirm_name", "Cron")])).is_empty());
}
