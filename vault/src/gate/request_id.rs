//! Request ids: a name for one request that the caller sees and the log has.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::token::find_secret;

/// Names the request: the gateway's id if it sends one, so that its log and ours can be joined.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over, in bytes.
const LONGEST: usize = 64;

/// Counts requests from a random start, and scrambles the count, so that ids tell neither how many requests
/// there were nor repeat after a restart. They are names, not secrets.
#[derive(Default)]
pub struct RequestIds {
    next: AtomicU64,
    scramble: RandomState,
}

impl RequestIds {
    /// The id that a request brings along, if there is one and it may stand in a log; else a new one.
    pub fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(X_REQUEST_ID) {
            Some(id) if is_plain(id.as_bytes()) => id.clone(),
            _ => self.next(),
        }
    }

    /// Sixteen hexadecimal digits.
    fn next(&self) -> HeaderValue {
        let number = self
            .scramble
            .hash_one(self.next.fetch_add(1, Ordering::Relaxed));
        let digits: [u8; 16] = std::array::from_fn(|place| {
            let digit = (number >> (60 - 4 * place)) & 15;
            b"0123456789abcdef"[digit as usize]
        });
        HeaderValue::from_bytes(&digits).unwrap_or(HeaderValue::from_static("unknown"))
    }
}

fn is_plain(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
        && find_secret(id).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent.and_then(|sent| HeaderValue::from_str(sent).ok()) {
            headers.insert(X_REQUEST_ID, sent);
        }
        let id = RequestIds::default().of(&headers);
        id.to_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn an_id_is_taken_over_only_if_it_may_stand_in_a_log() {
        let longest = "x".repeat(64);
        for good in ["7f3a-9._Z", "0", &longest] {
            assert_eq!(id_for(Some(good)), good);
        }
        let too_long = "x".repeat(65);
        for bad in ["", "a b", "a\"b", "a=b", "\u{fc}", "x.khs_0", &too_long] {
            let id = id_for(Some(bad));
            assert!(id.len() == 16 && id != bad, "{bad:?} became {id:?}");
        }
        assert_ne!(id_for(None), id_for(None));
    }
}
