//! The database file under the running process: its owner, its mode, and its removal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::fixture::home::Home;
use crate::fixture::process::{refusal, start};

#[test]
fn a_second_server_on_the_file_is_refused() {
    let home = Home::new();
    let first = start(&home, &[]);
    let said = refusal(&home, &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("in use by another keyhold process"), "{said}");
    assert_eq!(first.verdict(&first.sign_up()), "200", "the first goes on");
}

/// A removed database is reported within a second, with no change acknowledged and verification unaffected; a restart
/// is refused with instructions and creates no empty Keyhold.
#[test]
fn a_removed_database_is_reported() {
    let home = Home::new();
    let running = start(&home, &[]);
    let key = running.sign_up();
    let cookie = key["cookie"].as_str().unwrap();
    fs::remove_file(home.path().join("data/keyhold.db")).unwrap();
    let refused = running
        .call(
            "keys/create",
            cookie,
            &[("name", "lost"), ("expiry", "90d")],
        )
        .unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    let ready = running.get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert_eq!(running.verdict(&key), "200");
    running.log_with("was removed");
    drop(running);
    let said = refusal(&home, &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("there is a pepper file"), "{said}");
    assert!(!home.path().join("data/keyhold.db").exists());
}

/// A warning is logged if other users can open the database.
#[test]
fn a_database_open_to_other_users_is_reported() {
    let home = Home::new();
    drop(start(&home, &[]));
    let database = home.path().join("data/keyhold.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o666)).unwrap();
    let running = start(&home, &[]);
    running.log_with("accessible to users other than its owner (mode 0666)");
}
