//! Cursors: opaque texts that say where a page of a list ended. They hold the place itself rather than a number of rows, so
//! that a list stays whole while rows come and go.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::validation::FieldErrors;

use crate::error::Result;

/// The order of a list by age: the instant of creation, UTC epoch milliseconds, and the id of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    pub created_at: i64,
    pub id: String,
}

/// Before every row.
impl Default for Place {
    fn default() -> Self {
        Self {
            created_at: i64::MIN,
            id: String::new(),
        }
    }
}

impl Place {
    pub fn of(created_at: i64, id: &str) -> Self {
        Self {
            created_at,
            id: id.to_owned(),
        }
    }

    pub fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.created_at, self.id))
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `after`.
    pub fn read(cursor: &str) -> Result<Self> {
        let wrong = || FieldErrors::one("after", "This is not a cursor of this list.");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let (created_at, id) = text.split_once(' ').ok_or_else(wrong)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !id.bytes().all(plain) {
            return Err(wrong().into());
        }
        Ok(Self {
            created_at: created_at.parse().map_err(|_| wrong())?,
            id: id.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let place = Place {
            created_at: 1_764_499_200_000,
            id: "kh_0123456789abcdef".to_owned(),
        };
        assert_eq!(Place::read(&place.cursor()).unwrap(), place);
        for wrong in ["", "x", "AAAA", "MQ", "MSAA", "ä"] {
            assert!(Place::read(wrong).is_err(), "{wrong}");
        }
    }
}
