//! Programs for the tests that the project's own scripts install.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the Python with the gateways installed beside it.
fn python() -> PathBuf {
    program("KEYHOLD_TEST_PYTHON", "python.sh")
}

/// Returns an nginx with auth_request.
pub fn nginx() -> PathBuf {
    program("KEYHOLD_TEST_NGINX", "nginx.sh")
}

/// Returns a gateway that is packaged for Python.
pub fn packaged(name: &str) -> PathBuf {
    let program = python().with_file_name(name);
    assert!(
        program.is_file(),
        "there is no {}: build/python.sh installs it",
        program.display()
    );
    program
}

/// Returns the program that `make` found, or else the one that its script prints.
fn program(setting: &str, script: &str) -> PathBuf {
    if let Some(program) = std::env::var_os(setting) {
        return program.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../build")
        .join(script);
    let output = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{} says what is missing",
        script.display()
    );
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}
