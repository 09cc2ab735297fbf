//! The configuration file, and `keyhold config check`, as the binary reads them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::CommandFactory;
use serde_json::Value;
use server::config::commands::CommandLine;
use server::config::settings::settings;
use tempfile::TempDir;

use crate::fixture::home::Home;
use crate::fixture::process::{keyhold, refusal_in, start_in};
use crate::fixture::sign_up;

/// Returns a folder with the site's files and this configuration file, readable by all.
pub(super) fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
    write(folder.path(), text, 0o644);
    folder
}

fn write(folder: &Path, text: &str, mode: u32) {
    let path = folder.join("keyhold.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Returns the JSON of `keyhold config check`, which must be content with the settings.
pub(super) fn checked(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let arguments = [&["config", "check", "--json"], arguments].concat();
    let (code, said, errors) = keyhold(folder, &arguments, variables);
    assert_eq!(code, Some(0), "{said}{errors}");
    serde_json::from_str(&said).unwrap()
}

/// Returns value and source of a setting.
pub(super) fn setting(report: &Value, key: &str) -> Value {
    let settings = report["settings"].as_array().unwrap();
    let found = settings.iter().find(|setting| setting["key"] == key);
    found.unwrap().clone()
}

pub(super) const FILE: (&str, &str) = ("KEYHOLD_CONFIG", "keyhold.toml");

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let folder = folder("# Settings\nlimit_keys = 7\n");
    let by_variable = ("KEYHOLD_LIMIT_KEYS", "8");
    for (arguments, variables, expected) in [
        (
            &[][..],
            &[][..],
            serde_json::json!({"key": "limit_keys", "value": "1000", "source": "default"}),
        ),
        (
            &["--config", "keyhold.toml"],
            &[],
            serde_json::json!(
                {"key": "limit_keys", "value": "7", "source": "file", "file": "keyhold.toml", "line": 2}
            ),
        ),
        (
            &[],
            &[FILE, by_variable],
            serde_json::json!(
                {"key": "limit_keys", "value": "8", "source": "environment", "variable": "KEYHOLD_LIMIT_KEYS"}
            ),
        ),
        (
            &["--limit-keys", "9"],
            &[FILE, by_variable],
            serde_json::json!(
                {"key": "limit_keys", "value": "9", "source": "flag", "flag": "--limit-keys"}
            ),
        ),
        // Nothing counts as absent, at each step.
        (
            &["--limit-keys", ""],
            &[FILE, ("KEYHOLD_LIMIT_KEYS", " ")],
            serde_json::json!(
                {"key": "limit_keys", "value": "7", "source": "file", "file": "keyhold.toml", "line": 2}
            ),
        ),
        (
            &["--config", ""],
            &[("KEYHOLD_CONFIG", "")],
            serde_json::json!({"key": "limit_keys", "value": "1000", "source": "default"}),
        ),
    ] {
        let report = checked(folder.path(), arguments, variables);
        assert_eq!(setting(&report, "limit_keys"), expected, "{arguments:?}");
    }
}

/// The flag may stand before the command or after it, and wins over the variable.
#[test]
fn the_file_is_named_by_a_flag_or_a_variable() {
    let folder = folder("lease = 31\n");
    for arguments in [
        &["--config", "keyhold.toml", "config", "check", "--json"][..],
        &["config", "--config=keyhold.toml", "check", "--json"],
        &["config", "check", "--json", "--config", "keyhold.toml"],
    ] {
        let other = ("KEYHOLD_CONFIG", "elsewhere.toml");
        let (code, said, errors) = keyhold(folder.path(), arguments, &[other]);
        assert_eq!(code, Some(0), "{errors}");
        let report: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(setting(&report, "lease")["value"], "31");
    }
    let (code, _, errors) = keyhold(folder.path(), &["serve", "--config", "no.toml"], &[]);
    assert_eq!(code, Some(1));
    assert!(
        errors.starts_with("error: no.toml: the configuration file cannot be read"),
        "{errors}"
    );
}

#[test]
fn a_server_follows_the_file() {
    let home = Home::new();
    write(home.path(), "sign_up = \"closed\"\n", 0o600);
    let is_open = |flags: &[&str], variables: &[(&str, &str)]| {
        let running = start_in(&home, flags, &[&[FILE], variables].concat());
        running
            .call("account/sign-up", "", &sign_up("a@example.com"))
            .is_ok()
    };
    assert!(!is_open(&[], &[]));
    let open = ("KEYHOLD_SIGN_UP", "open");
    assert!(!is_open(&["--sign-up", "closed"], &[open]));
    assert!(is_open(&[], &[open]));
}

/// Every setting of the file may be empty, as every variable may.
#[test]
fn an_empty_value_of_the_file_counts_as_absent() {
    let home = Home::new();
    let command = CommandLine::command();
    let lines = settings(&command).map(|setting| format!("{} = \"\"\n", setting.key()));
    write(home.path(), &lines.collect::<String>(), 0o600);
    let running = start_in(&home, &[], &[FILE]);
    assert!(home.path().join("data/pepper").exists());
    drop(running);
}

#[test]
fn a_mistake_stops_every_command_that_uses_settings() {
    let folder = folder("listen = \"127.0.0.1:0\"\nlimit_key = 3\n");
    for command in [
        &["serve"][..],
        &["config", "check"],
        &["backup", "copy.db"],
        &["restore", "copy.db"],
        &["nodes"],
        &["mail", "test", "--to", "a@example.com"],
        &["clock", "accept"],
    ] {
        let (code, said, errors) = keyhold(folder.path(), command, &[FILE]);
        assert_eq!(code, Some(1), "{command:?}: {errors}");
        assert_eq!(
            errors, "error: keyhold.toml:2: limit_key is not a setting: do you mean limit_keys?\n",
            "{command:?}"
        );
        assert_eq!(said, "");
    }
    let (code, _, errors) = keyhold(folder.path(), &["time-zones"], &[FILE]);
    assert_eq!(code, Some(0), "it uses no setting: {errors}");
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

/// Otherwise the mistake would show when the variable is removed, perhaps much later.
#[test]
fn a_bad_value_counts_also_where_a_variable_wins() {
    let home = Home::new();
    for (text, expected) in [
        ("lease = 3\n", "keyhold.toml:1: lease: 3 is not in 5..=300"),
        (
            "\nlease = \"30\"\n",
            "keyhold.toml:2: lease must be a whole number",
        ),
        ("lease = [", "keyhold.toml:1: "),
    ] {
        write(home.path(), text, 0o600);
        let said = refusal_in(&home, &[], &[FILE, ("KEYHOLD_LEASE", "30")]);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

/// As with flags and variables: a setting means the same wherever it stands.
#[test]
fn paths_are_relative_to_the_working_directory() {
    let folder = folder("");
    let elsewhere = TempDir::new().unwrap();
    write(
        elsewhere.path(),
        "database_url = \"sqlite://here/keyhold.db\"\nsite_root = \"none\"\n",
        0o600,
    );
    let file = elsewhere.path().join("keyhold.toml");
    let backup = ["backup", "copy.db", "--config", file.to_str().unwrap()];
    let (code, _, errors) = keyhold(folder.path(), &backup, &[]);
    let here = folder.path().canonicalize().unwrap().join("here");
    assert_eq!(code, Some(1));
    assert!(
        errors.contains(&format!("no database at {}", here.display())),
        "{errors}"
    );
    let check = ["config", "check", "--config", file.to_str().unwrap()];
    let (code, _, errors) = keyhold(folder.path(), &check, &[("KEYHOLD_SITE_ROOT", "")]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("are not in none"), "{errors}");
}

#[test]
fn no_password_is_printed() {
    let folder = folder("");
    let (smtp, database) = (
        "smtps://user:hunter22@mail.example.com",
        "postgres://kh:hunter22@db.example.com/keys?sslmode=require",
    );
    let text = format!("smtp_url = \"{smtp}\"\ndatabase_url = \"{database}\"\n");
    write(folder.path(), &text, 0o600);
    let by_variables = [
        ("KEYHOLD_SMTP_URL", smtp),
        ("KEYHOLD_DATABASE_URL", database),
    ];
    let by_flags = ["--smtp-url", smtp, "--database-url", database];
    for (flags, variables) in [
        (&[][..], &[FILE][..]),
        (&[], &by_variables),
        (&by_flags, &[]),
    ] {
        let report = checked(folder.path(), flags, variables);
        let value = |key: &str| setting(&report, key)["value"].clone();
        assert_eq!(value("smtp_url"), "smtps://***@mail.example.com");
        assert_eq!(
            value("database_url"),
            "postgres://***@db.example.com/keys?sslmode=require"
        );
        assert!(!report.to_string().contains("hunter"), "{report}");
        let arguments = [&["config", "check"], flags].concat();
        let (code, said, errors) = keyhold(folder.path(), &arguments, variables);
        assert_eq!(code, Some(0));
        assert!(!format!("{said}{errors}").contains("hunter"), "{said}");
    }

    write(folder.path(), &text, 0o644);
    let (code, said, errors) = keyhold(folder.path(), &["config", "check"], &[FILE]);
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("database_url holds a password")
            || errors.contains("smtp_url holds a password"),
        "{errors}"
    );
    assert!(!format!("{said}{errors}").contains("hunter"), "{errors}");
}

#[test]
fn config_check_prints_a_table_and_what_a_start_says() {
    let folder = folder("base_url = \"https://keys.example.com\"\n");
    let smtp = ("KEYHOLD_SMTP_URL", "smtp://mail.example.com");
    let arguments = ["config", "check", "--lease", "40"];
    let (code, said, errors) = keyhold(folder.path(), &arguments, &[FILE, smtp]);
    assert_eq!(code, Some(0), "{errors}");
    let rows: Vec<Vec<&str>> = said
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for row in [
        ["setting", "value", "source"],
        ["listen", "127.0.0.1:3000", "default"],
        ["base_url", "https://keys.example.com", "keyhold.toml:1"],
        ["smtp_url", "smtp://mail.example.com", "KEYHOLD_SMTP_URL"],
        ["lease", "40", "--lease"],
        ["docs_url", "-", "default"],
    ] {
        assert!(rows.contains(&row.to_vec()), "{row:?} is missing: {said}");
    }
    for expected in [
        "Reached at https://keys.example.com. Emails go to smtp://mail.example.com:25, from Keyhold <keyhold@keys.example.com>.",
        "WARNING: KEYHOLD_TRUSTED_PROXIES is not set",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn config_check_names_what_a_start_would_refuse() {
    for (text, expected) in [
        (
            "\nbase_url = \"http://keys.example.com\"\n",
            "in the clear. Set it to the https address that browsers use. (base_url stands at keyhold.toml:2)",
        ),
        (
            "base_url = \"https://keys.example.com\"\n",
            "KEYHOLD_SMTP_URL is not set",
        ),
        (
            "smtp_url = \"mail.example.com\"\n",
            "with everything but letters and digits in user and password percent-encoded (smtp_url stands at keyhold.toml:1)",
        ),
        (
            "database_url = \"mysql://x/y\"\n",
            "KEYHOLD_DATABASE_URL: give sqlite://PATH",
        ),
        ("pepper_file = \"keyhold.toml\"\n", "64 hexadecimal digits"),
        (
            "admin_listen = \"127.0.0.1:9090\"\nmetrics_listen = \"0.0.0.0:9090\"\n",
            "KEYHOLD_ADMIN_LISTEN is 127.0.0.1:9090 and KEYHOLD_METRICS_LISTEN is 0.0.0.0:9090, which is one address",
        ),
        (
            "sign_in_url = \"http://127.0.0.1:3000/\"\n",
            "which is Keyhold itself",
        ),
        (
            "demo = true\nlisten = \"0.0.0.0:3000\"\nbase_url = \"https://a.example\"\n",
            "--demo has a published password",
        ),
    ] {
        let folder = folder(text);
        write(folder.path(), text, 0o600);
        let (code, said, errors) = keyhold(folder.path(), &["config", "check"], &[FILE]);
        assert_eq!(code, Some(1), "{text}: {said}");
        assert!(errors.contains(expected), "{text}: {errors}");
        assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
        let json = ["config", "check", "--json"];
        let (_, said, _) = keyhold(folder.path(), &json, &[FILE]);
        let report: Value = serde_json::from_str(&said).unwrap();
        let error = report["error"].as_str().unwrap();
        assert!(error.contains(expected), "{error}");
        assert!(!folder.path().join("data").exists(), "nothing was made");
    }
}
