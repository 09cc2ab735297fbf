//! The comparison with hyper over connections: the same bytes get the same answers on the fast path and by hyper.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::{Served, carriers, exchange, get, request};

#[tokio::test]
async fn the_same_bytes_get_the_same_answer() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let mut requests = Vec::new();
    for carrier in &carriers {
        for target in [
            "/verify",
            "/verify/",
            "/verify/v2/orders?limit=1&gateway=nginx",
            "/verify?gateway=nginx",
        ] {
            requests.push(get(target, &[carrier]));
        }
    }
    let good = carriers[0].as_str();
    for method in [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get", "CONNECT", "G(T",
    ] {
        requests.push(request(method, "/verify", "HTTP/1.1", &[good]));
    }
    for version in ["HTTP/1.0", "HTTP/1.1 ", "HTTP/2.0", "HTTP/0.9", "http/1.1"] {
        requests.push(request("GET", "/verify", version, &[good]));
    }
    for target in [
        "/verifyx",
        "/verif",
        "//verify",
        "/VERIFY",
        "/verify#x",
        "/verify/#?gateway=nginx",
        "/verify/%2e%2e/x",
        "/verify/../x",
        "/verify/\"{}",
        "/verify/<>",
        "/verify/\u{fc}",
        "/verify/\u{7f}",
        "/verify?a=b?c&gateway=nginx",
        "http://x/verify",
        "x/verify",
        "*",
        "x:80",
        "",
        "/verify /verify",
    ] {
        requests.push(get(target, &[good]));
        requests.push(get(target, &["X-Other: nothing"]));
    }
    for header in [
        "Connection: keep-alive",
        "Connection: Keep-Alive",
        "Connection: close",
        "Connection: keep-alive, close",
        "Connection: close\r\nConnection: keep-alive",
        "Connection: upgrade\r\nUpgrade: websocket",
        "Upgrade: h2c",
        "Content-Length: 0",
        "Content-Length: 0\r\nContent-Length: 0",
        "Content-Length: 00",
        "Content-Length: +0",
        "Content-Length:",
        "Content-Length: 0, 0",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Expect: 100-continue",
        "TE: trailers",
        "X-Folded: a\r\n b",
        "X-Nothing",
        "X Space: a",
        ": nameless",
        "X-Empty:",
        "X-Bell: \u{7}",
        "X-Bare: a\rb",
        "X-Feed: a\nX-Other: b",
    ] {
        requests.push(get("/verify", &[header, good]));
    }
    for count in [40, 63, 99, 120] {
        let many: Vec<String> = (0..count).map(|place| format!("X-{place}: a")).collect();
        let mut headers: Vec<&str> = many.iter().map(String::as_str).collect();
        headers.push(good);
        requests.push(get("/verify", &headers));
    }
    for length in [
        1_900, 2_100, 8_100, 9_000, 16_100, 16_300, 16_500, 33_000, 60_000, 65_300, 65_500, 66_000,
        100_000, 130_000, 200_000,
    ] {
        let long = format!("X-Long: {}", "a".repeat(length));
        requests.push(get("/verify", &[&long, good]));
    }
    requests.push(format!("\r\n\r\n{}", get("/verify", &[good])));
    requests.push(get("/verify", &[good]).replace("\r\n", "\n"));
    let last = get("/verify", &["Connection: close"]);
    for request in &requests {
        let row = format!("{request}{last}");
        let (fast, hyper) = served.both(row.as_bytes()).await;
        assert_eq!(fast, hyper, "{request:.300}");
    }
}

/// Both reject invalid requests (RFC 9112: no Host or two, chunked twice) and, by requirement C2, heads over 64 KiB.
#[tokio::test]
async fn both_parsers_reject_invalid_requests() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get("/verify", &[&carriers[0]]);
    let head = |length: usize| {
        let room = length - get("/verify", &["X-Long: "]).len();
        get("/verify", &[&format!("X-Long: {}", "a".repeat(room))])
    };
    for (request, status) in [
        (good.replace("Host: x\r\n", ""), 400),
        (good.replace("Host: x", "Host: x\r\nHost: x"), 400),
        (
            get("/verify", &["Transfer-Encoding: chunked, chunked"]),
            400,
        ),
        (
            get(
                "/verify",
                &["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"],
            ),
            400,
        ),
        (head(65_536), 401),
        (head(65_537), 431),
        (head(110_000), 431),
    ] {
        let row = format!("{request}{}", get("/verify", &["Connection: close"]));
        let (fast, hyper) = served.both(row.as_bytes()).await;
        assert_eq!(fast, hyper, "{request:.200}");
        assert!(
            fast.starts_with(&format!("HTTP/1.1 {status} ")),
            "{fast}: {request:.200}"
        );
        // No bytes after an invalid request are taken for a request.
        let answers = if status == 401 { 2 } else { 1 };
        assert_eq!(fast.matches("HTTP/1.1 ").count(), answers, "{fast}");
    }
    let old = request("GET", "/verify", "HTTP/1.0", &[&carriers[0]]).replace("Host: x\r\n", "");
    let (fast, hyper) = served.both(old.as_bytes()).await;
    assert_eq!(fast, hyper);
    assert!(
        fast.starts_with("HTTP/1.0 200 "),
        "Host came with HTTP/1.1: {fast}"
    );
}

