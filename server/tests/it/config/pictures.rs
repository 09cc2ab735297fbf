//! Logos and the icon: a file that is no such picture stops the start with a sentence, before anything is made.

use std::fs;

use tempfile::TempDir;

use crate::config::file::folder;
use crate::fixture::home::Home;
use crate::fixture::process::{keyhold, refusal_in};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"></svg>";

/// Returns a folder with pictures, and with files that are none.
fn pictures() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("logo.svg", SVG.as_bytes());
    write("page.png", b"<!doctype html><title>Logo</title>");
    write("empty.svg", b"");
    write("cut.svg", &SVG.as_bytes()[..40]);
    write("script.svg", SVG.replace("><", "><script/><").as_bytes());
    write("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0");
    let comment = |kib: usize| format!("<!--{}-->{SVG}", "a".repeat(kib * 1024));
    write("large.svg", comment(256).as_bytes());
    write("icon.svg", comment(64).as_bytes());
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    folder
}

#[test]
fn a_logo_that_is_no_picture_stops_the_start_with_a_sentence() {
    let pictures = pictures();
    let path = |name: &str| pictures.path().join(name).to_str().unwrap().to_owned();
    let light = ("KEYHOLD_LOGO_FILE", path("logo.svg"));
    for (setting, file, reason) in [
        (
            "KEYHOLD_LOGO_FILE",
            "page.png",
            "is no image, or only a part of one",
        ),
        ("KEYHOLD_LOGO_FILE", "empty.svg", "is no image"),
        ("KEYHOLD_LOGO_FILE", "cut.svg", "is no image"),
        (
            "KEYHOLD_LOGO_FILE",
            "photo.jpg",
            "PNG, SVG or WebP is needed",
        ),
        ("KEYHOLD_LOGO_FILE", "script.svg", "has a script"),
        ("KEYHOLD_LOGO_FILE", "large.svg", "is larger than 256 KiB"),
        ("KEYHOLD_LOGO_FILE", "none.png", "No such file"),
        ("KEYHOLD_LOGO_FILE", "folder.png", "it is no file"),
        ("KEYHOLD_LOGO_DARK_FILE", "page.png", "is no image"),
        (
            "KEYHOLD_LOGO_DARK_FILE",
            "large.svg",
            "is larger than 256 KiB",
        ),
        ("KEYHOLD_LOGO_DARK_FILE", "none.png", "No such file"),
        (
            "KEYHOLD_FAVICON_FILE",
            "page.png",
            "PNG, SVG or ICO is needed",
        ),
        ("KEYHOLD_FAVICON_FILE", "icon.svg", "is larger than 64 KiB"),
        ("KEYHOLD_FAVICON_FILE", "none.png", "No such file"),
    ] {
        let file = path(file);
        let mut settings = vec![(setting, &*file)];
        if setting == "KEYHOLD_LOGO_DARK_FILE" {
            settings.push((light.0, &light.1));
        }
        let sentence = format!("{setting}: {file} ");
        refused(&settings, &[&sentence, reason]);
    }
}

#[test]
fn a_logo_for_the_dark_alone_stops_the_start() {
    let pictures = pictures();
    let logo = pictures.path().join("logo.svg");
    let dark = [("KEYHOLD_LOGO_DARK_FILE", logo.to_str().unwrap())];
    refused(
        &dark,
        &["KEYHOLD_LOGO_DARK_FILE is set without KEYHOLD_LOGO_FILE"],
    );
}

/// Asserts that a start and `config check` refuse settings in one sentence with these parts, and make nothing.
fn refused(settings: &[(&str, &str)], parts: &[&str]) {
    let (home, checked) = (Home::blank(), folder(""));
    let start = refusal_in(&home, &[], settings);
    let (code, said, check) = keyhold(checked.path(), &["config", "check"], settings);
    assert_eq!(code, Some(1), "{settings:?}: {said}");
    let json = ["config", "check", "--json"];
    let (code, report, _) = keyhold(checked.path(), &json, settings);
    assert_eq!(code, Some(1), "{settings:?}: {report}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    for sentence in [&*start, &check, report["error"].as_str().unwrap()] {
        assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
        for part in parts {
            assert!(sentence.contains(part), "{settings:?}: {sentence}");
        }
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
    assert!(!checked.path().join("data").exists(), "nothing was made");
}
