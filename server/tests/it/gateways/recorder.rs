//! A server that records its requests: the API behind a gateway, or, in tests of the gateway's subrequests, Keyhold's
//! replacement.

use std::io::{BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::fixture::raw_http::Message;

/// Returns the answer to a request; none leaves the client waiting.
type Answer = fn(&Message) -> Option<String>;

pub struct Recorder {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Recorder {
    /// Starts an API: it answers with the status in `X-Answer`, and accepts requested upgrades.
    pub fn api(address: IpAddr) -> Self {
        Self::start(address, |request| {
            let protocol = request.header("upgrade");
            let head = match request.header("x-answer").as_str() {
                _ if !protocol.is_empty() => {
                    format!("101 Changed\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n")
                }
                "" => "200 OK\r\nX-From: api\r\nContent-Length: 4\r\n\r\ndone".to_owned(),
                status => format!("{status} Own\r\nX-From: api\r\nContent-Length: 3\r\n\r\nown"),
            };
            Some(format!("HTTP/1.1 {head}"))
        })
    }

    pub fn start(address: IpAddr, answer: Answer) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let recorder = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&recorder.seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(&stream, answer, &seen));
            }
        });
        recorder
    }

    /// Returns the requests since the last call. A request is recorded before it is answered.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// Answers one request after the other until the gateway closes the connection.
fn serve(mut stream: &TcpStream, answer: Answer, seen: &Mutex<Vec<Message>>) {
    let mut requests = BufReader::new(stream);
    while let Ok(Some(request)) = Message::read_request(&mut requests) {
        let mut answer = answer(&request);
        if request.first_line.starts_with("HEAD ") {
            let head = answer
                .as_deref()
                .and_then(|text| text.split_once("\r\n\r\n"));
            answer = head.map(|(head, _)| format!("{head}\r\n\r\n"));
        }
        seen.lock().unwrap().push(request);
        if let Some(answer) = answer
            && stream.write_all(answer.as_bytes()).is_err()
        {
            return;
        }
    }
}
