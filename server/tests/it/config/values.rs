//! The settings of an operator: by flag, by variable, or left empty.

use clap::CommandFactory;
use server::config::commands::CommandLine;

use crate::fixture::home::Home;
use crate::fixture::process::{keyhold, refusal, refusal_in, start_in};

/// Returns the variables of `keyhold serve`.
fn variables() -> Vec<String> {
    let command = CommandLine::command();
    let serve = command.find_subcommand("serve").unwrap();
    let flags = serve.get_arguments();
    let variables = flags.filter_map(|flag| Some(flag.get_env()?.to_str()?.to_owned()));
    variables.chain(["RUST_LOG".to_owned()]).collect()
}

#[test]
fn every_setting_is_documented() {
    let documents = [
        include_str!("../../../../README.md"),
        include_str!("../../../../docs/limits.md"),
    ];
    for variable in variables() {
        let row = format!("\n| `{variable}` |");
        let found = documents.iter().any(|document| document.contains(&row));
        assert!(found, "{variable} is in no table of settings");
    }
}

/// Empty variables count as absent: Compose files set them for settings that are not wanted.
#[test]
fn an_empty_variable_counts_as_absent() {
    let home = Home::new();
    let variables = variables();
    for empty in ["", " "] {
        let settings: Vec<_> = variables
            .iter()
            .map(|name| (name.as_str(), empty))
            .collect();
        let flags = [
            "--sign-up",
            "",
            "--metrics-listen=",
            "--connections-per-address",
            "",
            // The default is beside the binary, where tests have none.
            "--site-root",
            "site",
        ];
        // The default port may be in use.
        let free = ["--listen", "127.0.0.1:0"];
        let running = start_in(&home, &[&flags[..], &free].concat(), &settings);
        assert!(running.log().contains("INFO"), "{}", running.log());
        drop(running);
        assert!(home.path().join("data/keyhold.db").exists());
        let check = [&["config", "check"][..], &flags].concat();
        let (code, said, errors) = keyhold(home.path(), &check, &settings);
        assert_eq!(code, Some(0), "{errors}");
        assert!(said.contains("127.0.0.1:3000"), "{said}");
    }
}

#[test]
fn a_bad_value_is_named_by_its_flag_or_variable() {
    let home = Home::new();
    for (flags, settings, expected) in [
        (
            &[][..],
            &[("KEYHOLD_LISTEN", "nowhere")][..],
            "'KEYHOLD_LISTEN'",
        ),
        (&[], &[("KEYHOLD_SIGN_UP", "perhaps")], "'KEYHOLD_SIGN_UP'"),
        (
            &[],
            &[("KEYHOLD_BASE_URL", "ftp://a")],
            "'KEYHOLD_BASE_URL'",
        ),
        (
            &[],
            &[("KEYHOLD_TRUSTED_PROXIES", "0.0.0.0/0")],
            "'KEYHOLD_TRUSTED_PROXIES'",
        ),
        (
            &["--listen", "nowhere"],
            &[("KEYHOLD_LISTEN", "127.0.0.1:0")],
            "'--listen",
        ),
        (&["--listen=nowhere"], &[], "'--listen"),
        (&[], &[("RUST_LOG", "info,server=loud")], "RUST_LOG"),
    ] {
        let said = refusal_in(&home, flags, settings);
        assert!(said.contains(expected), "{flags:?} {settings:?}: {said}");
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_refused_start_names_the_reason() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--listen", "nowhere"], "nowhere"),
        (&["--listen", "192.0.2.1:1"], "cannot listen on 192.0.2.1:1"),
        (&["--listen", "0.0.0.0:0"], "KEYHOLD_BASE_URL"),
        (&["--database-url", "mysql://x/y"], "KEYHOLD_DATABASE_URL"),
        (&["--site-root", "/nonexistent"], "/nonexistent"),
        (
            &["--listen", "127.0.0.1:9", "--admin-listen", "127.0.0.1:9"],
            "KEYHOLD_ADMIN_LISTEN is 127.0.0.1:9, which is one address",
        ),
        (
            &[
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--base-url",
                "https://keys.example.com",
            ],
            "--demo",
        ),
    ] {
        let said = refusal(&home, arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_bad_metrics_address_stops_the_start() {
    let home = Home::new();
    for (address, expected) in [
        ("9090", "9090"),
        (
            "192.0.2.1:1",
            "KEYHOLD_METRICS_LISTEN: cannot listen on 192.0.2.1:1",
        ),
    ] {
        let said = refusal(
            &home,
            &["--listen", "127.0.0.1:0", "--metrics-listen", address],
        );
        assert!(said.contains(expected), "{said}");
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
}
