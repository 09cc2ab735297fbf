//! Tokens for addresses that act or show something without a session: a row's id with a mark that requires the pepper.
//! Tokens are not stored, so a stolen database opens none.

use hmac::Mac;
use subtle::ConstantTimeEq;

use crate::crypto::pepper::Pepper;
use crate::crypto::random;

/// The bytes of the mark: 128 bits, out of reach of guessing over a network.
const MARK_BYTES: usize = 16;

/// Returns the token for `id`. Tokens of one purpose open nothing of another.
pub fn token(pepper: &Pepper, purpose: &str, id: &str) -> String {
    format!("{id}.{}", mark(pepper, purpose, id))
}

/// Returns the id of a token, if it was made here for this purpose.
pub fn id<'a>(pepper: &Pepper, purpose: &str, token: &'a str) -> Option<&'a str> {
    let (id, given) = token.split_once('.')?;
    let right = mark(pepper, purpose, id);
    bool::from(right.as_bytes().ct_eq(given.as_bytes())).then_some(id)
}

/// Returns the id that a token claims, for tokens whose purpose is stored in the row of that id. Only [`id`] tells
/// whether it was made here.
pub fn claimed_id(token: &str) -> Option<&str> {
    let (id, _) = token.split_once('.')?;
    random::is_id(id).then_some(id)
}

fn mark(pepper: &Pepper, purpose: &str, id: &str) -> String {
    let mut mac = pepper.keyed();
    // A secret key begins with khs_, so no mark is the digest of one.
    for part in ["keyhold seal", purpose, id] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    random::hex(&mac.finalize().into_bytes()[..MARK_BYTES])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::crypto::pepper::NewPepper;

    #[test]
    fn a_token_opens_what_it_was_made_for_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let pepper = |name: &str| {
            Pepper::draw(&folder.path().join(name))
                .and_then(NewPepper::keep)
                .unwrap()
        };
        let (ours, other) = (pepper("a"), pepper("b"));
        let made = token(&ours, "confirm", "mail_0");
        assert_eq!(id(&ours, "confirm", &made), Some("mail_0"));
        assert_eq!(id(&ours, "reset", &made), None);
        assert_eq!(id(&other, "confirm", &made), None);
        for wrong in [
            "",
            ".",
            "mail_0",
            "mail_0.",
            &made.replace("mail_0", "mail_1"),
            &made[..made.len() - 1],
            &format!("{made}0"),
        ] {
            assert_eq!(id(&ours, "confirm", wrong), None, "{wrong:?}");
        }
    }
}
