//! Sources with texts that SQLite stores and PostgreSQL does not.

use super::*;
use crate::copy::end::Engine;

/// Such a text is named before anything is written.
#[tokio::test]
async fn nul_characters_are_found_before_the_copy() {
    let site = Site::new().await;
    site.copied(&site.to("before")).await.unwrap();
    let hidden = "UPDATE api_keys SET description = 'a' || char(0) || 'b'
                  WHERE access_key = (SELECT MIN(access_key) FROM api_keys)";
    change(&site.from, hidden).await;
    let schema = Schema::of_migrations().await.unwrap();
    let mut source = End::source(&site.from).await.unwrap();
    let surveyed = survey(&mut source, &schema, Engine::Postgres, &mut |_| ()).await;
    let refused = surveyed.unwrap_err().to_string();
    assert!(
        refused.contains("one such text")
            && refused.contains("description of api_keys where access_key = \"kh_"),
        "{refused}"
    );
    drop(source);
    let copied = site.copied(&site.to("after")).await.unwrap();
    assert!(copied.tables.iter().any(|table| table.rows > 0));
}

/// A text that is not UTF-8, which only another program can have written.
#[tokio::test]
async fn an_unreadable_row_is_named() {
    let site = Site::new().await;
    let damage = "UPDATE accounts SET time_zone = CAST(x'ff' AS TEXT) WHERE id = (SELECT MAX(id) FROM accounts)";
    change(&site.from, damage).await;
    let refused = site.copied(&site.to("none")).await.unwrap_err().to_string();
    assert!(
        refused.contains("accounts cannot be read at the row after id = "),
        "{refused}"
    );
}
