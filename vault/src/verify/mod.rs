//! The gate: from the headers of an HTTP request to a good key, or to the answer that refuses it. `/verify`
//! and `/v1` stand behind it, and any other axum service may: [`Vault::guard`].
//!
//! It knows the shapes of HTTP, headers and statuses, and nothing that serves it.

pub mod credential;
mod decision;
mod headers;
mod identity;
mod layer;
mod rejection;
mod request_id;
mod verdict;

pub use headers::Headers;
pub use layer::{Guard, GuardLayer};
pub use rejection::{PROBLEM_MEANT, Refused, STATUS_MEANT};
pub(crate) use request_id::RequestIds;
pub use request_id::{RequestId, X_REQUEST_ID};
pub use verdict::{Refusal, Verified};

pub use crate::state::decision_metrics::Decisions;

use std::net::IpAddr;
use std::time::Instant;

use http::HeaderName;
use http::header::USER_AGENT;
use shared::problem::Code;
use shared::status::Status;
use shared::token::AccessKey;

use crate::caller::Caller;
use crate::state::directory::Entry;
use crate::usage::Source;
use crate::vault::Vault;
use credential::Fault;
use identity::Identity;

impl Vault {
    /// The good key that a request presents, and the call counted. Nothing in here waits.
    ///
    /// # Errors
    /// [`Refused`], which makes the answer.
    pub fn admit(&self, headers: &impl Headers, caller: &Caller) -> Result<Verified, Refused> {
        self.judge(headers, caller, Verified::new)
    }

    /// The same where all that is wanted of a good key is to say which it is: `say` is given the headers of
    /// [`Verified::identify`], name and value, straight from where they are. If the key is not good, it is not called.
    ///
    /// # Errors
    /// [`Refused`], which makes the answer.
    pub fn admit_saying(
        &self,
        headers: &impl Headers,
        caller: &Caller,
        say: impl FnMut(&HeaderName, &[u8]),
    ) -> Result<(), Refused> {
        self.judge(headers, caller, |access_key, entry, status| {
            let identity = Identity {
                access_key,
                account_id: &entry.account.id,
                name: &entry.name,
                expires_at: entry.expires_at,
                status,
            };
            identity.say(say);
        })
    }

    fn judge<T>(
        &self,
        headers: &impl Headers,
        caller: &Caller,
        good: impl FnOnce(AccessKey, &Entry, Status) -> T,
    ) -> Result<T, Refused> {
        let begun = Instant::now();
        let verdict = self.decide(headers, caller.address, good);
        let refused = verdict.as_ref().err().map(|refused| refused.code());
        self.0.tally.count(refused, begun.elapsed());
        verdict
    }

    fn decide<T>(
        &self,
        headers: &impl Headers,
        address: Option<IpAddr>,
        good: impl FnOnce(AccessKey, &Entry, Status) -> T,
    ) -> Result<T, Refused> {
        let mut room = [0; credential::ROOM];
        let (access_key, secret) =
            credential::read(headers, &mut room).map_err(|fault| match fault {
                Fault::Missing => Refused::Plainly(Code::CredentialsMissing),
                Fault::Malformed => Refused::Plainly(Code::CredentialsMalformed),
                Fault::Ambiguous => Refused::Ambiguous,
            })?;
        let source = Source {
            address,
            agent: headers.first(USER_AGENT).unwrap_or_default(),
        };
        self.call(access_key, &secret, Some(source), good)
            .map_err(|refusal| match refusal {
                Refusal::Invalid => Refused::Plainly(Code::KeyInvalid),
                Refusal::Expired { at } => Refused::Expired { access_key, at },
            })
    }

    /// The decisions since the start, for the operator.
    pub fn decisions(&self) -> Decisions {
        self.0.tally.read()
    }

    /// The name of a request: the one that it brings along, or a new one.
    pub fn request_id(&self, headers: &impl Headers) -> RequestId {
        self.0.request_ids.of(headers)
    }
}
