//! The metrics, as Prometheus text on a listener of their own: decisions, the directory, the flush of usage, the
//! outbox. Numbers only: no key, account, address or name.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use prometheus::{Encoder, TextEncoder};
use tokio::time::timeout;
use vault::Vault;
use vault::readiness::Cause;
use vault::verify::Decisions;

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
    let mut text = Vec::new();
    match TextEncoder::new().encode(&families(&state.vault).await, &mut text) {
        Ok(()) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn families(vault: &Vault) -> Vec<MetricFamily> {
    let decisions = vault.decisions();
    let mut families = vec![
        family(
            "keyhold_decisions_total",
            "Decisions on credentials by outcome: good, or the code of the rejection.",
            MetricType::COUNTER,
            decisions
                .by_code
                .iter()
                .map(|(code, count)| labelled("code", code, *count))
                .collect(),
        ),
        family(
            "keyhold_decision_duration_seconds",
            "How long a decision took, from the headers to the verdict and the key's identity.",
            MetricType::HISTOGRAM,
            vec![histogram(&decisions)],
        ),
        gauge(
            "keyhold_directory_keys",
            "Keys in memory, good and expired.",
            count(vault.key_count()),
        ),
        gauge(
            "keyhold_clock_ahead_seconds",
            "How far Keyhold's clock is ahead of the machine's: above 0, time stands still.",
            vault.clock_ahead().as_secs_f64(),
        ),
        gauge(
            "keyhold_usage_flush_lag_seconds",
            "How long the oldest counted call waits to be written.",
            vault.flush_lag().as_secs_f64(),
        ),
        family(
            "keyhold_usage_flush_failures_total",
            "How often writing the usage failed.",
            MetricType::COUNTER,
            vec![counter(vault.flush_failures())],
        ),
    ];
    families.push(family(
        "keyhold_limited_total",
        "Requests that a limit rejected, by limit.",
        MetricType::COUNTER,
        vault
            .limited()
            .iter()
            .map(|(limit, count)| labelled("limit", limit.slug(), *count))
            .collect(),
    ));
    families.push(family(
        "keyhold_write_failures_total",
        "How often the database rejected a change.",
        MetricType::COUNTER,
        vec![counter(vault.write_failures())],
    ));
    families.push(gauge(
        "keyhold_wal_bytes",
        "Size of the database's write-ahead log.",
        bytes(vault.log_bytes()),
    ));
    families.push(family(
        "keyhold_log_lines_dropped_total",
        "Log lines that were lost because standard error could not be written or was not read.",
        MetricType::COUNTER,
        vec![counter(log::dropped())],
    ));
    families.push(family(
        "keyhold_log_lines_left_out_total",
        "Log lines that were left out because there were many of their kind.",
        MetricType::COUNTER,
        vec![counter(log::left_out())],
    ));
    families.push(family(
        "keyhold_fault",
        "1 for each cause that has a fault now, else 0.",
        MetricType::GAUGE,
        Cause::ALL.map(|cause| fault(vault, cause)).into(),
    ));
    // Without the database the other metrics are still worth reading.
    match timeout(OUTBOX, vault.outbox_depth()).await {
        Ok(Ok(depth)) => families.push(gauge(
            "keyhold_outbox_mails",
            "Emails that wait to be sent or retried.",
            count(depth),
        )),
        Ok(Err(error)) => tracing::warn!(%error, "the outbox cannot be counted"),
        Err(_) => tracing::warn!("the outbox could not be counted in time"),
    }
    families
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows one kind of number"
)]
fn bytes(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows one kind of number"
)]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows one kind of number"
)]
fn counter(number: u64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(number as f64);
    let mut metric = Metric::default();
    metric.set_counter(counter);
    metric
}

fn labelled(name: &str, value: &str, number: u64) -> Metric {
    let mut label = LabelPair::default();
    label.set_name(name.to_owned());
    label.set_value(value.to_owned());
    let mut metric = counter(number);
    metric.set_label(vec![label]);
    metric
}

fn fault(vault: &Vault, cause: Cause) -> Metric {
    let mut label = LabelPair::default();
    label.set_name("cause".to_owned());
    label.set_value(cause.slug().to_owned());
    let mut gauge = Gauge::default();
    gauge.set_value(f64::from(u8::from(
        vault.readiness().fault(cause).is_some(),
    )));
    let mut metric = Metric::default();
    metric.set_gauge(gauge);
    metric.set_label(vec![label]);
    metric
}

fn histogram(decisions: &Decisions) -> Metric {
    let buckets = decisions.at_most.iter().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(*count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(decisions.count);
    histogram.set_sample_sum(decisions.seconds);
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    metric
}

fn gauge(name: &str, help: &str, value: f64) -> MetricFamily {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::default();
    metric.set_gauge(gauge);
    family(name, help, MetricType::GAUGE, vec![metric])
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}
