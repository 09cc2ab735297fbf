//! The gateways of `deploy/` between a client and an API, with the real Keyhold beside them. What passes reaches
//! the API as Keyhold says it is; what does not is answered by Keyhold and reaches nobody.

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared::token::{AccessKey, SecretKey};
use tempfile::TempDir;

use crate::gateway::{Gateway, Kind, free_port, own_address};
use crate::gateway_http::Message;
use crate::gateway_recorder::Recorder;
use crate::running::{Running, start};

/// One test for each gateway.
macro_rules! behind_each_gateway {
    ($($scenario:ident)*) => { $(
        mod $scenario {
            use crate::gateway::Kind;

            #[test]
            fn nginx() {
                super::$scenario(Kind::Nginx);
            }

            #[test]
            fn caddy() {
                super::$scenario(Kind::Caddy);
            }

            #[test]
            fn traefik() {
                super::$scenario(Kind::Traefik);
            }

            #[test]
            fn envoy() {
                super::$scenario(Kind::Envoy);
            }
        }
    )* };
}

behind_each_gateway! {
    credentials_are_decided_on
    every_request_is_guarded
    who_it_is_comes_from_keyhold
    changes_hold_at_once
    keyhold_is_asked_little
    refusals_pass_as_they_are
}

const CHALLENGE: &str = "Basic realm=\"Keyhold\", charset=\"UTF-8\"";
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Keyhold with an account, an API, and the gateway between them.
struct Site {
    gateway: Gateway,
    api: Recorder,
    keyhold: Running,
    key: Value,
    cookie: String,
    place: SocketAddr,
    folder: TempDir,
}

impl Site {
    fn new(kind: Kind) -> Self {
        let api = Recorder::api(own_address());
        let place = free_port(api.address.ip());
        let folder = TempDir::new().unwrap();
        let keyhold = start(folder.path(), &["--listen", &place.to_string()]);
        let key = keyhold.sign_up();
        let cookie = key["cookie"].as_str().unwrap().to_owned();
        Self {
            gateway: Gateway::start(kind, place, api.address),
            api,
            keyhold,
            key,
            cookie,
            place,
            folder,
        }
    }

    /// Another key of the account.
    fn key(&self, name: &str, expiry: &str) -> Value {
        self.change("create", &[("name", name), ("expiry", expiry)])
    }

    fn change(&self, function: &str, fields: &[(&str, &str)]) -> Value {
        self.keyhold
            .call(&format!("keys/{function}"), &self.cookie, fields)
            .unwrap()
    }

    fn ask(&self, head: &str, body: &[u8]) -> Message {
        self.gateway.answer(head, body)
    }

    /// Asks with this key, and expects that the API was reached: what it got.
    fn passes(&self, key: &Value) -> Message {
        let answer = self.ask(&with("GET /x HTTP/1.1", key), b"");
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.body, b"done");
        let mut seen = self.api.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// Asks, and expects that Keyhold refused and the API was not reached: the problem.
    fn is_refused(&self, head: &str, status: u16, code: &str) -> Value {
        let answer = self.ask(head, b"");
        assert_eq!(answer.status(), status, "{head}: {answer:?}");
        let problem = problem(&answer);
        assert_eq!(problem["code"], code, "{head}");
        assert_eq!(problem["status"], status, "{head}");
        assert_eq!(answer.header("www-authenticate"), CHALLENGE, "{head}");
        assert_eq!(
            answer.header("x-request-id"),
            problem["request_id"],
            "{head}"
        );
        assert_eq!(self.api.take().len(), 0, "{head}: the API was reached");
        problem
    }
}

fn problem(answer: &Message) -> Value {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    answer.json()
}

fn text<'a>(key: &'a Value, half: &str) -> &'a str {
    key[half].as_str().unwrap()
}

fn word(key: &Value) -> String {
    format!("{}.{}", text(key, "access_key"), text(key, "secret_key"))
}

fn with(line: &str, key: &Value) -> String {
    format!("{line}\r\nX-API-Key: {}", word(key))
}

