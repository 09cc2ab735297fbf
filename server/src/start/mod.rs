//! The start and the graceful stop of the server.

mod error;
mod sides;
mod signals;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use app::brand::Brand;
use app::site::Site;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use vault::clock::SystemClock;
use vault::demo::{self, Filled};
use vault::operators::first_token::FirstToken;
use vault::readiness::Cause;
use vault::zones::Edition;
use vault::{Options, Vault};

use crate::config::{Config, SignUp};
use crate::net::listener;
use crate::serve::accept::{self, Limits};
use crate::serve::service::HttpService;
use crate::serve::verify_runtime::VerifyRuntime;
use crate::state::AppState;
pub use error::ServeError;
use sides::Sides;
use signals::Signals;

/// The time from the signal by which requests and mails in flight have ended, usage is written, and the database is
/// closed. With a second each for the runtime and the log that makes ten seconds, after which container supervisors
/// kill.
const DRAINED: Duration = Duration::from_millis(6_200);
const FLUSHED: Duration = Duration::from_millis(7_200);
const CLOSED: Duration = Duration::from_millis(7_900);

/// Serves until a signal to stop arrives.
///
/// # Errors
/// The reason why the server cannot start, or the losses at the stop.
#[expect(clippy::disallowed_methods, reason = "a stop has a deadline")]
pub async fn run(config: &Config) -> Result<(), ServeError> {
    let site_root = config.resolved_site_root()?;
    config.listeners_apart()?;
    let brand = config.brand.pages(&config.links)?;
    // Bound before the database is touched: a port in use must leave everything unchanged.
    let address = config.http.listen;
    let listener =
        listener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    let bound = listener.local_addr().map_err(ServeError::LocalAddress)?;
    let mut sides = Sides::bind(config)?;
    let base_url = config.resolved_base_url(bound)?;
    let name = &config.brand.name.name;
    let transport = config.mail.transport(name, &base_url)?;
    let mut signals = Signals::catch().map_err(ServeError::Signals)?;

    let verify_runtime = VerifyRuntime::start().map_err(ServeError::VerifyRuntime)?;
    // From here on requests are answered, at first with the sentence that Keyhold is starting.
    let (stop, stopping) = watch::channel(());
    let stopped = || {
        let mut stopping = stopping.clone();
        async move {
            // An error means that the sender is gone, which is a stop too.
            let _ = stopping.changed().await;
        }
    };
    let service = HttpService::starting();
    let limits = Limits {
        verifying: verify_runtime.handle(),
        per_address: config.connections_per_address.map(NonZeroUsize::get),
        trusted: config.trusted_proxies.0.clone(),
        ..listener::connections().into()
    };
    let mut serving = JoinSet::new();
    serving.spawn(accept::serve(listener, service.clone(), limits, stopped()));
    sides.serve(&mut serving, stopped);

    let vault = tokio::select! {
        opened = open(config, &base_url, bound) => opened?,
        signal = signals.next() => {
            tracing::info!("{signal} received before the start was complete");
            return Ok(());
        }
    };
    vault.set_notice_wait(Duration::from_secs(config.notice_wait));
    let state = AppState::new(
        vault.clone(),
        site(config, &base_url, brand),
        site_root,
        config.trusted_proxies.0.clone(),
    );
    sides.open(&state);
    service.open(state);
    announce(vault.key_count(), bound, &base_url);
    tracing::info!("emails go to {transport}");
    for warning in config.warnings(&base_url, bound) {
        tracing::warn!("{warning}");
    }
    let mailer = vault.start_mailer(transport);
    let flusher = vault.start_flushing();
    let upkeep = vault.start_upkeep(config.keep());
    let (clock_of, stop_of_clock) = (vault.clone(), stopped());
    serving.spawn(async move { clock_of.watch_clock(stop_of_clock).await });

    let signal = signals.next().await;
    let signalled = Instant::now();
    tracing::info!("{signal}: stopping");
    vault
        .readiness()
        .fail(Cause::Stopping, format!("{signal} was received"));
    let _ = stop.send(());
    // Requests and mails in flight end side by side.
    let drained = async {
        tokio::join!(mailer.stop(), async {
            while serving.join_next().await.is_some() {}
        });
    };
    if timeout_at(signalled + DRAINED, drained).await.is_err() {
        tracing::warn!("some requests or emails did not finish in time and were cut off");
    }
    // Until here this node followed the changes of the others, and they did not wait for it.
    let (usage, _, ()) = tokio::join!(
        flusher.stop(signalled + FLUSHED),
        timeout_at(signalled + FLUSHED, upkeep.stop()),
        vault.leave(signalled + FLUSHED)
    );
    vault.close_by(signalled + CLOSED).await;
    usage.map_err(ServeError::UsageLost)
}

