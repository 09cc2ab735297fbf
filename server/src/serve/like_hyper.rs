//! The comparison of the fast path with hyper: the same bytes get the same answers. A test runs it on thousands of
//! damaged requests, and `server/fuzz/` without end.

#![expect(
    clippy::unwrap_used,
    reason = "a comparison that cannot go on should stop there"
)]

use std::io::Result;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use app::site::Site;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use shared::token::SecretKey;
use tokio::runtime::Runtime;
use vault::clock::SystemClock;
use vault::{Actor, Caller, CreateKey, NewKey, Options, SignUp, Vault};

use super::accept::builder;
use super::connection::HEADER_BYTES;
use super::request::fault;
use super::service::HttpService;
use crate::fast_path::{Rest, answer_batch};
use crate::http::client_ip::Peer;
use crate::state::AppState;

/// The date of the fast path's answers.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A Keyhold that answers both ways.
pub struct Comparison {
    runtime: Runtime,
    service: HttpService,
    /// Texts that stand for a key in requests, and its access key and secret key.
    keys: [(&'static str, String); 3],
}

impl Comparison {
    /// Opens a vault in an empty folder, with a good and an expired key.
    ///
    /// # Panics
    /// If the folder cannot be used.
    pub fn open(folder: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = Options {
            database_url: format!("sqlite://{}", folder.join("keyhold.db").display()),
            pepper_file: folder.join("pepper"),
            base_url: "https://keys.example.com".to_owned(),
            brand: vault::brand::Brand::KEYHOLD,
            support_url: Some("https://example.com/help".to_owned()),
            operator_email: None,
            limits: vault::limits::Settings::default(),
            lease_seconds: 30,
            node_address: String::new(),
        };
        let clock = Arc::new(SystemClock::default());
        let vault = runtime.block_on(Vault::open(&options, clock)).unwrap();
        let keys = runtime.block_on(keys(&vault)).unwrap();
        let site = Site {
            base_url: options.base_url,
            sign_up_open: true,
            ..Site::default()
        };
        let state = AppState::new(vault, site, folder.join("site"), Vec::new());
        let service = runtime.block_on(async { HttpService::new(state) });
        Self {
            runtime,
            service,
            keys,
        }
    }

    /// Answers the plain requests at the beginning of `input` on the fast path and by hyper, and returns the number of
    /// answers. In the input `{good}`, `{expired}` and `{wrong}` stand for pairs of access key and secret key. hyper gets
    /// what follows too if that is the beginning of a request, which must not be answered yet.
    ///
    /// # Panics
    /// If the answers differ.
    pub fn compare(&self, input: &[u8]) -> usize {
        // hyper's timers need it.
        let _entered = self.runtime.enter();
        let input = self.with_keys(input);
        let state = self.service.verify().unwrap();
        let peer = Peer(([192, 0, 2, 1], 40_000).into());
        let mut output = Vec::new();
        let closing = AtomicBool::new(false);
        let batch = answer_batch(
            state,
            peer,
            &input,
            HEADER_BYTES,
            &closing,
            DATE,
            &mut output,
        );
        let read = match batch.rest {
            Rest::Unfinished => &input,
            Rest::Unread | Rest::Other => &input[..batch.length],
        };
        let fast = comparable(&output);
        let hyper = comparable(&self.by_hyper(read, peer));
        assert_eq!(fast, hyper, "{:?}", String::from_utf8_lossy(&input));
        fast.matches("HTTP/1.1 ").count()
    }

    fn with_keys(&self, input: &[u8]) -> Vec<u8> {
        let mut text = input.to_vec();
        for (name, pair) in &self.keys {
            let name = name.as_bytes();
            while let Some(at) = text.windows(name.len()).position(|part| part == name) {
                text.splice(at..at + name.len(), pair.bytes());
            }
        }
        text
    }

    /// Returns what hyper has answered by the time that it waits for more.
    fn by_hyper(&self, input: &[u8], peer: Peer) -> Vec<u8> {
        let mut client = Client {
            input,
            answers: Vec::new(),
        };
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        {
            let answer = service_fn(|request| {
                assert_eq!(fault(&request), None);
                self.service.answer(request, Some(peer))
            });
            let mut connection = pin!(builder().serve_connection(&mut client, answer));
            let mut context = Context::from_waker(&waker);
            while woken.0.swap(false, Ordering::Relaxed) {
                if connection.as_mut().poll(&mut context).is_ready() {
                    break;
                }
            }
        }
        client.answers
    }
}

async fn keys(vault: &Vault) -> vault::Result<[(&'static str, String); 3]> {
    let caller = Caller::default();
    let account = SignUp {
        email: "a@example.com",
        password: "a calm lake at dawn",
        time_zone: "UTC",
    };
    let signed_up = vault.sign_up(&caller, account).await?;
    let session = vault.session(signed_up.session.expose()).await?.unwrap();
    let actor = Actor { session, caller };
    let expired = CreateKey {
        name: "Zahlung/Läufe 100%",
        description: "",
        expiry: "90d",
        ..CreateKey::default()
    };
    let expired = vault.create_key(&actor, expired).await?;
    let access_key = expired.access_key.to_string();
    vault.expire_key(&actor, &access_key).await?;
    let good = signed_up.key;
    let wrong = SecretKey::from_entropy([9; 32]);
    Ok([
        ("{good}", pair(&good, &good.secret_key)),
        ("{expired}", pair(&expired, &expired.secret_key)),
        ("{wrong}", pair(&good, &wrong)),
    ])
}

fn pair(key: &NewKey, secret: &SecretKey<'_>) -> String {
    format!("{}.{}", key.access_key, secret.expose())
}

/// Masks the parts of answers that are never the same twice: dates, and request ids that the server chose.
fn comparable(answers: &[u8]) -> String {
    let answers = String::from_utf8_lossy(answers);
    let mut masked = String::with_capacity(answers.len());
    let mut rest = answers.as_ref();
    while !rest.is_empty() {
        let marker = ["\r\ndate: ", "\r\nx-request-id: ", "\"request_id\":\""]
            .into_iter()
            .find_map(|marker| rest.strip_prefix(marker).map(|value| (marker, value)));
        let Some((marker, value)) = marker else {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            masked.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        };
        let end = value.find(['\r', '"']).unwrap_or(value.len());
        let chosen = &value[..end];
        let varies = marker.contains("date")
            || chosen.len() == 16 && chosen.bytes().all(|byte| byte.is_ascii_hexdigit());
        masked.push_str(marker);
        masked.push_str(if varies { "masked" } else { chosen });
        rest = &value[end..];
    }
    masked
}

/// A client that has sent `input` and waits.
struct Client<'a> {
    input: &'a [u8],
    answers: Vec<u8>,
}

impl Read for Client<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        if self.input.is_empty() {
            return Poll::Pending;
        }
        let (now, later) = self
            .input
            .split_at(buffer.remaining().min(self.input.len()));
        buffer.put_slice(now);
        self.input = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Client<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.answers.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Records whether hyper asked to be polled again.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

    use super::*;

    /// Damaged requests get hyper's answers: the search of `server/fuzz/`, for some seconds and from one seed.
    #[test]
    fn damaged_requests_get_hypers_answers() {
        let folder = tempfile::tempdir().unwrap();
        let site = Comparison::open(folder.path());
        let rows = seeds();
        assert_eq!(rows.map(|row| site.compare(row)), [3, 3, 2, 1, 0]);
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(config, seed);
        let byte = prop_oneof![2 => proptest::sample::select(b" \t\r\n:/?#%0xX".to_vec()), 1 => any::<u8>()];
        let damage = proptest::collection::vec((any::<u16>(), byte, 0..3_u8), 0..4);
        let mut answers = 0;
        for round in 0..6_000 {
            let mut input = rows[round % rows.len()].to_vec();
            for (at, byte, kind) in damage.new_tree(&mut runner).unwrap().current() {
                let at = usize::from(at) % input.len();
                match kind {
                    0 => input[at] = byte,
                    1 => input.insert(at, byte),
                    _ => drop(input.remove(at)),
                }
            }
            answers += site.compare(&input);
        }
        assert!((3_000..12_000).contains(&answers), "{answers} answers");
    }

    fn seeds() -> [&'static [u8]; 5] {
        [
            include_bytes!("../../fuzz/seeds/fast_path/good"),
            include_bytes!("../../fuzz/seeds/fast_path/rejected"),
            include_bytes!("../../fuzz/seeds/fast_path/headers"),
            include_bytes!("../../fuzz/seeds/fast_path/unfinished"),
            include_bytes!("../../fuzz/seeds/fast_path/other"),
        ]
    }
}
