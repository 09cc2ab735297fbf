//! Scripted SMTP peer: a mail server on loopback that misbehaves as its scripts say and records what happens to it.
//!
//! It runs on a thread of its own, so that a test may block while it waits for the peer, and may pause tokio's clock.
//! It is no substitute for a foreign implementation: the browser tests send to one.

mod conversation;
mod script;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::{Mail, PATIENCE};
use conversation::{Conversation, Stream};

pub use script::{Action, Script, Step};

/// A mail that a client has sent up to the final dot.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub from: String,
    pub to: Vec<String>,
    /// False if the reply to the dot rejected the mail.
    pub taken: bool,
    pub mail: Mail,
}

/// Something that happened to the peer.
#[derive(Clone, Debug)]
pub enum Event {
    Connected,
    /// A line that is no part of a message.
    Command(String),
    Encrypted,
    /// User and password.
    Login(String, String),
    /// The peer sends nothing until it is released.
    Held,
    /// The final dot has arrived.
    Dot(Box<Delivery>),
    /// The reply to the dot is about to leave.
    Answered,
    Closed,
}

/// State shared by the peer and its conversations.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    released: Notify,
    connections: tokio::sync::Mutex<JoinSet<()>>,
    tls: TlsAcceptor,
    offers_tls: bool,
    /// The user and password that the peer requires, if it requires a login.
    login: Option<(String, String)>,
}

struct State {
    /// For the next connections, one each; the last one stays.
    scripts: VecDeque<Script>,
    events: Vec<Event>,
    /// The number of connections so far.
    count: usize,
}

/// The peer. Dropping it closes all of its connections.
pub struct Peer {
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    /// Keeps the port while connections are refused.
    reserved: Option<TcpSocket>,
    /// The number of events that the test has waited for.
    seen: usize,
    pub port: u16,
}

impl Shared {
    fn new(offers_tls: bool, login: Option<(&str, &str)>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                scripts: VecDeque::from([Script::default()]),
                events: Vec::new(),
                count: 0,
            }),
            changed: Condvar::new(),
            released: Notify::new(),
            connections: tokio::sync::Mutex::default(),
            tls: self_signed(),
            offers_tls,
            login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn record(&self, event: Event) {
        self.state().events.push(event);
        self.changed.notify_all();
    }

    /// Returns the number and the script of a new connection.
    fn begin(&self) -> (usize, Script) {
        let mut state = self.state();
        state.count += 1;
        let script = if state.scripts.len() > 1 {
            state.scripts.pop_front().unwrap()
        } else {
            state.scripts[0].clone()
        };
        (state.count, script)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let open = Open::new(&self);
            let conversation = Conversation::new(Arc::clone(&self), stream);
            self.connections.lock().await.spawn(async move {
                // The client sees how the conversation ends.
                let _ = conversation.run().await;
                drop(open);
            });
        }
    }

    /// Waits until `found` finds something in the events from `first` on.
    fn wait<T>(&self, what: &str, first: usize, found: impl Fn(&[Event]) -> Option<T>) -> T {
        let missing = |state: &mut State| found(&state.events[first..]).is_none();
        let (state, _) = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, missing)
            .unwrap();
        found(&state.events[first..])
            .unwrap_or_else(|| panic!("{what} did not happen: {:?}", state.events))
    }
}

/// A connection, which is recorded as closed when its task ends or is aborted.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.record(Event::Connected);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.record(Event::Closed);
    }
}

impl Peer {
    /// Starts a peer that accepts every mail and every login, without TLS.
    pub fn start() -> Self {
        Self::start_with(false, None)
    }

    /// Starts a peer that offers STARTTLS with a self-signed certificate.
    pub fn start_self_signed() -> Self {
        Self::start_with(true, None)
    }

    /// Starts a peer that accepts mails only after this login.
    pub fn start_with_login(user: &str, password: &str) -> Self {
        Self::start_with(false, Some((user, password)))
    }

