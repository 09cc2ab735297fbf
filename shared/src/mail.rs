//! The vocabulary of mails: their kinds, their states, and the purposes of their links.

use serde::{Deserialize, Serialize};

/// The subject of a mail.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Keys that expire or have expired.
    Notice,
    ConfirmAddress,
    ConfirmSecondRecipient,
    ResetPassword,
    /// The password was changed.
    PasswordChanged,
    /// A link to the new address of an account.
    ChangeAddress,
    /// A change of the address was requested; to the present address.
    AddressAsked,
    /// The address was changed; to the previous address.
    AddressChanged,
    /// The account was deleted; to the address that it had.
    AccountDeleted,
}

impl MailKind {
    pub const ALL: [Self; 9] = [
        Self::Notice,
        Self::ConfirmAddress,
        Self::ConfirmSecondRecipient,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::ChangeAddress,
        Self::AddressAsked,
        Self::AddressChanged,
        Self::AccountDeleted,
    ];
}

/// The state of a mail's delivery.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, or retried.
    Waiting,
    /// Accepted by the mail server.
    Sent,
    /// Rejected for good by the mail server, which may also have been unreachable for five days.
    Failed,
    /// No longer true when it was due: the keys were extended or deleted, or the link was used or had expired.
    Dropped,
}

/// The action of a mail's link.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    ConfirmAddress,
    ConfirmSecondRecipient,
    /// Changes the address of the account.
    ChangeAddress,
    ResetPassword,
    /// Stops notices to the second recipient.
    StopNotices,
}
