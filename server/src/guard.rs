//! The guard: from the headers of a request to a good key, or to the answer that refuses it. `/verify` and
//! `/v1` stand behind this one function.

use axum::http::HeaderMap;
use shared::problem::Code;
use vault::{Credential, Principal, Refusal, Verified};

use crate::credential::{self, Fault};
use crate::refusal::Refused;
use crate::state::AppState;

/// The good key that a request presents.
pub async fn admit(state: &AppState, headers: &HeaderMap) -> Result<Verified, Refused> {
    let mut room = [0; 128];
    let (access_key, secret) =
        credential::read(headers, &mut room).map_err(|fault| match fault {
            Fault::Missing => Refused::Plainly(Code::CredentialsMissing),
            Fault::Malformed => Refused::Plainly(Code::CredentialsMalformed),
            Fault::Ambiguous => Refused::Ambiguous,
        })?;
    match state
        .vault
        .authenticate(Credential::Key(access_key, secret))
        .await
    {
        Ok(Principal::Key(verified)) => Ok(verified),
        // A key never makes a session; if it did, refusing would be right.
        Ok(Principal::Session(_)) => Err(Refused::Plainly(Code::Unavailable)),
        Err(Refusal::Invalid) => Err(Refused::Plainly(Code::KeyInvalid)),
        Err(Refusal::Expired { at }) => Err(Refused::Expired { access_key, at }),
        Err(Refusal::Unavailable(error)) => {
            tracing::error!(%error, "a key could not be decided on");
            Err(Refused::Plainly(Code::Unavailable))
        }
    }
}
