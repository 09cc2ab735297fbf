//! The errors of failed commands and starts, for the user in front of the terminal.

use std::process::Command;

use crate::fixture::home::Home;
use crate::fixture::process::refusal_in;

/// A command or start that fails reports the error to its user, whole and once, at any log level.
#[test]
fn a_failure_is_reported_at_any_log_level() {
    let home = Home::new();
    let long = ["n"; 10].map(|name| name.repeat(200)).join("/");
    let url = format!("sqlite://{long}/none.db");
    for command in [
        &["clock", "accept", "--database-url", &url][..],
        &["backup", "copy.db", "--database-url", &url],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_keyhold"))
            .args(command)
            .current_dir(home.path())
            .env("RUST_LOG", "off")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.matches(&long).count(), 1, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for much in ["off", "info"] {
        let flags = ["--listen", "127.0.0.1:0", "--database-url", "mysql://x/y"];
        let said = refusal_in(&home, &flags, &[("RUST_LOG", much)]);
        assert_eq!(said.matches("KEYHOLD_DATABASE_URL").count(), 1, "{said}");
    }
}
