//! `keyhold completions` and `keyhold man`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::fixture::process::keyhold;

/// Returns what a command prints, which must succeed without a word on standard error.
fn printed(folder: &TempDir, arguments: &[&str]) -> String {
    let secrets = [
        ("KEYHOLD_SMTP_URL", "smtps://user:hunter22@mail.example.com"),
        ("KEYHOLD_DATABASE_URL", "postgres://kh:hunter22@db/keys"),
    ];
    let (code, said, errors) = keyhold(folder.path(), arguments, &secrets);
    assert_eq!((code, &*errors), (Some(0), ""), "{arguments:?}");
    assert!(!said.contains("hunter"), "{said}");
    said
}

/// Returns whether a shell that is installed accepts a script; none if it is not installed.
fn parses(shell: &str, script: &str) -> Option<bool> {
    let mut child = Command::new(shell)
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    Some(child.wait().unwrap().success())
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&folder, &["completions", shell]);
        for word in ["serve", "backup", "limit-keys", "config"] {
            assert!(script.contains(word), "{shell}: {word} is missing");
        }
    }
    let bash = printed(&folder, &["completions", "bash"]);
    assert_eq!(parses("bash", &bash), Some(true));
    for shell in ["fish", "zsh"] {
        let script = printed(&folder, &["completions", shell]);
        assert_ne!(parses(shell, &script), Some(false), "{shell}");
    }
    let (code, _, errors) = keyhold(folder.path(), &["completions", "tcsh"], &[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("[possible values: bash,"), "{errors}");
}

#[test]
fn the_completions_of_bash_complete() {
    let folder = TempDir::new().unwrap();
    let script = printed(&folder, &["completions", "bash"]);
    let ask = "COMP_WORDS=(keyhold ba) COMP_CWORD=1; _keyhold keyhold ba keyhold; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["-c", &format!("{script}\n{ask}")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "backup\n");
}

#[test]
fn each_command_has_a_man_page() {
    let folder = TempDir::new().unwrap();
    let page = printed(&folder, &["man"]);
    assert!(page.contains("\n.TH keyhold 1"), "{page}");
    for text in [".SH NAME", ".SH SYNOPSIS", "keyhold\\-serve(1)"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    assert_eq!(printed(&folder, &["man", "--out", "a/man1"]), "a/man1\n");
    let read = |name: &str| fs::read_to_string(folder.path().join("a/man1").join(name)).unwrap();
    for (name, text) in [
        ("keyhold.1", "API keys for your customers"),
        ("keyhold-serve.1", "KEYHOLD_LIMIT_KEYS"),
        ("keyhold-config-check.1", "\\-\\-json"),
        ("keyhold-mail-test.1", "\\-\\-to"),
    ] {
        let page = read(name);
        assert!(page.contains("\n.SH NAME"), "{name}: {page}");
        assert!(page.contains(text), "{name}: {page}");
        assert!(!page.contains("hunter"), "{name}");
    }

    fs::write(folder.path().join("file"), "").unwrap();
    let (code, _, errors) = keyhold(folder.path(), &["man", "--out", "file"], &[]);
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("--out: the pages cannot be written to file"),
        "{errors}"
    );
}
