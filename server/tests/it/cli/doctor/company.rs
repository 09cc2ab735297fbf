//! The checks of the company's side: its sign-in page, the management API and the operator's token.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use shared::token::OperatorToken;

use super::{doctor, server};
use crate::fixture::home::Home;
use crate::fixture::process::Port;

/// Answers each request with a status, and returns the lines of the requests when asked.
fn app(status: &'static str) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            sender.send(line.trim_end().to_owned()).unwrap();
            let empty = "content-length: 0\r\nconnection: close\r\n\r\n";
            write!(connection, "HTTP/1.1 {status}\r\n{empty}").unwrap();
        }
    });
    (format!("http://{address}/keys?hunter22"), lines)
}

/// The app of an example makes a portal link for each GET and HEAD.
#[test]
fn the_sign_in_page_of_the_company_is_reached_without_an_effect_there() {
    let (home, port) = (Home::new(), Port::hold());
    for (answer, status, part) in [
        ("200 OK", "ok", "answers 200 to OPTIONS"),
        ("501 Not Implemented", "ok", "might make a portal link"),
        ("404 Not Found", "warning", "open it in a browser"),
        ("502 Bad Gateway", "failed", "Check KEYHOLD_SIGN_IN_URL"),
        ("", "failed", "cannot be reached"),
    ] {
        let (url, asked) = match answer {
            "" => ("http://127.0.0.1:1/keys?hunter22".to_owned(), None),
            answer => {
                let (url, asked) = app(answer);
                (url, Some(asked))
            }
        };
        let settings = [
            ("KEYHOLD_LISTEN", &*port.address),
            ("KEYHOLD_SIGN_IN_URL", &url),
        ];
        let seen = doctor(&home, &settings);
        assert_eq!(seen.status("sign_in"), status, "{}", seen.printed);
        let message = seen.message("sign_in");
        assert!(message.contains(part), "{message}");
        assert!(message.contains("/keys?*** "), "{message}");
        assert!(!seen.printed.contains("hunter"), "{}", seen.printed);
        // By each of the two forms of the report.
        let asked: Vec<_> = asked.iter().flat_map(mpsc::Receiver::try_iter).collect();
        let wanted = if answer.is_empty() { 0 } else { 2 };
        assert_eq!(asked, vec!["OPTIONS /keys?hunter22 HTTP/1.1"; wanted]);
    }
}

#[test]
fn the_management_api_and_the_token_are_tried() {
    let (home, port, side) = (Home::new(), Port::hold(), Port::hold());
    let settings = [
        ("KEYHOLD_LISTEN", &*port.address),
        ("KEYHOLD_ADMIN_LISTEN", &side.address),
    ];
    let _running = server(&home, &port, &settings[1..]);
    let seen = doctor(&home, &settings);
    assert_eq!(seen.complaints(), [] as [&str; 0], "{}", seen.printed);
    let message = seen.message("management");
    assert!(message.contains(&side.address), "{message}");
    let message = seen.message("token");
    assert!(
        message.contains("data/operator-token is good until 20"),
        "{message}"
    );
    assert!(!seen.printed.contains("kho_"), "{}", seen.printed);

    // There it is not.
    let seen = doctor(&home, &settings[..1]);
    let message = seen.message("management");
    assert!(message.contains("answers 404 and is not"), "{message}");

    let file = home.path().join("another-token");
    let foreign = OperatorToken::from_entropy([7; 32]).expose().to_owned();
    for (text, part) in [
        ("kho_short", "holds no operator's token"),
        (&foreign, "was revoked, or is the token of another database"),
    ] {
        fs::write(&file, text).unwrap();
        let other = ("KEYHOLD_TOKEN_FILE", "another-token");
        let seen = doctor(&home, &[settings[0], settings[1], other]);
        assert_eq!(seen.complaints(), ["token"], "{}", seen.printed);
        let message = seen.message("token");
        assert!(message.contains(part), "{message}");
        assert!(!seen.printed.contains(text), "{}", seen.printed);
    }
    home.change("UPDATE operator_tokens SET expires_at = 1000");
    let seen = doctor(&home, &settings);
    assert_eq!(seen.complaints(), ["token"], "{}", seen.printed);
    let message = seen.message("token");
    assert!(
        message.contains("expired on 1970-01-01T00:00:01"),
        "{message}"
    );
}
