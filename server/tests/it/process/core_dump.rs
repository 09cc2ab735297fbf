//! Core dumps, which would contain secrets.

use std::fs;

use crate::fixture::home::Home;
use crate::fixture::process::start;

/// N19: the server leaves no core dumps.
#[test]
fn there_are_no_core_dumps() {
    let home = Home::new();
    let running = start(&home, &[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
