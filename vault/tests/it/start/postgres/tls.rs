//! TLS between Keyhold and the server, as the parameters of the address ask for it.

use url::Url;
use vault::Options;
use vault::test_support::{Fixture, Folder, options};

use super::{by_tls, opened};

/// Returns an address with another value of a parameter.
fn with(url: &Url, name: &str, value: &str) -> Url {
    let mut changed = url.clone();
    let others = url.query_pairs().filter(|(other, _)| other != name);
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
    changed
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn every_connection_is_encrypted() {
    let fixture = Fixture::with(|options| {
        options.database_url = by_tls(&options.database_url).into();
    });
    let fixture = fixture.await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    assert_eq!(fixture.verdict(&member.default_key), "good");
    let (connections, encrypted): (i64, bool) = sqlx::query_as(
        "SELECT COUNT(*), BOOL_AND(s.ssl) FROM pg_stat_activity a JOIN pg_stat_ssl s ON s.pid = a.pid
         WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()",
    )
    .fetch_one(&mut fixture.database().await)
    .await
    .unwrap();
    // A reader, the writer, the follower, and its notifications.
    assert!(connections >= 4 && encrypted, "{connections}, {encrypted}");
    fixture.vault.close().await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let folder = Folder::new().await;
    let plain = folder.database().url();
    let url = by_tls(&plain);
    let mut other_name = url.clone();
    other_name.set_host(Some("localhost")).unwrap();
    let other_root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/test_support/peer/selfsigned.pem"
    );
    for (url, part) in [
        (
            with(&url, "sslrootcert", other_root),
            "the TLS connection fails: invalid peer certificate: UnknownIssuer",
        ),
        (
            other_name.clone(),
            "the TLS connection fails: invalid peer certificate: certificate not valid for name \"localhost\"",
        ),
        (
            with(&plain.parse().unwrap(), "sslmode", "verify-full"),
            "the TLS connection fails: server does not support TLS",
        ),
    ] {
        let options = Options {
            database_url: url.into(),
            ..options(&folder)
        };
        let refused = opened(&options).await;
        assert!(refused.contains(part), "{refused}");
        assert!(!options.pepper_file.exists(), "a pepper for nothing");
    }
    let any_name = with(&other_name, "sslmode", "verify-ca");
    vault::nodes(any_name.as_str()).await.unwrap();
}
