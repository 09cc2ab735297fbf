//! Gateways and a scripted server in Keyhold's place: the requests that they send to it, and how they pass its answers
//! on.

use std::net::IpAddr;

use super::identity::identity;
use super::process::{Gateway, Kind, own_address};
use super::recorder::Recorder;
use super::site::{Site, problem, with};

/// A gateway sends Keyhold only what it reads, and none of the client's body.
pub fn subrequests_carry_only_what_keyhold_reads(kind: Kind) {
    let place = own_address();
    let api = Recorder::api(place);
    let keyhold = Recorder::start(place, |_| {
        let said = "X-Keyhold-Account: a1\r\nX-Request-Id: of-the-answer";
        Some(format!(
            "HTTP/1.1 200 OK\r\n{said}\r\nContent-Length: 0\r\n\r\n"
        ))
    });
    let gateway = Gateway::start(kind, keyhold.address, api.address);
    keyhold.take();
    api.take();
    let body = vec![b'x'; 100_000];
    let head = "POST /a/b?c=d HTTP/1.1\r\nAuthorization: Bearer some.word\r\nUser-Agent: client/1\r\n\
        X-Forwarded-For: 203.0.113.9\r\nX-Request-Id: from-client.1\r\nContent-Type: text/plain";
    let answer = gateway.answer(head, &body);
    assert_eq!(answer.status(), 200, "{answer:?}");

    let asked = keyhold.take();
    assert_eq!(asked.len(), 1, "asked once: {asked:?}");
    let question = &asked[0];
    let target = question.target().split_once(' ').unwrap().1;
    let expected = if kind == Kind::Nginx {
        "/verify?gateway=nginx"
    } else {
        "/verify"
    };
    assert_eq!(target, expected);
    assert_eq!(question.body.len(), 0);
    assert!(matches!(
        question.header("content-length").as_str(),
        "" | "0"
    ));
    // This keeps the request on the fast path.
    assert!(question.first_line.ends_with(" HTTP/1.1"));
    assert!(matches!(
        question.header("connection").as_str(),
        "" | "keep-alive"
    ));
    for name in ["transfer-encoding", "expect", "upgrade"] {
        assert!(!question.has(name), "{question:?}");
    }
    assert_eq!(question.header("authorization"), "Bearer some.word");
    assert_eq!(question.header("user-agent"), "client/1");
    assert_eq!(question.header("x-request-id"), "from-client.1");
    // The last hop is the client that the gateway saw, after any hop that the client claims. Traefik adds itself behind
    // that.
    let mut hops = question.header("x-forwarded-for").replace(' ', "");
    if kind == Kind::Traefik {
        let (hops_before, itself) = hops.rsplit_once(',').unwrap();
        assert_eq!(itself, gateway.client().to_string());
        hops = hops_before.to_owned();
    }
    let (said, last) = hops.rsplit_once(',').unwrap_or(("203.0.113.9", &hops));
    assert_eq!(said, "203.0.113.9");
    let last: IpAddr = last.parse().unwrap();
    if kind == Kind::Envoy {
        // Envoy reports a loopback client by one of the machine's own addresses.
        assert_ne!(last.to_string(), "203.0.113.9");
    } else {
        assert_eq!(last, gateway.client());
    }

    let seen = api.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].body == body);
    assert_eq!(
        seen[0].header("x-request-id"),
        "of-the-answer",
        "what Keyhold's log has"
    );
    assert_eq!(seen[0].header("content-type"), "text/plain");
    assert_eq!(
        identity(&seen[0]),
        [("x-keyhold-account".to_owned(), "a1".to_owned())]
    );

    // Two gateways make an id if the client's is missing or invalid. The API always gets the id of Keyhold's answer.
    for id in [
        "",
        "\r\nX-Request-Id: not an id",
        "\r\nX-Request-Id: one\r\nX-Request-Id: \",\"two\":\"",
    ] {
        gateway.answer(&format!("GET / HTTP/1.1{id}"), b"");
        let asked = keyhold.take()[0].header("x-request-id");
        if matches!(kind, Kind::Nginx | Kind::Caddy) && !id.contains("one") {
            assert!(asked.len() >= 16 && !asked.contains(' '), "{asked}");
        }
        assert_eq!(api.take()[0].header("x-request-id"), "of-the-answer");
    }
}

/// A gateway passes on the rejections that Keyhold gives rarely, or not yet.
pub fn rejections_pass_unchanged(kind: Kind) {
    const SLOW: &str = "/slow";
    let place: IpAddr = own_address();
    let api = Recorder::api(place);
    let keyhold = Recorder::start(place, |question| {
        let wanted = question.header("user-agent");
        if wanted == SLOW {
            return None;
        }
        let (status, code) = wanted
            .split_once(' ')
            .unwrap_or(("401", "credentials_missing"));
        let body = format!("{{\"code\":\"{code}\",\"status\":{status}}}");
        let (mapped, told) = if question.target().ends_with("?gateway=nginx") {
            let mapped = if status == "401" { "401" } else { "403" };
            let told = format!("X-Keyhold-Status: {status}\r\nX-Keyhold-Problem: {body}\r\n");
            (mapped, told)
        } else {
            (status, String::new())
        };
        Some(format!(
            "HTTP/1.1 {mapped} Refused\r\nContent-Type: application/problem+json\r\nRetry-After: 7\r\n\
             {told}X-Request-Id: r1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    });
    let gateway = Gateway::start(kind, keyhold.address, api.address);
    keyhold.take();
    for (status, code) in [
        (401, "key_expired"),
        (403, "forbidden"),
        (429, "rate_limited"),
        (400, "credentials_malformed"),
        (503, "unavailable"),
    ] {
        let head = format!("GET / HTTP/1.1\r\nUser-Agent: {status} {code}");
        let answer = gateway.answer(&head, b"");
        assert_eq!(answer.status(), status, "{answer:?}");
        assert_eq!(problem(&answer)["code"], code);
        assert_eq!(keyhold.take().len(), 1, "{code}: asked once");
        // Envoy drops a 503 and sends the same in its own words.
        if status != 503 || kind != Kind::Envoy {
            assert_eq!(answer.header("retry-after"), "7", "{answer:?}");
            assert_eq!(answer.header("x-request-id"), "r1");
        }
    }
    let answer = gateway.answer(&format!("GET / HTTP/1.1\r\nUser-Agent: {SLOW}"), b"");
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert_eq!(problem(&answer)["code"], "unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(api.take().len(), 0);
}

/// A client that waits for permission to send its body is rejected without it, and HTTP/1.0 works too.
pub fn expect_continue_and_http_1_0_work(kind: Kind) {
    let site = Site::new(kind);
    let waiting = "POST /x HTTP/1.1\r\nExpect: 100-continue";
    let head = format!("{waiting}\r\nContent-Length: 10");
    site.is_refused(&head, 401, "credentials_missing");
    let answer = site.ask(&with(waiting, &site.key), b"0123456789");
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(site.api.take()[0].body, b"0123456789");

    site.is_refused("GET /x HTTP/1.0", 401, "credentials_missing");
    let answer = site.ask(&with("GET /x HTTP/1.0", &site.key), b"");
    assert_eq!((answer.status(), &answer.body[..]), (200, &b"done"[..]));
}
