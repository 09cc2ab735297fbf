//! Tests of the checks before a key's forms are sent.

use super::*;

#[test]
fn an_edit_may_keep_the_expiration() {
    let keep = Fields::given(&[("name", "Cron"), ("description", ""), ("expiry", "")]);
    assert!(check_edit(&keep).is_empty());
    let errors = check_edit(&Fields::given(&[("name", ""), ("expiry", "date")]));
    assert_eq!(errors.get("name"), Some("Give the key a name."));
    assert_eq!(errors.get("expiry"), Some("Choose when the key expires."));
}

/// The server compares the name, which may have changed since the page was opened.
#[test]
fn a_deletion_needs_a_typed_name() {
    let message = Some("Type the key's name to confirm.");
    for fields in [&[][..], &[("confirm_name", " ")]] {
        assert_eq!(
            check_delete(&Fields::given(fields)).get("confirm_name"),
            message
        );
    }
    assert!(check_delete(&Fields::given(&[("confirm_name", "Cron")])).is_empty());
}
