//! What operators do, from the vault's side: under load, in mails, after a restart, and by a clock that ran ahead.

mod clock;
mod expiries;
mod notices;
pub mod portal;
mod sessions;
mod suspension;

use shared::token::OperatorToken;
use vault::operators::token::Operator;
use vault::test_support::Fixture;
use vault::{Caller, ManagedFields, Setting};

/// Returns the operator with the first token.
pub async fn operator(site: &Fixture) -> Operator {
    let file = site.folder.path().join("operator-token");
    site.vault.ensure_first_token(&file).await.unwrap().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let token = OperatorToken::parse(text.trim()).unwrap();
    let caller = Caller::default();
    let found = site.vault.operator(&token, &caller, "r1");
    found.await.unwrap().unwrap()
}

/// Returns the fields of an account with this external id.
pub fn named(external_id: &str) -> ManagedFields {
    ManagedFields {
        external_id: Setting::Set(external_id.to_owned()),
        ..ManagedFields::default()
    }
}
