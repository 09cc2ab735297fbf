//! `keyhold doctor`, beside a running server and without one.

mod company;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;
use vault::test_support::peer::{Peer, Script, Step};

use crate::fixture::home::{Home, on_postgres};
use crate::fixture::process::{Port, Running, start_in};

/// The verdicts of the doctor: exit code, and status and message of each check.
struct Verdicts {
    code: Option<i32>,
    checks: BTreeMap<String, (String, String)>,
    /// Everything that was printed, by both forms of the report.
    printed: String,
}

impl Verdicts {
    fn status(&self, check: &str) -> &str {
        &self.checks[check].0
    }

    fn message(&self, check: &str) -> &str {
        &self.checks[check].1
    }

    /// Returns the checks that are not fine.
    fn complaints(&self) -> Vec<&str> {
        let checks = self.checks.iter();
        let bad = checks.filter(|(_, (status, _))| status != "ok");
        bad.map(|(check, _)| &**check).collect()
    }
}

/// Runs the doctor with these settings, for people and for programs.
fn doctor(home: &Home, settings: &[(&str, &str)]) -> Verdicts {
    let run = |arguments: &[&str]| {
        fs::create_dir_all(home.path().join("site/pkg")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyhold"));
        home.enter(&mut command)
            .args(arguments)
            .env("KEYHOLD_SITE_ROOT", "site")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let Output { stdout, stderr, .. } = run(&["doctor"]);
    let (table, mut printed) = (text(stdout), text(stderr));
    let Output {
        status,
        stdout,
        stderr,
    } = run(&["doctor", "--json"]);
    let json = text(stdout);
    for part in [&table, &json, &text(stderr)] {
        printed.push_str(part);
    }
    let report: Value = serde_json::from_str(&json).unwrap();
    let of = |check: &Value, field: &str| check[field].as_str().unwrap().to_owned();
    let list = report["checks"].as_array().unwrap();
    let checks: BTreeMap<_, _> = list
        .iter()
        .map(|check| {
            (
                of(check, "check"),
                (of(check, "status"), of(check, "message")),
            )
        })
        .collect();
    assert_eq!(table.lines().count(), checks.len(), "{table}");
    for (line, check) in table.lines().zip(list) {
        assert!(line.starts_with(&of(check, "status")), "{line}");
        assert!(line.contains(&of(check, "check")), "{line}");
    }
    let failed = checks.values().filter(|(status, _)| status == "failed");
    let failed = failed.count();
    assert_eq!(report["failed"], failed);
    assert_eq!(status.code(), Some(if failed == 0 { 0 } else { 2 }));
    Verdicts {
        code: status.code(),
        checks,
        printed,
    }
}

/// Returns the names and contents of the files of a database, by which a change of it would show.
fn files(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let folder = fs::read_dir(home.path().join("data")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let files =
        paths.filter(|path| path.is_file() && path.extension().is_none_or(|of| of != "db-shm"));
    files
        .map(|path| {
            let content = fs::read(&path).unwrap();
            (path.display().to_string(), content)
        })
        .collect()
}

/// Starts a server on a port that the doctor is told too. The base URL follows from it.
fn server(home: &Home, port: &Port, settings: &[(&str, &str)]) -> Running {
    start_in(home, &["--listen", &port.address], settings)
}

#[test]
fn everything_is_fine_beside_a_server() {
    let (home, port) = (Home::new(), Port::hold());
    let peer = Peer::start();
    let url = peer.url().replace("smtp://", "smtp://user:hunter22@");
    let settings = [
        ("KEYHOLD_LISTEN", &*port.address),
        ("KEYHOLD_SMTP_URL", &url),
    ];
    let running = server(&home, &port, &settings);
    let key = running.sign_up();
    let seen = doctor(&home, &settings);
    assert_eq!(seen.code, Some(0), "{}", seen.printed);
    assert_eq!(seen.complaints(), [] as [&str; 0], "{}", seen.printed);
    let names: Vec<_> = seen.checks.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "base_url",
            "clock",
            "database",
            "mail",
            "management",
            "pepper",
            "settings",
            "sign_in",
            "token"
        ]
    );
    assert!(!seen.printed.contains("hunter"), "{}", seen.printed);
    assert_eq!(running.verdict(&key), "200");
    running.create(key["cookie"].as_str().unwrap(), "after the doctor");
}

#[test]
fn the_mail_server_gets_a_greeting_and_no_mail() {
    let home = Home::new();
    let peer = Peer::start();
    let url = peer.url().replace("smtp://", "smtp://user:hunter22@");
    let seen = doctor(&home, &[("KEYHOLD_SMTP_URL", &url)]);
    assert_eq!(seen.status("mail"), "ok", "{}", seen.printed);
    peer.quiet();
    let commands = peer.commands("");
    assert_eq!(
        commands[..3],
        [
            "EHLO [127.0.0.1]",
            "AUTH PLAIN AHVzZXIAaHVudGVyMjI=",
            "QUIT"
        ]
    );
    assert!(peer.mails().is_empty());
}

#[test]
fn a_mail_server_that_fails_is_named() {
    let home = Home::new();
    let mut peer = Peer::start();
    let url = peer.url().replace("smtp://", "smtp://user:hunter22@");
    let settings = [("KEYHOLD_SMTP_URL", &*url)];
    let wrong = || Script::at(Step::Auth, "535 5.7.8 wrong password");
    peer.follow([wrong(), wrong()]);
    let seen = doctor(&home, &settings);
    assert_eq!(seen.status("mail"), "failed");
    assert!(
        seen.message("mail").contains("535 5.7.8 wrong password"),
        "{}",
        seen.printed
    );
    peer.listen(false);
    let seen = doctor(&home, &settings);
    assert_eq!((seen.code, seen.status("mail")), (Some(2), "failed"));
    for part in ["Connection refused", "KEYHOLD_SMTP_URL"] {
        assert!(seen.message("mail").contains(part), "{}", seen.printed);
    }
    assert!(!seen.printed.contains("hunter"), "{}", seen.printed);
}

#[test]
fn a_wrong_pepper_fails() {
    let (home, port) = (Home::new(), Port::hold());
    let settings = [("KEYHOLD_LISTEN", &*port.address)];
    let running = server(&home, &port, &settings);
    running.sign_up();
    let other = home.path().join("other");
    fs::write(&other, "0123456789abcdef".repeat(4)).unwrap();
    fs::set_permissions(&other, Permissions::from_mode(0o600)).unwrap();
    let with_other = |path: &str| {
        let settings = [settings[0], ("KEYHOLD_PEPPER_FILE", path)];
        doctor(&home, &settings)
    };
    let seen = with_other("other");
    assert_eq!(seen.complaints(), ["pepper", "token"], "{}", seen.printed);
    assert_eq!((seen.code, seen.status("pepper")), (Some(2), "failed"));
    assert!(
        seen.message("pepper")
            .contains("created with another pepper"),
        "{}",
        seen.printed
    );

    let seen = with_other("none");
    assert_eq!(seen.status("pepper"), "failed");
    assert!(
        seen.message("pepper")
            .contains("restore it from the backup"),
        "{}",
        seen.printed
    );

    fs::set_permissions(&other, Permissions::from_mode(0o644)).unwrap();
    let seen = with_other("other");
    assert_eq!(
        seen.complaints(),
        ["base_url", "mail", "pepper", "settings", "token"]
    );
    assert!(seen.message("settings").contains("chmod 600"));
}

#[test]
fn a_stopped_server_does_not_answer() {
    let (home, port) = (Home::new(), Port::hold());
    let settings = [("KEYHOLD_LISTEN", &*port.address)];
    let mut running = server(&home, &port, &settings);
    running.sign_up();
    running.terminate();
    let before = files(&home);
    let seen = doctor(&home, &settings);
    assert_eq!(
        seen.complaints(),
        ["base_url", "management"],
        "{}",
        seen.printed
    );
    assert!(
        seen.message("base_url")
            .contains("Is `keyhold serve` running"),
        "{}",
        seen.printed
    );
    assert_eq!(files(&home), before, "something was written");
}

#[test]
fn before_the_first_start_only_the_server_is_missing() {
    let (home, port) = (Home::blank(), Port::hold());
    let seen = doctor(&home, &[("KEYHOLD_LISTEN", &port.address)]);
    assert_eq!(
        seen.complaints(),
        ["base_url", "database", "management", "pepper", "token"],
        "{}",
        seen.printed
    );
    for check in ["database", "pepper", "token"] {
        assert_eq!(seen.status(check), "warning");
        assert!(seen.message(check).contains("the first start"));
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_record_ahead_of_the_clock_fails() {
    let (home, port) = (Home::new(), Port::hold());
    let settings = [("KEYHOLD_LISTEN", &*port.address)];
    let mut running = server(&home, &port, &settings);
    running.sign_up();
    running.terminate();
    home.change("UPDATE sweeps SET swept_to = 4102444800000");
    let seen = doctor(&home, &settings);
    assert_eq!(
        seen.complaints(),
        ["base_url", "clock", "management"],
        "{}",
        seen.printed
    );
    for part in ["2100-01-01T00:00:00", "keyhold clock accept"] {
        assert!(seen.message("clock").contains(part), "{}", seen.printed);
    }
}

#[test]
fn a_database_that_is_unknown_or_away_fails() {
    let home = Home::new();
    let mut running = start_in(&home, &[], &[]);
    running.terminate();
    home.change(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    );
    let seen = doctor(&home, &[]);
    assert_eq!(seen.status("database"), "failed", "{}", seen.printed);
    assert!(seen.message("database").contains("newer keyhold"));
    assert_eq!(seen.status("pepper"), "warning");

    let away = "postgres://keyhold:hunter22@127.0.0.1:1/keyhold";
    let seen = doctor(&home, &[("KEYHOLD_DATABASE_URL", away)]);
    assert_eq!(seen.status("database"), "failed", "{}", seen.printed);
    assert!(!seen.printed.contains("hunter"), "{}", seen.printed);
}

/// The settings may come from the configuration file, whose place is named.
#[test]
fn wrong_settings_are_named_with_their_place() {
    let home = Home::new();
    let text = "# Settings\nbase_url = \"http://keys.example.com\"\n";
    fs::write(home.path().join("keyhold.toml"), text).unwrap();
    let seen = doctor(&home, &[("KEYHOLD_CONFIG", "keyhold.toml")]);
    assert_eq!(seen.status("settings"), "failed");
    assert!(
        seen.message("settings")
            .contains("base_url stands at keyhold.toml:2"),
        "{}",
        seen.printed
    );
    for check in ["mail", "base_url"] {
        assert!(seen.message(check).starts_with("not checked"));
    }
    assert_eq!(
        on_postgres(),
        seen.message("clock").contains("the database's")
    );
}
