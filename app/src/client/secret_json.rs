//! The answer of a server function as JSON, not yet read.

use super::shape::Shape;
use crate::error::FnError;

/// An answer that may hold a secret, and so prints without it.
#[derive(Clone)]
pub struct SecretJson(pub String);

impl SecretJson {
    /// Parses the answer.
    pub fn read<T: Shape>(&self) -> Result<T, FnError> {
        #[cfg(feature = "ssr")]
        let read = serde_json::from_str(&self.0).ok();
        #[cfg(not(feature = "ssr"))]
        let read = super::json::read(&self.0);
        read.ok_or_else(FnError::inside)
    }
}

impl std::fmt::Debug for SecretJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[json]")
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use shared::view::AddressView;

    use super::*;

    #[test]
    fn an_answer_of_another_shape_is_an_internal_fault() {
        let read = |text: &str| SecretJson(text.to_owned()).read::<AddressView>();
        let address = AddressView {
            email: "ada@example.com".to_owned(),
            confirmed: true,
            pending: None,
        };
        assert_eq!(
            read(r#"{"email":"ada@example.com","confirmed":true,"pending":null}"#),
            Ok(address)
        );
        for text in ["", "null", "[]", r#"{"email":"ada@example.com"}"#, "<html>"] {
            assert_eq!(read(text), Err(FnError::inside()), "{text}");
        }
    }

    #[test]
    fn debug_prints_no_secret() {
        let json = SecretJson(r#"{"secret_key":"sk_1"}"#.to_owned());
        assert_eq!(format!("{:?}", Some(json)), "Some([json])");
    }
}
