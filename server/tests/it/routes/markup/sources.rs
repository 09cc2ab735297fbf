//! The ways around escaping, and the files that may use them.

use std::path::{Path, PathBuf};

/// Items that write text as markup, and the files with a reason for it. `leptos_meta` escapes no title, and renders
/// other tags and the attributes of `<html>` and `<body>` on a path of its own.
const WAYS: [(&str, &[&str]); 4] = [
    ("leptos_meta", &["app/src/ui/head.rs", "app/src/shell.rs"]),
    // The logo and the foot, which the server's renderer has escaped; a textarea's text, escaped there; the list of keys and parts of the Dashboard, which the server's renderer has
    // escaped; and lists of zone names from the browser itself.
    (
        "inner_html",
        &[
            "app/src/brand.rs",
            "app/src/forms/field.rs",
            "app/src/pages/api_control.rs",
            "app/src/pages/sign_up.rs",
            "app/src/pages/style_guide/tables.rs",
            "app/src/ui/served.rs",
        ],
    ),
    // Icons, which are constants; and parts of the customers' pages on the operators', which their renderer has escaped.
    (
        "PreEscaped",
        &[
            "vault/src/mail/digest.rs",
            "server/src/routes/operator/parts.rs",
        ],
    ),
    // The browser's document, for the theme switch and for focus: never its title or markup.
    ("set_title", &[]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_known_files_write_markup() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for part in ["app/src", "vault/src", "server/src"] {
        sources(&root.join(part), &mut files);
    }
    for file in files {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        for (way, known) in WAYS {
            assert!(
                !text.contains(way) || known.contains(&name),
                "{name} uses {way}"
            );
        }
    }
    let shell = std::fs::read_to_string(root.join("app/src/shell.rs")).unwrap();
    let imported: Vec<_> = shell
        .lines()
        .filter(|line| line.contains("leptos_meta"))
        .collect();
    assert_eq!(
        imported,
        ["use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};"],
        "`Title` belongs to ui/head.rs, which escapes it"
    );
}
