//! The first start, and the files that belong together: an interrupted start can be repeated, and a database or pepper
//! without the other is rejected instead of replaced.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use vault::clock::ManualClock;
use vault::test_support::{Fixture, Folder, NOON, options};
use vault::{Options, Vault};

async fn sentence(options: &Options) -> String {
    match Vault::open(options, Arc::new(ManualClock::at(NOON))).await {
        Ok(vault) => {
            vault.close().await;
            "opened".to_owned()
        }
        Err(error) => error.to_string(),
    }
}

fn pepper(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns the files with their content, to show that nothing changed.
fn files(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name(),
                fs::read(entry.path()).unwrap_or_default(),
            )
        })
        .collect();
    files.sort();
    files
}

/// A first start succeeds after an earlier one died, in each state that it can leave.
#[tokio::test]
async fn a_killed_first_start_can_be_repeated() {
    let states: [fn(&Path); 5] = [
        |folder| fs::write(folder.join("keyhold.db.lock"), "").unwrap(),
        |folder| fs::write(folder.join("keyhold.db"), "").unwrap(),
        |folder| fs::write(folder.join("pepper.new"), "").unwrap(),
        |folder| {
            fs::write(folder.join("keyhold.db"), "").unwrap();
            pepper(&folder.join("pepper.new"), "0123", 0o600);
        },
        |folder| {
            fs::write(folder.join("keyhold.db"), "").unwrap();
            pepper(
                &folder.join("pepper.new"),
                &"0123456789abcdef".repeat(4),
                0o600,
            );
        },
    ];
    for died in states {
        let folder = Folder::new().await;
        died(folder.path());
        assert_eq!(sentence(&options(&folder)).await, "opened");
        assert!(!folder.path().join("pepper.new").exists());
        assert_eq!(sentence(&options(&folder)).await, "opened");
    }
    // It died with the tables made and the pepper not yet in place.
    let site = Fixture::new().await;
    site.vault.close().await;
    let Fixture {
        folder,
        clock,
        vault,
        ..
    } = site;
    drop(vault);
    fs::rename(
        folder.path().join("pepper"),
        folder.path().join("pepper.new"),
    )
    .unwrap();
    let vault = Vault::open(&options(&folder), clock.clone()).await.unwrap();
    let site = Fixture::of(folder, clock, vault);
    let member = site.member("a@example.com").await;
    let site = site.reopened().await;
    assert_eq!(site.verdict(&member.default_key), "good");
}

/// A volume that is not mounted does not become a new, empty Keyhold.
#[tokio::test]
async fn a_pepper_without_its_database_is_refused_and_kept() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    site.vault.close().await;
    let Fixture { folder, vault, .. } = site;
    drop(vault);
    let database = folder.path().join("keyhold.db");
    for (harm, expected) in [
        (None, "is missing"),
        (Some(0), "is empty: it was truncated"),
    ] {
        let _ = fs::remove_file(&database);
        if let Some(length) = harm {
            fs::File::create(&database)
                .unwrap()
                .set_len(length)
                .unwrap();
        }
        let before = files(folder.path());
        let said = sentence(&options(&folder)).await;
        assert!(said.contains(expected), "{said}");
        assert!(
            said.contains("keyhold restore") && said.contains("move the pepper file"),
            "{said}"
        );
        assert_eq!(files(folder.path()), before);
    }
    // The folder of the database is not created either.
    let away = Options {
        database_url: format!("sqlite://{}/volume/keyhold.db", folder.path().display()),
        ..options(&folder)
    };
    assert!(sentence(&away).await.contains("is missing"));
    assert!(!folder.path().join("volume").exists());
    // The error message names this way out.
    fs::rename(
        folder.path().join("pepper"),
        folder.path().join("old-pepper"),
    )
    .unwrap();
    assert_eq!(sentence(&options(&folder)).await, "opened");
}

#[tokio::test]
async fn a_dangling_link_to_the_database_is_refused() {
    let folder = Folder::new().await;
    let target = folder.path().join("volume.db");
    symlink(&target, folder.path().join("keyhold.db")).unwrap();
    let said = sentence(&options(&folder)).await;
    assert!(said.contains("to a file that does not exist"), "{said}");
    assert!(!target.exists(), "nothing is made where it leads");
}

/// A pepper file that holds no secret is rejected.
#[tokio::test]
async fn a_pepper_that_is_no_secret_is_refused() {
    let good = "0123456789abcdef".repeat(4);
    for (text, mode, expected) in [
        (good.as_str(), 0o666, "mode 0666"),
        (&good, 0o644, "mode 0644"),
        (&good, 0o640, "mode 0640"),
        (&good, 0o602, "mode 0602"),
        (&"0".repeat(64), 0o600, "not random"),
        (&"f".repeat(64), 0o600, "not random"),
        (&"0f".repeat(32), 0o400, "not random"),
        (&"deadbeef".repeat(8), 0o600, "not random"),
        (&good[1..], 0o600, "64 hexadecimal digits"),
    ] {
        let folder = Folder::new().await;
        fs::write(folder.path().join("keyhold.db"), "").unwrap();
        pepper(&folder.path().join("pepper"), text, mode);
        let before = files(folder.path());
        let said = sentence(&options(&folder)).await;
        assert!(said.contains(expected), "{text} {mode:o}: {said}");
        assert_eq!(files(folder.path()), before);
    }
}

/// Neither a removed sidecar nor a hard link lets a second server open the file.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_lock_is_on_the_file_itself() {
    let site = Fixture::new().await;
    fs::remove_file(site.folder.path().join("keyhold.db.lock")).unwrap();
    let second = sentence(&options(&site.folder)).await;
    assert!(
        second.contains("in use by another keyhold process"),
        "{second}"
    );

    let link = site.folder.path().join("link.db");
    fs::hard_link(site.folder.path().join("keyhold.db"), &link).unwrap();
    let linked = Options {
        database_url: format!("sqlite://{}", link.display()),
        ..options(&site.folder)
    };
    let second = sentence(&linked).await;
    assert!(
        second.contains("in use by another keyhold process"),
        "{second}"
    );
    assert!(
        !site.folder.path().join("link.db.lock").exists(),
        "no trace"
    );
    site.member("a@example.com").await;
}

/// A lock file that is a link is rejected: it would be created wherever the link leads.
#[tokio::test]
async fn a_lock_that_is_a_link_is_refused() {
    for target in ["elsewhere", "keyhold.db"] {
        let folder = Folder::new().await;
        symlink(
            folder.path().join(target),
            folder.path().join("keyhold.db.lock"),
        )
        .unwrap();
        let said = sentence(&options(&folder)).await;
        assert!(said.contains("symbolic link"), "{said}");
        assert!(!folder.path().join(target).exists());
    }
}
