//! The site's files, served from memory.

use std::io::Write;

use crate::fixture::home::Home;
use crate::fixture::process::start_in;

/// The site's files are served from memory, so that no client can use up the system's open files.
#[test]
fn files_are_served_from_memory() {
    let home = Home::new();
    let site = home.path().join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/robots.txt");
    std::fs::copy(public, site.join("robots.txt")).unwrap();
    for (ending, content) in [("", "plain"), (".br", "brotli"), (".gz", "gzip")] {
        let mut file = std::fs::File::create(site.join(format!("pkg/a.js{ending}"))).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }
    let running = start_in(&home, &[], &[]);
    std::fs::remove_dir_all(&site).unwrap();
    let ask = |head: &str| running.send(head, "").unwrap();
    let answer = ask("GET /pkg/a.js HTTP/1.1\r\nAccept-Encoding: gzip, br");
    assert!(answer.ends_with("\r\n\r\nbrotli"), "{answer}");
    for header in [
        "content-type: text/javascript",
        "content-encoding: br",
        "cache-control: no-cache",
        "vary: accept-encoding",
        "last-modified: ",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    assert!(ask("GET /pkg/a.js HTTP/1.1").ends_with("\r\n\r\nplain"));
    let answer = ask("HEAD /pkg/a.js HTTP/1.1");
    assert!(
        answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    // It would be the length of the omitted content.
    for method in ["GET", "HEAD"] {
        let answer = ask(&format!("{method} /pkg/a.js HTTP/1.1\r\nIf-None-Match: *"));
        assert!(answer.starts_with("HTTP/1.1 304 "), "{answer}");
        assert!(!answer.contains("content-length"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
    assert!(ask("POST /pkg/a.js HTTP/1.1").starts_with("HTTP/1.1 405"));
    assert!(ask("GET /pkg/../hash.txt HTTP/1.1").starts_with("HTTP/1.1 404"));
    let robots = ask("GET /robots.txt HTTP/1.1");
    assert!(
        robots.contains("Allow: /calendar/\n"),
        "calendar programs may fetch feeds: {robots}"
    );
}
