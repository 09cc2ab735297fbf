//! Start and graceful stop.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use app::request::Site;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;
use vault::clock::SystemClock;
use vault::demo::{self, Filled};
use vault::{Options, Vault};

use crate::config::{Config, SignUp};
use crate::front::Front;
use crate::listen::Limits;
use crate::state::AppState;
use crate::{listen, metrics};

/// How long the last flush of usage is tried.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// A sentence that says what stands in the way of starting.
pub async fn run(config: &Config) -> Result<(), String> {
    let site_root = config.resolved_site_root()?;
    // Bound before the database is touched: a port in use must leave everything as it was.
    let listener = TcpListener::bind(config.place.listen)
        .await
        .map_err(|error| {
            format!(
                "KEYHOLD_LISTEN: cannot listen on {}: {error}",
                config.place.listen
            )
        })?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    let metrics_listener = match config.metrics_listen.0 {
        Some(address) => Some(metrics::bind(address).await?),
        None => None,
    };
    let base_url = config.resolved_base_url(bound)?;
    let transport = config.mail.transport(&base_url)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;

    let vault = Vault::open(
        &options(config, &base_url),
        Arc::new(SystemClock::default()),
    )
    .await
    .map_err(|error| error.to_string())?;
    if config.demo {
        announce_demo(&vault, &base_url).await?;
    }
    let site = Site {
        base_url: base_url.clone(),
        sign_up_open: config.sign_up == SignUp::Open,
    };
    let state = AppState::new(
        vault.clone(),
        site,
        site_root,
        config.trusted_proxies.0.clone(),
    );
    if let Some(listener) = &metrics_listener
        && let Ok(address) = listener.local_addr()
    {
        tracing::info!("metrics at http://{address}/metrics");
    }
    tracing::info!(
        keys = vault.key_count(),
        "listening on http://{bound}, reached at {base_url}"
    );
    tracing::info!("mails leave by {transport}");
    let postman = vault.start_postman(transport);
    if base_url.starts_with("https://") && config.trusted_proxies.0.is_empty() {
        tracing::warn!(
            "KEYHOLD_TRUSTED_PROXIES is not set: everybody behind the proxy counts as one network, and too many \
             failed sign-ins of one slow down all"
        );
    }
    if base_url.starts_with("http://") && !bound.ip().is_loopback() {
        tracing::warn!(
            "listening on {bound} without TLS: whoever can read that network can read sessions"
        );
    }
    let flusher = vault.start_flushing();
    let upkeep = vault.start_upkeep(config.keep());
    let (stop, stopping) = watch::channel(());
    let stopped = || {
        let mut stopping = stopping.clone();
        async move {
            // An error is a sender that is gone: that is a stop too.
            let _ = stopping.changed().await;
        }
    };
    let router = metrics::router(state.clone());
    let metrics = async {
        if let Some(listener) = metrics_listener {
            listen::serve(listener, router.into(), metrics::CONNECTIONS, stopped()).await;
        }
    };
    let front = Front::new(state);
    let limits = Limits {
        per_address: config.connections_per_address.map(NonZeroUsize::get),
        trusted: config.trusted_proxies.0.clone(),
        ..listen::connections().into()
    };
    // Requests and mails under way come to their ends side by side.
    tokio::join!(
        async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
            let _ = stop.send(());
        },
        listen::serve(listener, front, limits, stopped()),
        metrics,
        async {
            vault.watch_clock(stopped()).await;
            postman.stop().await;
        }
    );
    let last = flusher.stop(Instant::now() + LAST_FLUSH).await;
    upkeep.stop().await;
    vault.close_by(Instant::now() + CLOSING).await;
    last.map_err(|lost| {
        format!("the database did not take the usage: {lost} calls that were counted are lost")
    })
}

fn options(config: &Config, base_url: &str) -> Options {
    Options {
        database_url: config.files.database_url.clone(),
        pepper_file: config.files.pepper_file.clone(),
        base_url: base_url.to_owned(),
        limits: config.limits.settings(),
    }
}

async fn announce_demo(vault: &Vault, base_url: &str) -> Result<(), String> {
    match vault
        .fill_for_demo()
        .await
        .map_err(|error| error.to_string())?
    {
        Filled::Not => {
            tracing::warn!("--demo: the database has accounts of its own and was left as it is");
            return Ok(());
        }
        Filled::Now => tracing::info!("--demo: the empty database was filled"),
        Filled::Before => {}
    }
    tracing::info!(
        "--demo, on this machine only: sign in at {base_url}/sign-in as {} with the password \"{}\"",
        demo::EMAIL,
        demo::PASSWORD
    );
    Ok(())
}
