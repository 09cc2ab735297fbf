//! Addresses in settings: no sentence, report or log line shows a login or a query of one, right or wrong.

use clap::{Arg, Command, CommandFactory};
use server::config::commands::CommandLine;

use crate::config::file::folder;
use crate::fixture::home::Home;
use crate::fixture::process::{keyhold, start_in};

/// Wrong values of every URL.
const WRONG: [&str; 7] = [
    "https://user:hunter22@host.example",
    "https://hunter22@host.example",
    "https://user:hunter22@host.example/?hunter22#hunter22",
    "https://user:hun?ter22hunter22@host.example",
    "https://user:hunter22%40host.example",
    "user:hunter22@host.example",
    "ftp://host.example/?token=hunter22",
];

/// Returns the flags and variables that hold addresses: those of `serve`, and the client's.
fn addresses() -> Vec<(String, String)> {
    fn of(command: &Command) -> Vec<&Arg> {
        let below = command.get_subcommands().flat_map(of);
        command.get_arguments().chain(below).collect()
    }
    let command = CommandLine::command();
    let named = of(&command).into_iter().filter_map(|arg| {
        let variable = arg.get_env()?.to_str()?.to_owned();
        Some((format!("--{}", arg.get_long()?), variable))
    });
    let is_address = |name: &str| name.ends_with("url") || name == "--return-hosts";
    let mut found: Vec<_> = named.filter(|(flag, _)| is_address(flag)).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_wrong_address_is_refused_without_its_login_and_query() {
    let folder = folder("");
    let addresses = addresses();
    assert_eq!(addresses.len(), 10, "{addresses:?}");
    for (flag, variable) in &addresses {
        let key = flag.trim_start_matches('-').replace('-', "_");
        let commands: &[&[&str]] = match &**flag {
            "--url" => &[&["account", "list"], &["key", "list"]],
            "--return-hosts" => &[&["serve"], &["config", "check"]],
            _ => &[&["serve"], &["config", "check"], &["doctor"]],
        };
        for (command, wrong) in commands
            .iter()
            .flat_map(|command| WRONG.map(|wrong| (command, wrong)))
        {
            let by_flag = [command, &[flag, wrong][..]].concat();
            let in_one = format!("{flag}={wrong}");
            let in_one = [command, &[&*in_one][..]].concat();
            let mut ways = vec![
                keyhold(folder.path(), &by_flag, &[]),
                keyhold(folder.path(), &in_one, &[]),
                keyhold(folder.path(), command, &[(variable, wrong)]),
            ];
            if key != "url" {
                let text = format!("\n{key} = \"{wrong}\"\n");
                std::fs::write(folder.path().join("keyhold.toml"), text).unwrap();
                ways.push(keyhold(
                    folder.path(),
                    command,
                    &[("KEYHOLD_CONFIG", "keyhold.toml")],
                ));
            }
            for (way, (code, said, errors)) in ways.into_iter().enumerate() {
                let all = format!("{said}{errors}");
                assert_ne!(code, Some(0), "{command:?} {flag} {wrong} {way}: {all}");
                assert!(
                    !all.contains("ter22"),
                    "{command:?} {flag} {wrong} {way}: {all}"
                );
                let names = [flag, variable, &key]
                    .iter()
                    .any(|name| all.contains(name.as_str()));
                assert!(names, "{command:?} {flag} {wrong} {way}: {all}");
            }
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn an_address_that_is_right_is_shown_without_its_query() {
    let settings = [
        ("KEYHOLD_SIGN_IN_URL", "http://127.0.0.1:1/keys?hunter22"),
        ("KEYHOLD_DOCS_URL", "https://docs.example.com/a?hunter22"),
        (
            "KEYHOLD_TERMS_URL",
            "https://example.com/terms?t=hunter22#hunter22",
        ),
        ("KEYHOLD_SUPPORT_URL", "https://example.com/help?q=hunter22"),
        ("KEYHOLD_API_URL", "https://api.example.com/v1"),
    ];
    let folder = folder("");
    for command in [
        &["config", "check"][..],
        &["config", "check", "--json"],
        &["doctor"],
    ] {
        let (_, said, errors) = keyhold(folder.path(), command, &settings);
        let all = format!("{said}{errors}");
        assert!(!all.contains("hunter"), "{command:?}: {all}");
        assert!(
            all.contains("http://127.0.0.1:1/keys?***"),
            "{command:?}: {all}"
        );
        if command[0] == "config" {
            assert!(all.contains("https://example.com/terms?***#***"), "{all}");
            assert!(all.contains("https://api.example.com/v1"), "{all}");
        }
    }
    let itself = [("KEYHOLD_SIGN_IN_URL", "http://127.0.0.1:3000/keys?hunter22")];
    let (code, said, errors) = keyhold(folder.path(), &["config", "check"], &itself);
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("/keys?***, which is Keyhold itself"),
        "{errors}"
    );
    assert!(
        !format!("{said}{errors}").contains("hunter"),
        "{said}{errors}"
    );

    let home = Home::new();
    let mut running = start_in(&home, &[], &settings);
    running.terminate();
    assert!(!running.log().contains("hunter"), "{}", running.log());
}
