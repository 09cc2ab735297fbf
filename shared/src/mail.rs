//! The vocabulary of mails: their kinds, their states, and the purposes of their links.

use serde::{Deserialize, Serialize};

/// What a mail is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Keys that expire or have expired.
    Notice,
    ConfirmAddress,
    ConfirmSecondRecipient,
    ResetPassword,
    /// The password is a new one.
    PasswordChanged,
    /// A link to the address that an account is to have.
    ChangeAddress,
    /// Another address was asked for; to the present one.
    AddressAsked,
    /// Another address is in force; to the one before.
    AddressChanged,
}

impl MailKind {
    pub const ALL: [Self; 8] = [
        Self::Notice,
        Self::ConfirmAddress,
        Self::ConfirmSecondRecipient,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::ChangeAddress,
        Self::AddressAsked,
        Self::AddressChanged,
    ];
}

/// How far a mail has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried, or tried again.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good, or could not be reached for five days.
    Failed,
    /// No longer true when its turn came: the keys were extended or deleted, or the link was used or outlived.
    Dropped,
}

/// What the link of a mail does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    ConfirmAddress,
    ConfirmSecondRecipient,
    /// Puts another address of the account into force.
    ChangeAddress,
    ResetPassword,
    /// The second recipient wants no more notices.
    StopNotices,
}
