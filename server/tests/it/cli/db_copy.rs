//! `keyhold db copy` as an operator runs it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::fixture::home::Home;
use crate::fixture::process::{refusal, start};

const TARGET: &str = "sqlite://moved/keyhold.db";

fn begin(home: &Home) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyhold"))
        .args(["db", "copy", "--from", &home.database().url()])
        .args(["--to", TARGET])
        .current_dir(home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Copies, and returns whether that succeeded, with all output.
fn copy(home: &Home) -> (bool, String) {
    let output = begin(home).wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_server_goes_on_with_the_copy() {
    let home = Home::new();
    let mut running = start(&home, &[]);
    let key = running.sign_up();
    let (done, said) = copy(&home);
    assert!(!done && said.contains(" is in use by "), "{said}");
    assert_eq!(running.terminate(), Some(0));

    let (done, said) = copy(&home);
    assert!(done && said.contains(" 1  accounts\n"), "{said}");
    assert!(said.contains("The pepper file was not copied"), "{said}");
    let running = start(&home, &["--database-url", TARGET]);
    assert_eq!(running.verdict(&key), "200");
    drop(running);
    let (done, said) = copy(&home);
    assert!(!done && said.contains("is not empty"), "{said}");
}

/// Adds many entries to the trail, so that a copy takes a while.
fn lengthen(home: &Home) {
    home.change(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
         INSERT INTO audit (id, at, account_id, action, subject, detail, address)
         SELECT 1000 + n, 0, '', 'account.signed_in', '', '', '' FROM numbers",
    );
}

/// Progress comes in lines where standard error is no terminal. Ctrl-C says how to go on.
#[test]
fn an_interrupted_copy_is_continued_by_the_same_command() {
    let home = Home::new();
    let mut running = start(&home, &[]);
    let key = running.sign_up();
    assert_eq!(running.terminate(), Some(0));
    lengthen(&home);

    let mut copying = begin(&home);
    let mut said = BufReader::new(copying.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Copying ") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended");
    }
    let interrupted = Command::new("kill")
        .args(["-INT", &copying.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(copying.wait().unwrap().code(), Some(1));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(
        rest.contains("the same command continues the copy"),
        "{rest}"
    );

    let refused = refusal(&home, &["--database-url", TARGET]);
    assert!(refused.contains("an unfinished copy"), "{refused}");
    let (done, said) = copy(&home);
    assert!(
        done && said.contains("An interrupted copy was continued"),
        "{said}"
    );
    // Progress is not interspersed with warnings that a large table takes long.
    assert!(!said.contains("slow statement"), "{said}");
    let running = start(&home, &["--database-url", TARGET]);
    assert_eq!(running.verdict(&key), "200");
}
