//! What an account, a network and the instance may take. `docs/limits.md` explains each limit.

use clap::Args;
use vault::limits::Settings;

#[derive(Args, Clone, Debug)]
pub struct LimitSettings {
    /// Sign-ups an hour from one network; 0: no limit.
    #[arg(
        long,
        env = "KEYHOLD_LIMIT_SIGN_UPS",
        default_value_t = Settings::default().sign_ups,
        value_name = "NUMBER"
    )]
    pub limit_sign_ups: u32,
}

impl LimitSettings {
    pub fn settings(&self) -> Settings {
        Settings {
            sign_ups: self.limit_sign_ups,
        }
    }
}