fn credentials_are_decided_on(kind: Kind) {
    let site = Site::new(kind);
    let good = word(&site.key);
    let basic = STANDARD.encode(good.replacen('.', ":", 1));
    for carrier in [
        format!("Authorization: Basic {basic}"),
        format!("Authorization: Bearer {good}"),
        format!("authorization: bearer {good}"),
        format!("X-API-Key: {good}"),
        format!("x-api-key: {good}"),
    ] {
        let answer = site.ask(&format!("GET /x HTTP/1.1\r\n{carrier}"), b"");
        assert_eq!((answer.status(), &answer.body[..]), (200, &b"done"[..]));
        assert_eq!(answer.header("x-from"), "api");
        let seen = site.api.take();
        assert_eq!(seen.len(), 1, "{carrier}");
        for name in ["authorization", "x-api-key"] {
            assert!(!seen[0].has(name), "the API got the secret: {:?}", seen[0]);
        }
        assert_eq!(
            seen[0].header("x-keyhold-access-key"),
            text(&site.key, "access_key")
        );
    }

    let expired = site.key("Runs out", "90d");
    site.change("expire", &[("access_key", text(&expired, "access_key"))]);
    let unknown = AccessKey::from_entropy([7; 10]);
    let secret = SecretKey::from_entropy([9; 32]);
    let wrong = format!("{}.{}", text(&site.key, "access_key"), secret.expose());
    let unknown = format!("{unknown}.{}", text(&site.key, "secret_key"));
    let (missing, malformed) = ("credentials_missing", "credentials_malformed");
    for (carrier, status, code) in [
        (String::new(), 401, missing),
        ("\r\nX-Other: 1".to_owned(), 401, missing),
        ("\r\nAuthorization: Basic ====".to_owned(), 401, malformed),
        ("\r\nAuthorization: Bearer".to_owned(), 401, malformed),
        (format!("\r\nX-API-Key: {good}x"), 401, malformed),
        (format!("\r\nX-API-Key: {wrong}"), 401, "key_invalid"),
        (
            format!("\r\nAuthorization: Bearer {unknown}"),
            401,
            "key_invalid",
        ),
        (
            format!("\r\nX-API-Key: {good}\r\nAuthorization: Bearer {good}"),
            400,
            malformed,
        ),
    ] {
        site.is_refused(&format!("GET /x HTTP/1.1{carrier}"), status, code);
    }
    let problem = site.is_refused(&with("GET /x HTTP/1.1", &expired), 401, "key_expired");
    let page = format!(
        "http://{}/preferences/api-control/{}",
        site.place,
        text(&expired, "access_key")
    );
    assert_eq!(problem["restore_url"], page);
    assert!(problem["expired_at"].is_string(), "{problem}");

    // Two of a kind: some gateways refuse by themselves, some join them, none chooses one.
    for name in ["Authorization: Bearer", "X-API-Key:"] {
        let twice = format!("GET /x HTTP/1.1\r\n{name} {good}\r\n{name} {good}");
        let answer = site.ask(&twice, b"");
        assert!(matches!(answer.status(), 400 | 401), "{answer:?}");
        assert_eq!(site.api.take().len(), 0);
    }
}

fn every_request_is_guarded(kind: Kind) {
    let site = Site::new(kind);
    let body = vec![b'x'; 100_000];
    for method in METHODS {
        let body = if matches!(method, "GET" | "HEAD" | "OPTIONS") {
            &[]
        } else {
            &body[..]
        };
        let line = format!("{method} /a/b?c=d&e=%20 HTTP/1.1");
        let answer = site.ask(&with(&line, &site.key), body);
        assert_eq!(answer.status(), 200, "{method}: {answer:?}");
        let seen = site.api.take();
        assert_eq!(seen.len(), 1, "{method}");
        assert_eq!(seen[0].target(), format!("{method} /a/b?c=d&e=%20"));
        assert!(seen[0].body == body, "{method}: the body is another");

        let answer = site.ask(&line, &body[..body.len().min(1000)]);
        assert_eq!(answer.status(), 401, "{method}: {answer:?}");
        if method == "HEAD" {
            assert_eq!(answer.body, b"");
        } else {
            assert_eq!(problem(&answer)["code"], "credentials_missing", "{method}");
        }
        assert_eq!(site.api.take().len(), 0, "{method}");
    }

    for path in [
        "/",
        "/verify",
        "/verify?gateway=nginx",
        "/v1/account",
        "/healthz",
        "/.keyhold/ask",
        "/a/b/",
        "//a",
        "/a%2Fb",
        "/%2fhealthz",
        "/a/../healthz",
        "/../healthz",
        "/..%2f..%2fhealthz",
        "/%2e%2e/%2e%2e/healthz",
        "/a;b",
        "/a%00b",
        "/a%3fb",
        "http://other.example.com/a",
        "/?gateway=nginx",
    ] {
        for method in ["GET", "OPTIONS"] {
            let line = format!("{method} {path} HTTP/1.1");
            let answer = site.ask(&line, b"");
            assert!((400..500).contains(&answer.status()), "{line}: {answer:?}");
            assert_eq!(site.api.take().len(), 0, "{line}");

            // A gateway may refuse an address. But what is answered well is answered by the API.
            let answer = site.ask(&with(&line, &site.key), b"");
            let seen = site.api.take();
            match answer.status() {
                200 => assert_eq!((&answer.body[..], seen.len()), (&b"done"[..], 1), "{line}"),
                301 | 400..500 => assert_eq!(seen.len(), 0, "{line}"),
                _ => panic!("{line}: {answer:?}"),
            }
        }
    }

    // About no address at all. Servers in Go answer this by themselves, and well.
    let answer = site.ask("OPTIONS * HTTP/1.1", b"");
    assert!(!answer.has("x-from"), "{answer:?}");
    assert_eq!(site.api.take().len(), 0);
}

