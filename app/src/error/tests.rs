//! Tests of the errors of server functions: statuses, messages, and the vault's errors as a person sees them.

use super::*;

#[test]
fn each_code_has_its_status() {
    for (code, status) in [
        ("bad_request", 400),
        ("unauthenticated", 401),
        ("sign_in_failed", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("method_not_allowed", 405),
        ("conflict", 409),
        ("sign_up_refused", 409),
        ("link_gone", 410),
        ("invalid", 422),
        ("throttled", 429),
        ("quota_exceeded", 429),
        ("internal", 500),
        ("unavailable", 503),
        ("unheard_of", 500),
    ] {
        assert_eq!(FnError::new(code, "").http_status(), status, "{code}");
    }
}

/// Messages at fields need none above the form, but a conflict concerns the form as a whole.
#[test]
fn a_message_is_above_the_form_if_no_field_says_it() {
    let invalid = FnError::from(FieldErrors::one("name", "Give the key a name."));
    assert_eq!((invalid.code.as_ref(), invalid.alert()), ("invalid", None));
    let nowhere = FnError::from(FieldErrors::default());
    assert_eq!(nowhere.alert().as_deref(), Some("Check the marked fields."));
    let conflict = FnError {
        code: FnError::CONFLICT.into(),
        ..invalid
    };
    assert_eq!(
        conflict.alert().as_deref(),
        Some("Check the marked fields.")
    );
    assert!(conflict.is_conflict() && !FnError::inside().is_conflict());
    let ended = FnError::unauthenticated();
    assert!(ended.is_unauthenticated() && !FnError::inside().is_unauthenticated());
}

/// The causes stay with the server; a browser without a server knows that itself.
#[test]
fn a_call_that_fails_on_the_way_tells_no_cause() {
    let code = |error| FnError::from_server_fn_error(error).code;
    let cause = || "secret cause".to_owned();
    assert_eq!(code(ServerFnErrorErr::Request(cause())), "offline");
    assert_eq!(code(ServerFnErrorErr::Args(cause())), "bad_request");
    assert_eq!(code(ServerFnErrorErr::MissingArg(cause())), "bad_request");
    assert_eq!(
        code(ServerFnErrorErr::Deserialization(cause())),
        "bad_request"
    );
    for error in [
        ServerFnErrorErr::ServerError(cause()),
        ServerFnErrorErr::Response(cause()),
        ServerFnErrorErr::Serialization(cause()),
    ] {
        assert_eq!(FnError::from_server_fn_error(error), FnError::inside());
    }
}

#[cfg(feature = "ssr")]
mod of_the_vault {
    use vault::Error;
    use vault::limits::Limit;

    use super::*;

    #[test]
    fn each_error_has_its_code_and_its_wait() {
        let cause = || "secret cause".to_owned();
        for (error, code, retry_after) in [
            (Error::NotFound, "not_found", None),
            (Error::SessionOver, "unauthenticated", None),
            (Error::WrongCredentials, "sign_in_failed", None),
            (Error::SignUpRefused, "sign_up_refused", None),
            (Error::LinkGone, "link_gone", None),
            (Error::Throttled { retry_after: 30 }, "throttled", Some(30)),
            (Error::Quota(Limit::Keys, 9), "quota_exceeded", Some(3600)),
            (Error::Busy, "unavailable", Some(1)),
            (Error::Deadlock, "unavailable", Some(1)),
            (Error::NotSaved(cause()), "unavailable", Some(5)),
            (Error::InDoubt(cause()), "unavailable", Some(5)),
            (Error::Unavailable(cause()), "unavailable", Some(5)),
        ] {
            let error = FnError::from(error);
            assert_eq!(error.code, code);
            assert_eq!(error.retry_after, retry_after, "{code}");
            assert!(!error.message.contains("secret cause"), "{code}");
            assert!(error.alert().is_some(), "{code}");
        }
    }

    /// After a commit in doubt, only a new look at the page tells.
    #[test]
    fn only_a_change_that_was_not_made_is_said_not_to_be_made() {
        let says = |error| FnError::from(error).message.contains("Nothing was changed");
        assert!(says(Error::NotSaved(String::new())));
        assert!(!says(Error::InDoubt(String::new())));
    }

    #[test]
    fn a_conflict_carries_the_stored_values_and_their_version() {
        let conflict = vault::Conflict {
            message: "The key was changed meanwhile.".to_owned(),
            fields: FieldErrors::one("name", "Now: Cron"),
            version: "stored".to_owned(),
        };
        let error = FnError::from(Error::from(conflict));
        assert_eq!(error.code, FnError::CONFLICT);
        assert_eq!(error.version.as_deref(), Some("stored"));
        assert_eq!(
            error.fields.get("name").map(String::as_str),
            Some("Now: Cron")
        );
        assert_eq!(
            error.alert().as_deref(),
            Some("The key was changed meanwhile.")
        );
    }

    #[test]
    fn a_wait_and_a_limit_agree_with_their_numbers() {
        let message = |error| FnError::from(error).message;
        let wait = |retry_after| message(Error::Throttled { retry_after });
        assert_eq!(wait(30), "Too many attempts. Try again in 30 seconds.");
        assert_eq!(wait(1), "Too many attempts. Try again in 1 second.");
        let keys = |most| message(Error::Quota(Limit::Keys, most));
        assert!(keys(9).starts_with("This account has reached its limit of 9 keys, not"));
        assert!(keys(1).starts_with("This account has reached its limit of 1 key, not"));
        assert_eq!(
            message(Error::Quota(Limit::Accounts, 9)),
            "This site isn't accepting new accounts. Contact its operator."
        );
    }
}
