//! The commands that call the management API, beside a real server.

mod accounts;
mod audit;
mod keys;
mod portal;
mod retries;
mod tokens;
mod wrong;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::fixture::home::Home;
use crate::fixture::process::{Running, start};

/// A server, and an operator in the folder where it was started.
struct Company {
    home: Home,
    running: Running,
}

/// What a command has printed, and its exit code.
struct Ran {
    code: Option<i32>,
    data: String,
    /// Standard error.
    notes: String,
}

impl Company {
    fn new() -> Self {
        let home = Home::new();
        let running = start(&home, &[]);
        Self { home, running }
    }

    fn token(&self) -> String {
        let file = self.home.path().join("data/operator-token");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// Runs a command with an input and with the address that the server has.
    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let listen = ("KEYHOLD_LISTEN", &*self.running.address);
        let ran = run(self.home.path(), arguments, &[listen], input);
        for output in [&ran.data, &ran.notes] {
            assert!(!output.contains(&self.token()), "{arguments:?}: {output}");
            assert!(!output.contains('\u{1b}'), "{arguments:?}: {output}");
        }
        ran
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command that must succeed, and returns its data.
    fn table(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.notes);
        ran.data
    }

    /// As [`Self::table`], with `--json`. Nothing is said beside the data.
    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((ran.code, &*ran.notes), (Some(0), ""), "{arguments:?}");
        serde_json::from_str(&ran.data).unwrap()
    }

    /// Runs a command that must fail, with this exit code and no data, and returns what it says.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.notes);
        assert_eq!(ran.data, "", "{arguments:?}");
        ran.notes
    }

    /// Starts a command that goes on.
    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyhold"));
        command
            .args(arguments)
            .env("KEYHOLD_LISTEN", &self.running.address)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Creates a key of an account, and returns it with its secret.
    fn key(&self, account: &str, name: &str) -> Value {
        self.json(&["key", "create", account, "--name", name, "--expiry", "90d"])
    }
}

/// Runs `keyhold` in a folder.
fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyhold"))
        .args(arguments)
        .envs(settings.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Ran {
        code: status.code(),
        data: String::from_utf8(stdout).unwrap(),
        notes: String::from_utf8(stderr).unwrap(),
    }
}

/// Returns a member that is a text.
fn text<'a>(record: &'a Value, member: &str) -> &'a str {
    record[member].as_str().unwrap()
}
