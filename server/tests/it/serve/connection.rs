//! The memory of a connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use vault::test_support::PATIENCE;

use crate::fixture::home::Home;
use crate::fixture::process::start;

/// C2: the memory of an idle connection does not grow with the requests that it has carried.
#[test]
fn idle_connections_hold_little_memory() {
    const CONNECTIONS: usize = 200;
    let home = Home::new();
    let running = start(&home, &[]);
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id()));
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<usize>().unwrap()
    };
    let ask = |stream: &mut TcpStream, target: &str, length: usize| {
        let long = "x".repeat(length);
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 2_000];
        let read = stream.read(&mut answer).unwrap();
        assert!(
            answer[..read].starts_with(b"HTTP/1.1 "),
            "{target} {length}"
        );
    };
    // The connections themselves take memory, too; those of the first round stay open throughout.
    let mut held = Vec::new();
    let mut rounds = [resident(), 0, 0];
    for (round, lengths) in [[10, 10], [60_000, 15_000]].into_iter().enumerate() {
        for number in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(&running.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let target = ["/verify", "/healthz"][number % 2];
            ask(&mut stream, target, lengths[number / 2 % 2]);
            ask(&mut stream, target, 10);
            held.push(stream);
        }
        rounds[round + 1] = resident();
    }
    let grown = |round: usize| rounds[round].saturating_sub(rounds[round - 1]);
    let [small, large] = [grown(1), grown(2)];
    let more = large.saturating_sub(small) / CONNECTIONS;
    assert!(more <= 32, "{more} kB more for each: {rounds:?}");
}
