//! PgBouncer between Keyhold and the server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use url::Url;
use vault::Options;
use vault::test_support::{Fixture, Folder, expire, options};

use super::opened;

/// A pooler in front of the server. It ends when it is dropped.
struct Pooler {
    process: Child,
    address: Url,
}

impl Pooler {
    fn start(mode: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/pgbouncer.sh");
        let mut process = Command::new(script)
            .args(["run", "ignore_startup_parameters=extra_float_digits"])
            .arg(format!("pool_mode={mode}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut address = String::new();
        output.read_line(&mut address).unwrap();
        Self {
            process,
            address: address.trim_end().parse().expect("it did not start"),
        }
    }

    /// Returns the address of a database through the pooler.
    fn through(&self, database_url: &str) -> String {
        let database: Url = database_url.parse().unwrap();
        let mut url = self.address.clone();
        url.set_path(database.path());
        url.into()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // The end of its input.
        drop(self.process.stdin.take());
        let ended = self.process.wait();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_pooler_that_keeps_sessions_is_used() {
    let pooler = Pooler::start("session");
    let fixture = Fixture::with(|options| {
        options.database_url = pooler.through(&options.database_url);
    });
    let fixture = fixture.await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let access_key = member.default_key.access_key.to_string();
    expire(&fixture.vault, &member, &access_key).await;
    assert_eq!(fixture.verdict(&member.default_key), "expired");
    fixture.vault.close().await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_pooler_that_lends_sessions_is_refused() {
    for (mode, part) in [
        ("transaction", "Use pool_mode = session"),
        ("statement", "not allowed in statement pooling mode"),
    ] {
        let pooler = Pooler::start(mode);
        let folder = Folder::new().await;
        let options = Options {
            database_url: pooler.through(&folder.database().url()),
            ..options(&folder)
        };
        let refused = opened(&options).await;
        assert!(refused.contains(part), "{mode}: {refused}");
        assert!(!options.pepper_file.exists(), "a pepper for nothing");
    }
}
