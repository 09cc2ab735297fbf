//! Limits on mails, accounts, keys and changes.

mod mails;
mod quotas;
