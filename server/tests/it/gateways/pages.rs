//! The pages behind an nginx with nothing configured but the upstream.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vault::test_support::PATIENCE;

use super::process::{free_port, own_address};
use crate::fixture::home::Home;
use crate::fixture::process::start;
use crate::fixture::programs::nginx;
use crate::fixture::raw_http::Message;

struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn start(folder: &Path, address: SocketAddr, keyhold: &str) -> Self {
        let text = format!(
            "pid {folder}/pid; events {{}} http {{ access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            server {{ listen {address}; location / {{ proxy_pass http://{keyhold}; }} }} }}",
            folder = folder.display()
        );
        let file = folder.join("pages.conf");
        std::fs::write(&file, text).unwrap();
        let child = Command::new(nginx())
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr", "-g", "daemon off; master_process off;"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self { child, address };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "it never listened");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        proxy
    }

    fn ask(&self, head: &str, body: &[u8]) -> Message {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let head = format!(
            "{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        Message::read_answer(&mut BufReader::new(&stream), false).unwrap()
    }
}

/// A rejection with an unread body reaches the client as Keyhold sent it, and not as a 502.
#[test]
fn rejections_of_unread_bodies_reach_the_client() {
    let folder = TempDir::new().unwrap();
    let home = Home::new();
    let keyhold = start(&home, &[]);
    let proxy = Proxy::start(folder.path(), free_port(own_address()), &keyhold.address);
    for size in [66_000, 200_000, 500_000, 900_000] {
        let body = vec![b'x'; size];
        for _ in 0..5 {
            let answer = proxy.ask("POST /fn/account/sign-in HTTP/1.1", &body);
            assert_eq!(answer.status(), 413, "{size}: {answer:?}");
            assert_eq!(proxy.ask("POST /v1/keys HTTP/1.1", &body).status(), 401);
        }
    }
    let long = format!(
        "GET /preferences/api-control/{} HTTP/1.1",
        "-".repeat(7_000)
    );
    assert_eq!(proxy.ask(&long, b"").status(), 303);
}