fn who_it_is_comes_from_keyhold(kind: Kind) {
    let site = Site::new(kind);
    let named = site.key("Schlüssel, \"1\" & more", "5d");
    let account = site.passes(&site.key).header("x-keyhold-account");
    assert_eq!(
        account.len(),
        site.passes(&named).header("x-keyhold-account").len()
    );
    for (key, name, expires) in [
        (&site.key, "Default%20key", false),
        (&named, "Schl%C3%BCssel%2C%20%221%22%20%26%20more", true),
    ] {
        let access_key = text(key, "access_key");
        for spoofed in spoofed() {
            let head = format!("GET /x HTTP/1.1{spoofed}\r\nX-API-Key: {}", word(key));
            let answer = site.ask(&head, b"");
            let seen = site.api.take();
            if answer.status() == 400 && seen.is_empty() {
                continue;
            }
            assert_eq!(answer.status(), 200, "{head}: {answer:?}");
            assert_eq!(seen.len(), 1);
            let mut said = identity(&seen[0]);
            let expires_at = said
                .iter()
                .position(|(name, _)| name == "x-keyhold-expires-at");
            assert_eq!(expires_at.is_some(), expires, "{head}: {said:?}");
            if let Some(index) = expires_at {
                let (_, at) = said.remove(index);
                assert!(at.ends_with('Z') && at.starts_with("20"), "{head}: {at}");
            }
            assert_eq!(
                said,
                [
                    ("x-keyhold-access-key".to_owned(), access_key.to_owned()),
                    ("x-keyhold-account".to_owned(), account.clone()),
                    ("x-keyhold-key-name".to_owned(), name.to_owned()),
                ],
                "{head}"
            );
        }
        // Traefik has no way to take a header from Keyhold's answer to the client.
        let answer = site.ask(&with("GET /x HTTP/1.1", key), b"");
        assert_eq!(answer.has("sunset"), expires && kind != Kind::Traefik);
        assert!(
            !answer
                .headers
                .iter()
                .any(|(name, _)| alias(name).contains("keyhold"))
        );
        site.api.take();
    }
    for spoofed in spoofed() {
        let answer = site.ask(&format!("GET /x HTTP/1.1{spoofed}"), b"");
        assert!(
            matches!(answer.status(), 400 | 401),
            "{spoofed}: {answer:?}"
        );
        assert_eq!(site.api.take().len(), 0, "{spoofed}");
    }
}

/// What a client might say about itself.
fn spoofed() -> Vec<String> {
    let names = [
        "X-Keyhold-Access-Key",
        "X-Keyhold-Account",
        "X-Keyhold-Key-Name",
        "X-Keyhold-Expires-At",
    ];
    let all = |spell: fn(&str) -> String| -> String {
        names
            .iter()
            .map(|name| format!("\r\n{}: 2999-01-01T00:00:00Z", spell(name)))
            .collect()
    };
    vec![
        String::new(),
        all(str::to_owned),
        all(str::to_lowercase),
        all(str::to_uppercase),
        all(|name| name.replace('-', "_")),
        all(|name| name.replacen('-', "_", 1)),
        all(|name| name.replacen("Keyhold-", "Keyhold_", 1)),
        all(|name| name.replace('-', ".")),
        all(|name| name.replace('-', "~")),
        all(str::to_owned).repeat(2),
        // The next hop is to drop what is named here.
        format!("\r\nConnection: close, {}", names.join(", ").to_lowercase()),
        format!("\r\nConnection: close\r\nConnection: {}", names.join(",")),
    ]
}

