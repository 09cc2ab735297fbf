//! The files that Keyhold keeps: the database and the pepper.

use std::path::PathBuf;

use clap::Args;

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