/// RFC 9112, section 6.1: a proxy may have used the length where the chunks count, so nothing after such a request is
/// answered.
#[tokio::test]
async fn two_body_lengths_end_the_connection() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    for target in ["/verify", "/robots.txt"] {
        for (lengths, answers) in [
            ("Content-Length: 44\r\nTransfer-Encoding: chunked", 1),
            ("Transfer-Encoding: chunked\r\nContent-Length: 44", 1),
            ("Transfer-Encoding: chunked", 2),
        ] {
            let row = request("POST", target, "HTTP/1.1", &[&carriers[0], lengths])
                + "0\r\n\r\n"
                + &get("/verify", &[&carriers[0], "Connection: close"]);
            let (fast, hyper) = served.both(row.as_bytes()).await;
            assert_eq!(fast, hyper, "{row}");
            assert_eq!(fast.matches("HTTP/1.1 ").count(), answers, "{row}{fast}");
            let (head, _) = fast.split_once("\r\n\r\n").unwrap();
            let closes = head.to_lowercase().contains("\r\nconnection: close");
            assert_eq!(closes, answers == 1, "{row}{head}");
        }
    }
}

/// Requests in a row are answered in their order, each on the fast path or by hyper.
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let [good, expired] = [&carriers[0], &carriers[6]].map(|carrier| get("/verify", &[carrier]));
    let page = get("/robots.txt", &[]);
    let with_body = request(
        "POST",
        "/verify",
        "HTTP/1.1",
        &[&carriers[0], "Content-Length: 5"],
    ) + "GET /";
    let chunked = request(
        "POST",
        "/verify",
        "HTTP/1.1",
        &[&carriers[0], "Transfer-Encoding: chunked"],
    ) + "5\r\nGET /\r\n0\r\n\r\n";
    let last = get("/verify", &[&carriers[1], "Connection: close"]);
    for row in [
        vec![good.as_str(), &expired, &good],
        vec![&good, &page, &expired],
        vec![&page, &good],
        vec![&good, &with_body, &good],
        vec![&good, &chunked, &good],
        vec![&good, "nonsense\r\n\r\n", &good],
        vec!["\r\n", &good, "\r\n", &good],
    ] {
        let row = row.concat() + &last;
        let (fast, hyper) = served.both(row.as_bytes()).await;
        assert_eq!(fast, hyper, "{row:?}");
    }
    let ten = good.repeat(10) + &last;
    let (fast, _) = served.both(ten.as_bytes()).await;
    assert_eq!(fast.matches("HTTP/1.1 200 OK\r\n").count(), 11, "{fast}");
}

/// A request that the network cuts anywhere, or that is damaged, gets hyper's answer.
#[tokio::test]
async fn cut_and_damaged_requests_get_the_same_answer() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get(
        "/verify/a?b=c",
        &["Connection: keep-alive", "Content-Length: 0", &carriers[0]],
    );
    let last = get("/verify", &["Connection: close"]);
    let row = format!("{good}{last}");
    let whole = exchange(served.connect().await, &[row.as_bytes()]).await;
    for cut in 1..row.len() {
        let (first, second) = row.as_bytes().split_at(cut);
        let answer = exchange(served.connect().await, &[first, second]).await;
        assert_eq!(answer, whole, "cut at {cut}");
    }

    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(config, seed);
    // One of each carrier, so that both readers see the same credentials.
    let goods = carriers[..3].iter().map(|carrier| {
        let headers = ["Connection: keep-alive", "Content-Length: 0", carrier];
        get("/verify/a?b=c", &headers)
    });
    let goods: Vec<String> = goods.collect();
    let damage = proptest::collection::vec((any::<u16>(), any::<u8>(), 0..3_u8), 1..4);
    for round in 0..450 {
        let damage = damage.new_tree(&mut runner).unwrap().current();
        let mut bytes = goods[round % goods.len()].clone().into_bytes();
        for (place, byte, kind) in damage {
            let place = usize::from(place) % bytes.len();
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        // Several, because the damage may turn one into a part of another or of a body.
        bytes.extend_from_slice(last.repeat(3).as_bytes());
        let (fast, hyper) = served.both(&bytes).await;
        assert_eq!(fast, hyper, "{:?}", String::from_utf8_lossy(&bytes));
    }
}