/// What the API may take a name for.
fn alias(name: &str) -> String {
    name.to_lowercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

/// What the request says about who it is, sorted.
fn identity(request: &Message) -> Vec<(String, String)> {
    let mut said: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (alias(name), value.clone()))
        .filter(|(name, _)| name.contains("keyhold"))
        .collect();
    said.sort();
    said
}

fn changes_hold_at_once(kind: Kind) {
    let mut site = Site::new(kind);
    let key = site.key("Comes and goes", "90d");
    let access_key = ("access_key", text(&key, "access_key"));
    let head = with("GET /x HTTP/1.1", &key);
    for _ in 0..5 {
        site.passes(&key);
        site.change("expire", &[access_key]);
        site.is_refused(&head, 401, "key_expired");
        site.change("restore", &[access_key, ("expiry", "never")]);
    }
    site.passes(&key);

    for _ in 0..2 {
        site.keyhold.terminate();
        for head in [&head, "GET /x HTTP/1.1", "POST / HTTP/1.1\r\nX-API-Key: x"] {
            let answer = site.ask(head, b"");
            assert_eq!(site.api.take().len(), 0, "{head}: nobody was asked");
            if kind == Kind::Traefik {
                assert_eq!(answer.status(), 500, "{head}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status(), 503, "{head}: {answer:?}");
            let problem = problem(&answer);
            assert_eq!(problem["code"], "unavailable");
            assert_eq!(problem["status"], 503);
            assert!(!problem["request_id"].as_str().unwrap().is_empty());
            assert_eq!(answer.header("retry-after"), "5");
        }
        site.keyhold = start(site.folder.path(), &["--listen", &site.place.to_string()]);
        site.passes(&key);
    }
    site.change("delete", &[access_key, ("confirm_name", "Comes and goes")]);
    site.is_refused(&head, 401, "key_invalid");
}

/// What reaches Keyhold: what it reads, and no more than that of the client's body.
fn keyhold_is_asked_little(kind: Kind) {
    let place = own_address();
    let api = Recorder::api(place);
    let keyhold = Recorder::start(place, |_| {
        Some("HTTP/1.1 200 OK\r\nX-Keyhold-Account: a1\r\nContent-Length: 0\r\n\r\n".to_owned())
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
    assert_eq!(question.header("authorization"), "Bearer some.word");
    assert_eq!(question.header("user-agent"), "client/1");
    assert_eq!(question.header("x-request-id"), "from-client.1");
    // The last is whom the gateway saw; before it may stand what the client says.
    let hops = question.header("x-forwarded-for").replace(' ', "");
    let (said, last) = hops.rsplit_once(',').unwrap_or(("203.0.113.9", &hops));
    assert_eq!(said, "203.0.113.9");
    let last: IpAddr = last.parse().unwrap();
    if kind == Kind::Envoy {
        // It takes a client from loopback for one from the machine's own address, whatever that is.
        assert_ne!(last.to_string(), "203.0.113.9");
    } else {
        assert_eq!(last, gateway.client());
    }

    let seen = api.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].body == body);
    assert_eq!(seen[0].header("x-request-id"), "from-client.1");
    assert_eq!(seen[0].header("content-type"), "text/plain");
    assert_eq!(
        identity(&seen[0]),
        [("x-keyhold-account".to_owned(), "a1".to_owned())]
    );

    // Without an id, or with one that Keyhold would not take, the gateway makes one, but for Traefik.
    for id in ["", "\r\nX-Request-Id: not an id"] {
        gateway.answer(&format!("GET / HTTP/1.1{id}"), b"");
        let id = keyhold.take()[0].header("x-request-id");
        if !matches!(kind, Kind::Traefik | Kind::Envoy) {
            assert!(id.len() >= 16 && !id.contains(' '), "{id}");
        }
    }
}

/// Answers that Keyhold gives seldom, or not yet.
fn refusals_pass_as_they_are(kind: Kind) {
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
        // Envoy keeps nothing of a 503, and says the same in its own words.
        if status != 503 || kind != Kind::Envoy {
            assert_eq!(answer.header("retry-after"), "7", "{answer:?}");
            assert_eq!(answer.header("x-request-id"), "r1");
        }
    }
    // Traefik waits for half a minute, which cannot be changed; that is too long for a test.
    if kind != Kind::Traefik {
        let answer = gateway.answer(&format!("GET / HTTP/1.1\r\nUser-Agent: {SLOW}"), b"");
        assert_eq!(answer.status(), 503, "{answer:?}");
        assert_eq!(problem(&answer)["code"], "unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert_eq!(api.take().len(), 0);
}
