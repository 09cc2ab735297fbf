//! The limits that can reject an operation.

/// The limits, as the metrics name them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// Failed sign-ins, by account, device and network.
    Passwords,
    /// Mails on request.
    Mails,
    /// Sign-ups from a network.
    SignUps,
    /// Slots in the queue of passwords to hash.
    Hashing,
    /// Accounts of the instance.
    Accounts,
    /// Keys of an account.
    Keys,
    /// Changes of an account.
    Changes,
    /// Turns at reading for an account.
    Reading,
}

impl Limit {
    pub const ALL: [Self; 8] = [
        Self::Passwords,
        Self::Mails,
        Self::SignUps,
        Self::Hashing,
        Self::Accounts,
        Self::Keys,
        Self::Changes,
        Self::Reading,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Self::Passwords => "passwords",
            Self::Mails => "mails",
            Self::SignUps => "sign_ups",
            Self::Hashing => "hashing",
            Self::Accounts => "accounts",
            Self::Keys => "keys",
            Self::Changes => "changes",
            Self::Reading => "reading",
        }
    }
}
