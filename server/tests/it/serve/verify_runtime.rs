//! The runtime of the connections that carry verifications only.

use std::sync::mpsc;

use server::serve::accept::{self, Limits};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::fast_path::{get, read_until};
use crate::fixture::Site;

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

async fn verifies(stream: &mut TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until(stream, |read| read.ends_with(b"\r\n\r\n")).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

/// B1, C1: work on the server's other threads does not delay a gateway's connection.
#[test]
fn other_work_does_not_delay_a_gateways_connection() {
    let (client, others, verifying) = (runtime(), runtime(), runtime());
    let (site, address, server) = others.block_on(async {
        let site = Site::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits {
            verifying: verifying.handle().clone(),
            ..64.into()
        };
        let server = accept::serve(listener, site.front.clone(), limits, std::future::pending());
        (site, address, tokio::spawn(server))
    });
    let key = others.block_on(site.member("a@example.com")).key.unwrap();
    let request = get("/verify", &[&format!("Authorization: {}", key.basic())]);
    let mut gateway = client.block_on(async {
        let mut gateway = TcpStream::connect(address).await.unwrap();
        verifies(&mut gateway, &request).await;
        gateway
    });

    let (release, held) = mpsc::channel::<()>();
    let (begun, beginning) = mpsc::channel();
    let held_up = others.spawn(async move {
        begun.send(()).unwrap();
        let _ = held.recv();
    });
    beginning.recv().unwrap();
    let newcomer = client.block_on(async {
        for _ in 0..10 {
            verifies(&mut gateway, &request).await;
        }
        let mut newcomer = TcpStream::connect(address).await.unwrap();
        newcomer.write_all(request.as_bytes()).await.unwrap();
        for _ in 0..10 {
            verifies(&mut gateway, &request).await;
        }
        newcomer
    });
    let mut byte = [0; 1];
    let early = newcomer.try_read(&mut byte);
    assert!(early.is_err(), "the other thread was not held up");

    drop(release);
    client.block_on(async {
        let mut newcomer = newcomer;
        let answer = read_until(&mut newcomer, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        // The connection moves back with its first request that is not plain, and is answered like any other.
        let other = "HEAD /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        gateway.write_all(other.as_bytes()).await.unwrap();
        let answer = read_until(&mut gateway, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
    });
    others.block_on(held_up).unwrap();
    server.abort();
}
