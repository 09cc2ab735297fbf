//! Errors of `keyhold serve`.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use vault::OpenError;

use crate::config::error::ConfigError;

/// The reasons why the server cannot start, and the losses at the stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("KEYHOLD_LISTEN: cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("KEYHOLD_METRICS_LISTEN: cannot listen on {address}: {source}")]
    MetricsListen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("KEYHOLD_ADMIN_LISTEN: cannot listen on {address}: {source}")]
    AdminListen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("KEYHOLD_OPERATOR_TOKEN_FILE: {}: {source}", path.display())]
    OperatorToken { path: PathBuf, source: io::Error },
    #[error(transparent)]
    LocalAddress(io::Error),
    #[error("signals cannot be caught: {0}")]
    Signals(io::Error),
    #[error("the threads for verification cannot be started: {0}")]
    VerifyRuntime(io::Error),
    #[error(transparent)]
    Vault(#[from] OpenError),
    #[error(transparent)]
    Demo(#[from] vault::Error),
    #[error("the usage could not be written before the stop: {0} counted calls are lost")]
    UsageLost(u64),
}
