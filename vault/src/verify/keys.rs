//! The key directory, held for reading, and the verification of a request against it.

use std::time::Instant;

use http::header::USER_AGENT;
use shared::prefix::Prefix;
use shared::problem::Code;
use shared::status::Status;
use shared::token::Malformed;

use super::credential;
use super::decision::decide;
use super::headers::Headers;
use super::identity::Held;
use super::rejection::Rejection;
use super::request_id::RequestId;
use crate::caller::Caller;
use crate::state::decision_metrics::Decisions;
use crate::state::directory::Entries;
use crate::state::usage_counts::Source;
use crate::vault::Vault;

/// The key directory, held for reading: verdicts borrow from it. Readers take no lock, but an entry that a change
/// replaces is freed only once this is dropped, so it must not be held across an await.
pub struct Keys<'a> {
    vault: &'a Vault,
    entries: Entries<'a>,
}

impl Keys<'_> {
    /// Returns the good key that a request presents, and counts the call. It never waits, and allocates only at the
    /// first call of a key since its last calls were written.
    ///
    /// # Errors
    /// A [`Rejection`], which builds the response.
    pub fn verify(&self, headers: &impl Headers, caller: &Caller) -> Result<Held<'_>, Rejection> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the duration of decisions is a metric"
        )]
        let begun = Instant::now();
        let verdict = self.authenticate(headers, caller);
        let rejected = verdict.as_ref().err().map(|rejection| rejection.code());
        self.vault
            .0
            .decision_metrics
            .count(rejected, begun.elapsed());
        verdict
    }

    fn authenticate(&self, headers: &impl Headers, caller: &Caller) -> Result<Held<'_>, Rejection> {
        let vault = &self.vault.0;
        // Another node may have acknowledged a change that is not in memory here.
        if vault.database.lease.is_over() {
            return Err(Rejection::Code(Code::Unavailable));
        }
        let mut buffer = [0; credential::DECODE_BUFFER];
        let (access_key, secret) = credential::read(headers, &mut buffer)?;
        let known = [Some(access_key.prefix()), secret.prefix()];
        let in_use = |prefix: Option<Prefix>| prefix.is_some_and(|one| one.is_in_use(vault.prefix));
        if !known.into_iter().all(in_use) {
            return Err(Malformed.into());
        }
        let now = self.vault.now();
        let entry = self.entries.get(&access_key);
        let verdict = decide(access_key, entry, &secret, &vault.pepper, now);
        // Only calls with the right secret are counted for the key.
        let status = match &verdict {
            Ok(verified) => Some(verified.status),
            Err(Rejection::Expired { .. }) => Some(Status::Expired),
            Err(_) => None,
        };
        if let (Some(entry), Some(status)) = (entry, status) {
            let source = Source {
                prefix: vault.prefix,
                address: caller.address,
                agent: headers.first(USER_AGENT).unwrap_or_default(),
            };
            let account = &entry.account;
            vault.usage.count(access_key, account, now, status, source);
        }
        verdict
    }
}

impl Vault {
    /// Opens the key directory for verification.
    pub fn keys(&self) -> Keys<'_> {
        Keys {
            vault: self,
            entries: self.0.directory.read(),
        }
    }

    /// Returns the decisions since the start, for the operator.
    pub fn decisions(&self) -> Decisions {
        self.0.decision_metrics.read()
    }

    /// Returns the request's own `X-Request-Id` if it is fit for a log, else a new id.
    pub fn request_id(&self, headers: &impl Headers) -> RequestId {
        RequestId::of(headers, &self.0.request_ids)
    }
}
