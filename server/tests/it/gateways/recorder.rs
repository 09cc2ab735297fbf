//! A server that notes what reaches it: the API behind a gateway, and, where a test is about what Keyhold is
//! asked, in Keyhold's place.

use std::io::{BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::raw_http::Message;

/// What it answers to a request; nothing at all if it leaves who asks waiting.
type Answer = fn(&Message) -> Option<String>;

pub struct Recorder {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Recorder {
    /// One that answers as an API would: with the status that `X-Answer` asks for, and to another protocol if
    /// it is asked to change to one.
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

    /// What has reached it since this was asked last. A request is noted before it is answered.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// Answers one request after the other, until the gateway hangs up.
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
