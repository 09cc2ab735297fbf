//! The listeners beside the main one: for the metrics, and for the management API where it is not served with everything
//! else.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::error::ServeError;
use crate::config::Config;
use crate::net::listener;
use crate::routes::{admin, metrics};
use crate::serve::accept;
use crate::serve::service::HttpService;
use crate::state::AppState;

/// The listeners that the configuration asks for.
pub struct Sides {
    metrics: Option<Side>,
    admin: Option<Side>,
}

struct Side {
    /// Until it serves.
    listener: Option<TcpListener>,
    bound: SocketAddr,
    service: HttpService,
    connections: usize,
}

impl Sides {
    /// Takes their addresses.
    ///
    /// # Errors
    /// [`ServeError::MetricsListen`], [`ServeError::AdminListen`].
    pub fn bind(config: &Config) -> Result<Self, ServeError> {
        let metrics = Side::bind(config.metrics_listen.0, metrics::CONNECTIONS);
        let admin = Side::bind(config.admin_listen.0, admin::CONNECTIONS);
        Ok(Self {
            metrics: metrics
                .map_err(|(address, source)| ServeError::MetricsListen { address, source })?,
            admin: admin
                .map_err(|(address, source)| ServeError::AdminListen { address, source })?,
        })
    }

    /// Begins to answer, at first that Keyhold is starting, until `stopped`.
    pub fn serve<S>(&mut self, serving: &mut JoinSet<()>, stopped: impl Fn() -> S)
    where
        S: Future<Output = ()> + Send + 'static,
    {
        for side in [&mut self.metrics, &mut self.admin].into_iter().flatten() {
            if let Some(listener) = side.listener.take() {
                let service = side.service.clone();
                serving.spawn(accept::serve(
                    listener,
                    service,
                    side.connections,
                    stopped(),
                ));
            }
        }
    }

    /// Answers with all that each has to serve from now on, and logs where.
    pub fn open(&self, state: &AppState) {
        if let Some(side) = &self.metrics {
            let address = side.open(metrics::router(state.clone()));
            tracing::info!("metrics at http://{address}/metrics");
        }
        if let Some(side) = &self.admin {
            let address = side.open(admin::alone(state.clone()));
            tracing::info!("the management API at http://{address}/admin/v1");
        }
    }
}

impl Side {
    fn bind(
        address: Option<SocketAddr>,
        connections: usize,
    ) -> Result<Option<Self>, (SocketAddr, io::Error)> {
        let Some(address) = address else {
            return Ok(None);
        };
        let bind = || {
            let listener = listener::bind(address)?;
            Ok(Self {
                bound: listener.local_addr()?,
                listener: Some(listener),
                service: HttpService::starting(),
                connections,
            })
        };
        bind().map(Some).map_err(|source| (address, source))
    }

    fn open(&self, router: Router) -> SocketAddr {
        self.service.open_router(router);
        self.bound
    }
}
