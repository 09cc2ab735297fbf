//! Backup and restore as in the README: its own commands, beside and after a running server.

use std::process::{Command, Output};

use crate::fixture::home::Home;
use crate::fixture::process::start;

const README: &str = include_str!("../../../../README.md");

/// Returns the blocks of commands in the README's section on backups.
fn commands() -> Vec<&'static str> {
    let (_, section) = README.split_once("### Back up\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    section
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// Runs commands like a user with `keyhold` in the path.
fn shell(home: &Home, script: &str) -> String {
    let bin = home.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("keyhold");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_keyhold"), &link).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let Output {
        status,
        stdout,
        stderr,
    } = home
        .enter(&mut Command::new("sh"))
        .args(["-euc", script])
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8(stdout).unwrap();
    assert!(
        status.success(),
        "{said}{}",
        String::from_utf8_lossy(&stderr)
    );
    said
}

#[test]
fn readme_commands_work() {
    let [beside, stopped] = commands()[..] else {
        panic!("two blocks of commands");
    };
    let home = Home::new();
    let mut running = start(&home, &[]);
    let default_key = running.sign_up();
    let cookie = default_key["cookie"].as_str().unwrap().to_owned();
    let leaked = running.create(&cookie, "leaked");
    let said = shell(&home, beside);
    assert!(said.contains("2 keys, 1 account, checked"), "{said}");
    assert!(said.contains("Nothing was changed"), "{said}");
    let access_key = leaked["access_key"].as_str().unwrap();
    running.expire(&cookie, &leaked);
    let later = running.create(&cookie, "made later");
    assert_eq!(running.terminate(), Some(0));

    let said = shell(&home, stopped);
    assert!(said.contains("were expired in the same step"), "{said}");
    assert!(
        said.contains(&format!(
            "{access_key}  \"leaked\" of a@example.com: expired since"
        )),
        "{said}"
    );
    assert!(said.contains("made later"), "{said}");
    let running = start(&home, &[]);
    assert_eq!(running.verdict(&default_key), "200");
    assert_eq!(running.verdict(&leaked), "401");
    assert_eq!(running.verdict(&later), "401");
}

/// A restore without a database to compare with reports that.
#[test]
fn a_lost_database_is_restored_with_a_warning() {
    let home = Home::new();
    let running = start(&home, &[]);
    let key = running.sign_up();
    shell(&home, "keyhold backup copy.db");
    drop(running);
    home.lose_database();
    let said = shell(&home, "keyhold restore copy.db");
    assert!(
        said.contains("WARNING: there is no present database"),
        "{said}"
    );
    let running = start(&home, &[]);
    assert_eq!(running.verdict(&key), "200");
}