fn site(config: &Config, base_url: &str, brand: Brand) -> Site {
    // Empty settings count as absent.
    let given = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
    Site {
        base_url: base_url.to_owned(),
        sign_up_open: config.sign_up == SignUp::Open,
        api_url: given(&config.links.api_url),
        docs_url: given(&config.links.docs_url),
        sign_in: config.company.sign_in(),
        return_hosts: config.company.return_hosts.clone(),
        brand,
        admin_apart: config.admin_listen.0.is_some(),
    }
}

/// Opens the vault, and fills it for a demonstration.
async fn open(config: &Config, base_url: &str, bound: SocketAddr) -> Result<Vault, ServeError> {
    let options = options(config, base_url, bound);
    let vault = Vault::open(&options, Arc::new(SystemClock::default())).await?;
    if config.demo {
        announce_demo(&vault, base_url).await?;
    }
    let path = config.token.resolved(&config.files.pepper_file);
    let made = vault.ensure_first_token(&path).await?;
    let made = made.map_err(|source| ServeError::OperatorToken {
        path: path.clone(),
        source,
    })?;
    match made {
        FirstToken::Made => tracing::info!("an operator's token is in {}", path.display()),
        FirstToken::Adopted => {
            tracing::info!("the operator's token in {} is good now", path.display());
        }
        FirstToken::Unneeded => {}
    }
    Ok(vault)
}

/// Logs the addresses and the edition of the time zones. Tests and scripts wait for this line.
fn announce(keys: usize, bound: SocketAddr, base_url: &str) {
    tracing::info!(keys, "listening on http://{bound}, reached at {base_url}");
    tracing::info!("{}", Edition::in_use());
}

fn options(config: &Config, base_url: &str, bound: SocketAddr) -> Options {
    Options {
        database_url: config.files.database.database_url.clone(),
        pepper_file: config.files.pepper_file.clone(),
        base_url: base_url.to_owned(),
        brand: config.brand.elsewhere(),
        support_url: config
            .links
            .support_url
            .clone()
            .filter(|url| !url.is_empty()),
        operator_email: config
            .token
            .operator_email
            .clone()
            .filter(|email| !email.is_empty()),
        limits: config.limits.settings(),
        lease_seconds: config.lease,
        node_address: node_address(bound),
    }
}

/// Returns the address of this node for the list of nodes. One that listens on all addresses goes by the machine's name.
fn node_address(bound: SocketAddr) -> String {
    if !bound.ip().is_unspecified() {
        return bound.to_string();
    }
    let name = rustix::system::uname();
    format!("{}:{}", name.nodename().to_string_lossy(), bound.port())
}

async fn announce_demo(vault: &Vault, base_url: &str) -> Result<(), vault::Error> {
    match vault.fill_for_demo().await? {
        Filled::Not => {
            tracing::warn!("--demo: the database already has accounts and was left unchanged");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_listed_where_it_can_be_found() {
        let local = SocketAddr::from(([10, 0, 0, 21], 3000));
        assert_eq!(node_address(local), "10.0.0.21:3000");
        for everywhere in [
            SocketAddr::from(([0, 0, 0, 0], 3000)),
            SocketAddr::from(([0; 16], 3000)),
        ] {
            let listed = node_address(everywhere);
            assert!(listed.ends_with(":3000"), "{listed}");
            assert!(listed.parse::<SocketAddr>().is_err(), "{listed}");
        }
    }
}
