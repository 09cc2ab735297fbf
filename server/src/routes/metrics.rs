//! The metrics, as Prometheus text on a listener of their own: decisions, the directory, the flush of usage, the
//! outbox. Numbers only: no key, account, address or name.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram, Metric, MetricFamily, MetricType};
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, Opts, Registry, Result, TextEncoder};
use tokio::time::timeout;
use vault::readiness::Cause;
use vault::verify::Decisions;
use vault::{Standing, Vault};

use super::health::{healthz, readyz};
use crate::http::security_headers;
use crate::log;
use crate::state::AppState;

/// Connections at the same time.
pub const CONNECTIONS: usize = 16;
/// The longest wait for the outbox: less than Prometheus waits.
const OUTBOX: Duration = Duration::from_secs(1);

/// `/metrics`, and `/healthz` and `/readyz` for a supervisor that cannot reach the other listener.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .layer(from_fn_with_state(state.clone(), security_headers::protect))
        .with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Response {
    let outbox = outbox(&state.vault).await;
    let text = scrape(&state.vault, outbox)
        .and_then(|scrape| TextEncoder::new().encode_to_string(&scrape.0.gather()));
    match text {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Counts the mails in the outbox. Without the database the other metrics are still worth reading.
async fn outbox(vault: &Vault) -> Option<usize> {
    match timeout(OUTBOX, vault.outbox_depth()).await {
        Ok(Ok(depth)) => return Some(depth),
        Ok(Err(error)) => tracing::warn!(%error, "the outbox cannot be counted"),
        Err(_) => tracing::warn!("the outbox could not be counted in time"),
    }
    None
}

/// Reads all metrics. The registry rejects a name that is invalid or used twice, and sorts by name and label.
fn scrape(vault: &Vault, outbox: Option<usize>) -> Result<Scrape> {
    let scrape = Scrape::default();
    let decisions = vault.decisions();
    scrape.counters(
        "keyhold_decisions_total",
        "Decisions on credentials by outcome: good, or the code of the rejection.",
        "code",
        decisions.by_code.iter().copied(),
    )?;
    scrape
        .0
        .register(Box::new(DecisionDurations::new(decisions)?))?;
    scrape.gauge(
        "keyhold_directory_keys",
        "Keys in memory, good and expired.",
        float(vault.key_count()),
    )?;
    scrape.gauge(
        "keyhold_clock_ahead_seconds",
        "How far Keyhold's clock is ahead of the machine's: above 0, time stands still.",
        vault.clock_ahead().as_secs_f64(),
    )?;
    scrape.gauge(
        "keyhold_usage_flush_lag_seconds",
        "How long the oldest counted call waits to be written.",
        vault.flush_lag().as_secs_f64(),
    )?;
    scrape.counter(
        "keyhold_usage_flush_failures_total",
        "How often writing the usage failed.",
        vault.flush_failures(),
    )?;
    scrape.counters(
        "keyhold_limited_total",
        "Requests that a limit rejected, by limit.",
        "limit",
        vault
            .limited()
            .into_iter()
            .map(|(limit, count)| (limit.slug(), count)),
    )?;
    scrape.counter(
        "keyhold_write_failures_total",
        "How often the database rejected a change.",
        vault.write_failures(),
    )?;
    scrape.gauge(
        "keyhold_wal_bytes",
        "Size of the database's write-ahead log.",
        float(vault.log_bytes()),
    )?;
    if let Some(standing) = vault.standing() {
        scrape_node(&scrape, standing)?;
    }
    scrape.counter(
        "keyhold_log_lines_dropped_total",
        "Log lines that were lost because standard error could not be written or was not read.",
        log::dropped(),
    )?;
    scrape.counter(
        "keyhold_log_lines_left_out_total",
        "Log lines that were left out because there were many of their kind.",
        log::left_out(),
    )?;
    let faults = GaugeVec::new(
        Opts::new(
            "keyhold_fault",
            "1 for each cause that has a fault now, else 0.",
        ),
        &["cause"],
    )?;
    let present = vault.faults();
    for cause in Cause::ALL {
        let fault = present.iter().any(|(present, _)| *present == cause);
        faults
            .get_metric_with_label_values(&[cause.slug()])?
            .set(f64::from(u8::from(fault)));
    }
    scrape.0.register(Box::new(faults))?;
    if let Some(depth) = outbox {
        scrape.gauge(
            "keyhold_outbox_mails",
            "Emails that wait to be sent or retried.",
            float(depth),
        )?;
    }
    Ok(scrape)
}

/// Reads the metrics of a node among several.
fn scrape_node(scrape: &Scrape, standing: Standing) -> Result<()> {
    scrape.gauge(
        "keyhold_lease_seconds",
        "For how long this node verifies without following the changes of the others.",
        standing.lease.as_secs_f64(),
    )?;
    scrape.gauge(
        "keyhold_nodes",
        "Nodes on the database, this one included.",
        float(standing.nodes),
    )?;
    scrape.gauge(
        "keyhold_changes_waiting",
        "Changes of this node that other nodes do not have yet.",
        float(standing.waiting),
    )?;
    scrape.gauge(
        "keyhold_database_skew_seconds",
        "How far the machine's clock is ahead of the database's.",
        standing.skew_seconds,
    )
}

/// The metrics of one scrape. A registry that lived longer could not take counts that were counted elsewhere: the crate's
/// counters only add.
#[derive(Default)]
struct Scrape(Registry);

impl Scrape {
    fn gauge(&self, name: &str, help: &str, value: f64) -> Result<()> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        self.0.register(Box::new(gauge))
    }

    fn counter(&self, name: &str, help: &str, value: u64) -> Result<()> {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        self.0.register(Box::new(counter))
    }

    fn counters<'a>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Result<()> {
        let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
        for (value, count) in values {
            counters
                .get_metric_with_label_values(&[value])?
                .inc_by(count);
        }
        self.0.register(Box::new(counters))
    }
}

/// The histogram of decisions. The crate's own only observes single values, and the vault has counted these.
struct DecisionDurations {
    desc: Desc,
    decisions: Decisions,
}

impl DecisionDurations {
    fn new(decisions: Decisions) -> Result<Self> {
        let desc = Desc::new(
            "keyhold_decision_duration_seconds".to_owned(),
            "How long a decision took, from the headers to the verdict and the key's identity."
                .to_owned(),
            Vec::new(),
            HashMap::new(),
        )?;
        Ok(Self { desc, decisions })
    }
}

impl Collector for DecisionDurations {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let buckets = self.decisions.at_most.iter().map(|(bound, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(*count);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(self.decisions.count);
        histogram.set_sample_sum(self.decisions.seconds);
        let mut metric = Metric::default();
        metric.set_histogram(histogram);
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows one kind of number"
)]
fn float(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or(u64::MAX) as f64
}

#[cfg(test)]
mod tests;
