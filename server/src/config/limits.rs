//! The limits of an account, a network and the instance. `docs/limits.md` explains each.

use clap::Args;
use vault::limits::Settings;

#[derive(Args, Clone, Debug)]
pub struct LimitSettings {
    /// Sign-ups per hour from one network; 0: no limit.
    #[arg(
        long = "limit-sign-ups",
        env = "KEYHOLD_LIMIT_SIGN_UPS",
        default_value_t = Settings::default().sign_ups,
        value_name = "NUMBER"
    )]
    pub sign_ups: u32,

    /// Accounts of this instance; 0: no limit.
    #[arg(
        long = "limit-accounts",
        env = "KEYHOLD_LIMIT_ACCOUNTS",
        default_value_t = Settings::default().accounts,
        value_name = "NUMBER"
    )]
    pub accounts: u32,

    /// Keys of one account, not counting its first one; 0: no limit.
    #[arg(
        long = "limit-keys",
        env = "KEYHOLD_LIMIT_KEYS",
        default_value_t = Settings::default().keys,
        value_name = "NUMBER"
    )]
    pub keys: u32,

    /// Changes per minute by one account, up to twenty minutes' worth at once; 0: no limit.
    #[arg(
        long = "limit-changes",
        env = "KEYHOLD_LIMIT_CHANGES",
        default_value_t = Settings::default().changes,
        value_name = "NUMBER"
    )]
    pub changes: u32,

    /// Sessions of one account, and apart from them those of portal links; a new one ends the least recently used; 0: no limit.
    #[arg(
        long = "limit-sessions",
        env = "KEYHOLD_LIMIT_SESSIONS",
        default_value_t = Settings::default().sessions,
        value_name = "NUMBER"
    )]
    pub sessions: u32,
}

impl LimitSettings {
    pub fn settings(&self) -> Settings {
        Settings {
            sign_ups: self.sign_ups,
            accounts: self.accounts,
            keys: self.keys,
            changes: self.changes,
            sessions: self.sessions,
        }
    }
}