    fn start_with(offers_tls: bool, login: Option<(&str, &str)>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("smtp-peer")
            .enable_all()
            .build()
            .unwrap();
        let mut peer = Self {
            runtime: Some(runtime),
            shared: Shared::new(offers_tls, login),
            accepting: None,
            reserved: None,
            seen: 0,
            port: 0,
        };
        peer.listen(true);
        peer
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Sets the scripts of the next connections, one each; the last one stays. Later waits skip earlier events.
    pub fn follow(&mut self, scripts: impl IntoIterator<Item = Script>) {
        let mut state = self.shared.state();
        state.scripts = scripts.into_iter().collect();
        assert!(!state.scripts.is_empty(), "a peer needs a script");
        self.seen = state.events.len();
    }

    /// Accepts connections, or refuses them, on the same port.
    pub fn listen(&mut self, listen: bool) {
        if let Some(accepting) = self.accepting.take() {
            self.finish(async move {
                accepting.abort();
                let _ = accepting.await;
            });
        }
        drop(self.reserved.take());
        let runtime = self.runtime.as_ref().unwrap();
        let _inside = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], self.port).into()).unwrap();
        self.port = socket.local_addr().unwrap().port();
        if listen {
            let listener = socket.listen(1024).unwrap();
            self.accepting = Some(runtime.spawn(Arc::clone(&self.shared).accept(listener)));
        } else {
            // Bound without listening: connections are refused, and no other process gets the port.
            self.reserved = Some(socket);
        }
    }

    /// Resumes every connection that is held.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// Closes all connections, without reading data that is still on its way.
    pub fn disconnect(&self) {
        let shared = Arc::clone(&self.shared);
        self.finish(async move { shared.connections.lock().await.shutdown().await });
    }

    /// Runs work on the peer's thread to its end.
    fn finish(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (done, finished) = mpsc::channel();
        self.runtime.as_ref().unwrap().spawn(async move {
            work.await;
            let _ = done.send(());
        });
        finished.recv().unwrap();
    }

    /// Waits for the next event of a kind, after the last event that was waited for.
    fn next<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let (index, found) = self.shared.wait(what, self.seen, |events| {
            let mut events = events.iter().enumerate();
            events.find_map(|(index, event)| Some((index, pick(event)?)))
        });
        self.seen += index + 1;
        found
    }

    /// Waits until a connection is held.
    pub fn held(&mut self) {
        self.next("a hold", |event| matches!(event, Event::Held).then_some(()));
    }

    /// Waits for the next final dot.
    pub fn dot(&mut self) -> Delivery {
        self.next("a final dot", |event| match event {
            Event::Dot(delivery) => Some(Delivery::clone(delivery)),
            _ => None,
        })
    }

    /// Waits until the peer replies to a final dot.
    pub fn answered(&mut self) {
        self.next("the reply to a dot", |event| {
            matches!(event, Event::Answered).then_some(())
        });
    }

    /// Waits until no connection is open, so that the peer has read everything that was sent.
    pub fn quiet(&self) {
        self.shared.wait("the end of all connections", 0, |events| {
            let count = |is: fn(&&Event) -> bool| events.iter().filter(is).count();
            let opened = count(|event| matches!(event, Event::Connected));
            let closed = count(|event| matches!(event, Event::Closed));
            (opened == closed).then_some(())
        });
    }

    /// Returns all events so far.
    pub fn events(&self) -> Vec<Event> {
        self.shared.state().events.clone()
    }

    /// Returns the commands with this beginning; all of them for an empty text.
    pub fn commands(&self, begin: &str) -> Vec<String> {
        let commands = self.events().into_iter().filter_map(|event| match event {
            Event::Command(command) => Some(command),
            _ => None,
        });
        commands
            .filter(|command| command.starts_with(begin))
            .collect()
    }

    /// Returns the users and passwords of all logins, successful or not.
    pub fn logins(&self) -> Vec<(String, String)> {
        let logins = self.events().into_iter().filter_map(|event| match event {
            Event::Login(user, password) => Some((user, password)),
            _ => None,
        });
        logins.collect()
    }

    /// Returns the mails whose final dot has arrived, in their order.
    pub fn dots(&self) -> Vec<Delivery> {
        let dots = self.events().into_iter().filter_map(|event| match event {
            Event::Dot(delivery) => Some(*delivery),
            _ => None,
        });
        dots.collect()
    }

    /// Returns the mails that the peer has received: their final dot arrived, and its reply did not reject them.
    pub fn mails(&self) -> Vec<Delivery> {
        let mut mails = self.dots();
        mails.retain(|delivery| delivery.taken);
        mails
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs one conversation by a script, on the runtime of the caller, whose clock may be paused.
pub async fn converse(script: Script, stream: impl Stream + 'static) {
    let shared = Shared::new(false, None);
    shared.state().scripts = VecDeque::from([script]);
    let _ = Conversation::new(shared, stream).run().await;
}

fn self_signed() -> TlsAcceptor {
    const PEM: &[u8] = include_bytes!("peer/selfsigned.pem");
    let chain = vec![CertificateDer::from_pem_slice(PEM).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(PEM).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
