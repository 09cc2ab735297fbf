//! Who writes which table: each is written in one room of the vault, so that its rules have one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Operations on a database as a whole, which change rows of every room.
const WHOLE_DATABASE: [&str; 3] = ["copy", "restore", "start/accept_clock.rs"];

/// Returns the files of a folder and of those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Returns the first word of each part of `text` that follows `before`.
fn words_after<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn each_table_is_written_in_one_room() {
    let vault = Path::new(env!("CARGO_MANIFEST_DIR"));
    let migrations: Vec<String> = files(&vault.join("migrations"))
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let tables: BTreeSet<&str> = migrations
        .iter()
        .flat_map(|text| words_after(text, "CREATE TABLE "))
        .collect();
    assert!(tables.contains("api_keys"), "{tables:?}");

    let src = vault.join("src");
    let mut rooms: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files(&src) {
        let path = file.strip_prefix(&src).unwrap().to_str().unwrap();
        // Tests and their set-up are no part of the product.
        let of_tests = path.ends_with("tests.rs") || path.starts_with("test_support/");
        if of_tests || WHOLE_DATABASE.iter().any(|one| path.starts_with(one)) {
            continue;
        }
        let room = path.split('/').next().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for statement in ["INSERT INTO ", "UPDATE ", "DELETE FROM "] {
            for table in words_after(text, statement) {
                if let Some(table) = tables.get(table) {
                    rooms.entry(table).or_default().insert(room.to_owned());
                }
            }
        }
    }
    assert!(rooms.len() > 8, "{rooms:?}");
    rooms.retain(|table, rooms| {
        // Any room may use the probe of the writer to force a commit to the disk.
        *table != "write_probe" && rooms.len() > 1
    });
    assert!(rooms.is_empty(), "written in several rooms: {rooms:?}");
}
