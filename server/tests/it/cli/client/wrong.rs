//! What commands say when something is wrong.

use std::fs;

use tempfile::TempDir;

use super::{Company, run};
use crate::fixture::process::Port;

#[test]
fn refused_input_names_the_flags() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    for (arguments, lines) in [
        (
            &[
                "account",
                "create",
                "--external-id",
                "a b",
                "--warning-days",
                "900",
            ][..],
            &[
                "The input is not valid: ",
                "\n  --external-id: ",
                "\n  --warning-days: ",
            ][..],
        ),
        (
            &["account", "create", "--external-id", "c"],
            &["This exists already: ", "\n  --external-id: "],
        ),
        (
            &["account", "create", "--notice-email", "nowhere"],
            &["\n  --notice-email: "],
        ),
        (
            &["account", "create", "--metadata", "[]"],
            &["--metadata", "not a JSON object"],
        ),
        (&["account", "edit", "c"], &["at least one flag"]),
        (
            &["account", "list", "--status", "some"],
            &["\n  --status: "],
        ),
        (
            &["key", "create", "c", "--name", "", "--expiry", "soon"],
            &["\n  --name: ", "\n  --expiry: "],
        ),
        (&["key", "create", "c", "--name", "k"], &["--expiry"]),
        (
            &["key", "list", "--expires-before", "x"],
            &["\n  --expires-before: "],
        ),
        (
            &[
                "token", "create", "--name", "t", "--scopes", "all", "--expiry", "1d",
            ],
            &["\n  --scopes: "],
        ),
        (&["account", "show", ""], &["<ACCOUNT>"]),
        (&["account", "frobnicate"], &["frobnicate"]),
    ] {
        let refused = company.refused(1, arguments);
        for line in lines {
            assert!(refused.contains(line), "{arguments:?}: {refused}");
        }
    }
}

#[test]
fn what_does_not_exist_is_another_exit_code() {
    let company = Company::new();
    let none = "kh_0000000000000000";
    for arguments in [
        &["account", "show", "nobody"][..],
        &["account", "show", "acc_0123456789abcdef0123456789abcdef"],
        &["account", "show", ".."],
        &["account", "edit", "nobody", "--name", "x"],
        &["account", "suspend", "nobody", "--reason", "x", "--yes"],
        &["account", "resume", "nobody"],
        &["account", "end-sessions", "nobody"],
        &["account", "delete", "nobody", "--yes"],
        &["key", "create", "nobody", "--name", "x", "--expiry", "1d"],
        &["key", "show", none],
        &["key", "edit", none, "--name", "x"],
        &["key", "expire", none],
        &["key", "restore", none, "--expiry", "1d"],
        &["key", "delete", none, "--yes"],
        &[
            "token",
            "revoke",
            "tok_0123456789abcdef0123456789abcdef",
            "--yes",
        ],
        &["audit", "tail", "--account", "nobody"],
    ] {
        let refused = company.refused(3, arguments);
        assert!(refused.starts_with("ERROR: Not found: "), "{refused}");
    }
}

#[test]
fn a_server_that_is_away_is_another_exit_code() {
    let mut company = Company::new();
    company.running.terminate();
    for arguments in [
        &["account", "list"][..],
        &["account", "create"],
        &["key", "show", "kh_0000000000000000"],
        &["token", "list"],
        &["audit", "tail"],
    ] {
        let refused = company.refused(2, arguments);
        assert!(refused.contains("cannot be reached"), "{refused}");
        assert!(refused.contains("KEYHOLD_URL"), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn a_token_is_needed_and_stays_secret() {
    let company = Company::new();
    let folder = TempDir::new().unwrap();
    let listen = ("KEYHOLD_LISTEN", &*company.running.address);
    let list = |settings: &[(&str, &str)]| {
        let ran = run(
            folder.path(),
            &["account", "list"],
            &[&[listen], settings].concat(),
            "",
        );
        assert_eq!(ran.data, "");
        (ran.code, ran.notes)
    };
    let (code, said) = list(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("data/operator-token"), "{said}");
    fs::write(folder.path().join("t"), "kho_hunter22").unwrap();
    let (code, said) = list(&[("KEYHOLD_OPERATOR_TOKEN_FILE", "t")]);
    assert_eq!(code, Some(1));
    assert!(said.contains("holds no operator's token"), "{said}");
    assert!(!said.contains("hunter"), "{said}");

    // A token that the server does not know, and one that may not leave this machine in the clear.
    let other = shared::token::OperatorToken::from_entropy([7; 32]);
    fs::write(folder.path().join("t"), other.expose()).unwrap();
    for (url, expected) in [
        (
            format!("http://{}", company.running.address),
            "(from --url or KEYHOLD_URL) has refused the token in t: The token is not valid: No such token exists",
        ),
        ("http://keys.example.com".to_owned(), "plain http"),
        ("https://keys.example.com/path".to_owned(), "no path"),
    ] {
        let settings = [("KEYHOLD_URL", &*url), ("KEYHOLD_TOKEN_FILE", "t")];
        let (code, said) = list(&settings);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("kho_"), "{said}");
    }
}

/// On the machine of the server its settings lead to it, also those of a configuration file.
#[test]
fn a_configuration_file_leads_to_the_server() {
    let company = Company::new();
    let text = format!("listen = \"{}\"\n", company.running.address);
    fs::write(company.home.path().join("keyhold.toml"), text).unwrap();
    let list = ["account", "list", "--config", "keyhold.toml"];
    let ran = run(company.home.path(), &list, &[], "");
    assert_eq!(ran.code, Some(0), "{}", ran.notes);
    let unused = Port::hold();
    let url = format!("http://{}", unused.address);
    let ran = run(company.home.path(), &list, &[("KEYHOLD_URL", &url)], "");
    assert_eq!(ran.code, Some(2), "{}", ran.notes);
}
