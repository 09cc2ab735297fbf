//! Errors of the start of the log.

use std::io;

use tracing_subscriber::filter::ParseError;

/// The reasons why the log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log cannot be started: {0}")]
    System(#[from] io::Error),
    #[error(
        "RUST_LOG: {wanted:?} cannot be parsed ({source}). Set it to a level such as info or debug, or to levels by module \
         such as info,server=debug."
    )]
    Filter { wanted: String, source: ParseError },
}
