//! The files that Keyhold keeps: the database and the pepper.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::ValueError;

/// The location of the database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// The database.
    // The address of a server may contain a password.
    #[arg(
        long,
        env = "KEYHOLD_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://data/keyhold.db",
        value_name = "URL"
    )]
    pub database_url: String,
}

/// The locations of the database and the pepper.
#[derive(Args, Clone, Debug)]
pub struct Files {
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// The secret under which key digests are made, kept outside the database; made at the first start.
    #[arg(
        long,
        env = "KEYHOLD_PEPPER_FILE",
        default_value = "data/pepper",
        value_name = "FILE"
    )]
    pub pepper_file: PathBuf,
}

/// The location of the first operator's token, and where notices about tokens go.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// The first operator's token, made when there is none to make others with. Default: operator-token, beside the
    /// pepper.
    #[arg(long, env = "KEYHOLD_OPERATOR_TOKEN_FILE", value_name = "FILE")]
    pub operator_token_file: Option<PathBuf>,

    /// Where emails go about operators' tokens that expire or have expired. Default: nowhere.
    #[arg(long, env = "KEYHOLD_OPERATOR_EMAIL", value_name = "ADDRESS", value_parser = operator_email)]
    pub operator_email: Option<String>,
}

/// Parses the address of the operators. An empty one counts as absent.
fn operator_email(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    vault::text::email(text).map_err(ValueError::Email)
}

impl TokenArgs {
    /// Returns the file, which is beside `pepper` unless the setting says otherwise.
    pub fn resolved(&self, pepper: &Path) -> PathBuf {
        let given = self.operator_token_file.clone();
        given.unwrap_or_else(|| pepper.with_file_name("operator-token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_operators_is_checked() {
        for good in ["ops@example.com", ""] {
            assert!(operator_email(good).is_ok_and(|email| email == good));
        }
        for bad in ["ops", "ops@example.com, other@example.com"] {
            assert!(operator_email(bad).is_err(), "{bad}");
        }
    }
}
