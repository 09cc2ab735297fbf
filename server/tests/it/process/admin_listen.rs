//! `KEYHOLD_ADMIN_LISTEN`: the management API on a listener of its own.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::fixture::home::Home;
use crate::fixture::process::{keyhold, start_in};

/// Returns the status of the answer to a GET.
fn status(address: &str, path: &str, token: &str) -> String {
    let answer = get(address, path, token);
    answer.split_whitespace().nth(1).unwrap().to_owned()
}

/// Returns the answer to a GET.
fn get(address: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_management_api_is_served_there_and_only_there() {
    let home = Home::new();
    let running = start_in(&home, &[], &[("KEYHOLD_ADMIN_LISTEN", "127.0.0.1:0")]);
    let log = running.log_with("the management API at http://");
    let (_, rest) = log.split_once("the management API at http://").unwrap();
    let (admin, _) = rest.split_once("/admin/v1").unwrap();
    let token = std::fs::read_to_string(home.path().join("data/operator-token")).unwrap();
    let token = token.trim();
    for path in [
        "/admin/v1/accounts",
        "/admin/v1/keys",
        "/admin/v1/tokens",
        "/admin/v1/audit",
        "/admin/v1/openapi.json",
    ] {
        assert_eq!(status(admin, path, token), "200", "{path}");
        assert_eq!(status(&running.address, path, token), "404", "{path}");
    }
    for path in ["/operator/sign-in", "/operator/style.css"] {
        assert_eq!(status(admin, path, ""), "200", "{path}");
        assert_eq!(status(&running.address, path, ""), "404", "{path}");
    }
    assert_eq!(status(admin, "/operator", ""), "303");
    for (path, usual) in [
        ("/healthz", "200"),
        ("/readyz", "200"),
        ("/sign-in", "200"),
        ("/verify", "401"),
        ("/v1/account", "401"),
    ] {
        assert_eq!(status(&running.address, path, token), usual, "{path}");
        assert_eq!(status(admin, path, token), "404", "{path}");
    }
    for path in ["/", "/metrics", "/fn/keys/list", "/pkg/keyhold.css"] {
        assert_eq!(status(admin, path, token), "404", "{path}");
    }

    // A problem leads to its row where the reference is.
    let refused = get(admin, "/admin/v1/keys?limit=0", token);
    let (_, body) = refused.split_once("\r\n\r\n").unwrap();
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    let kind = problem["type"].as_str().unwrap();
    assert_eq!(kind, "/admin/reference#bad_request");
    let (path, code) = kind.split_once('#').unwrap();
    let page = get(admin, path, "");
    assert!(page.contains(&format!("<div id=\"{code}\">")), "{page}");
    assert!(page.contains("/admin/reference#invalid"), "{page}");

    // The command line finds it by the settings of the server.
    let settings = [
        ("KEYHOLD_LISTEN", &*running.address),
        ("KEYHOLD_ADMIN_LISTEN", admin),
    ];
    let list = ["account", "list", "--json"];
    let (code, said, errors) = keyhold(home.path(), &list, &settings);
    assert_eq!((code, &*said), (Some(0), "[]\n"), "{errors}");
    let (code, _, errors) = keyhold(home.path(), &list, &settings[..1]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("KEYHOLD_ADMIN_LISTEN"), "{errors}");
}
