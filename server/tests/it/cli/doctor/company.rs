//! The checks of the company's side: its sign-in page, the management API and the operator's token.

use std::fs;

use shared::token::OperatorToken;

use super::{doctor, server};
use crate::fixture::home::Home;
use crate::fixture::process::{Port, start_in};

#[test]
fn the_sign_in_page_of_the_company_is_opened() {
    let (home, port, company) = (Home::new(), Port::hold(), Home::new());
    // Any program that speaks HTTP will do, such as another Keyhold.
    let app = start_in(&company, &["--listen", "127.0.0.1:0"], &[]);
    let page = |path: &str| format!("http://{}{path}", app.address);
    for (url, status, part) in [
        (page("/sign-in"), "ok", "answers 200"),
        (page("/"), "ok", "answers 303"),
        (
            page("/keys"),
            "failed",
            "answers 404. Check KEYHOLD_SIGN_IN_URL",
        ),
        (
            "http://127.0.0.1:1/keys".to_owned(),
            "failed",
            "cannot be reached",
        ),
    ] {
        let settings = [
            ("KEYHOLD_LISTEN", &*port.address),
            ("KEYHOLD_SIGN_IN_URL", &url),
        ];
        let seen = doctor(&home, &settings);
        assert_eq!(seen.status("sign_in"), status, "{}", seen.printed);
        let message = seen.message("sign_in");
        assert!(message.contains(part), "{message}");
        assert!(
            message.contains("?return_to=/preferences/api-control"),
            "{message}"
        );
    }
}

#[test]
fn the_management_api_and_the_token_are_tried() {
    let (home, port, side) = (Home::new(), Port::hold(), Port::hold());
    let settings = [
        ("KEYHOLD_LISTEN", &*port.address),
        ("KEYHOLD_ADMIN_LISTEN", &side.address),
    ];
    let _running = server(&home, &port, &settings[1..]);
    let seen = doctor(&home, &settings);
    assert_eq!(seen.complaints(), [] as [&str; 0], "{}", seen.printed);
    let message = seen.message("management");
    assert!(message.contains(&side.address), "{message}");
    let message = seen.message("token");
    assert!(
        message.contains("data/operator-token is good until 20"),
        "{message}"
    );
    assert!(!seen.printed.contains("kho_"), "{}", seen.printed);

    // There it is not.
    let seen = doctor(&home, &settings[..1]);
    let message = seen.message("management");
    assert!(message.contains("answers 404 and is not"), "{message}");

    let file = home.path().join("another-token");
    let foreign = OperatorToken::from_entropy([7; 32]).expose().to_owned();
    for (text, part) in [
        ("kho_short", "holds no operator's token"),
        (&foreign, "was revoked, or is the token of another database"),
    ] {
        fs::write(&file, text).unwrap();
        let other = ("KEYHOLD_TOKEN_FILE", "another-token");
        let seen = doctor(&home, &[settings[0], settings[1], other]);
        assert_eq!(seen.complaints(), ["token"], "{}", seen.printed);
        let message = seen.message("token");
        assert!(message.contains(part), "{message}");
        assert!(!seen.printed.contains(text), "{}", seen.printed);
    }
    home.change("UPDATE operator_tokens SET expires_at = 1000");
    let seen = doctor(&home, &settings);
    assert_eq!(seen.complaints(), ["token"], "{}", seen.printed);
    let message = seen.message("token");
    assert!(
        message.contains("expired on 1970-01-01T00:00:01"),
        "{message}"
    );
}
